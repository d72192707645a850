"""Logs: from the CRI file to the body, as recorded in ``tests/recordings/kubernetes/logs``."""

import asyncio
import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from local.kube.objects import utc_now
from tests.local.kube.api.conftest import PODS, Api
from tests.local.kube.recordings import recorded

LOG = f"{PODS}/one/log"
PIECE = 16 * 1024


def stamps(count: int) -> list[str]:
    return [f"2026-11-22T11:38:40.{number:09}Z" for number in range(count)]


def cri(*pieces: str) -> bytes:
    """A log file; a piece that does not end in LF goes on in the next one."""
    lines = []
    for stamp, piece in zip(stamps(len(pieces)), pieces, strict=True):
        tag = "F" if piece.endswith("\n") else "P"
        lines.append(f"{stamp} stdout {tag} {piece.rstrip(chr(10))}\n")
    return "".join(lines).encode()


@dataclass
class LogFile:
    path: Path

    def write(self, data: bytes) -> None:
        """All that is in the file."""
        self.path.write_bytes(data)

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def rotate(self) -> None:
        self.path.rename(self.path.with_suffix(".1"))


@pytest.fixture
def log(api: Api, tmp_path: Path) -> LogFile:
    """The log of container ``weaver`` of pod ``one``, which is running."""
    api.store("one", "running-ready")
    path = api.node.logs["one", "weaver"] = tmp_path / "0.log"
    return LogFile(path)


async def read(api: Api, query: str = "") -> bytes:
    async with api.http.get(f"{LOG}?{query}") as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
        return await answer.read()


PLAIN = "out 1\nerr 1\nout 2\nerr 2\nerr 3\nout 3\nerr 4\nout 4\nout 5\nerr 5\n"


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("plain", ""),
        ("tail-lines-0", "tailLines=0"),
        ("tail-lines-3", "tailLines=3"),
        ("limit-bytes-10", "limitBytes=10"),
        ("since-seconds-1", "sinceSeconds=1"),
        ("since-seconds-3600", "sinceSeconds=99999999&tailLines=2"),
        ("since-time-future", "sinceTime=2037-01-01T00:00:00Z"),
    ],
)
async def test_what_is_shown(api: Api, log: LogFile, name: str, query: str):
    log.write(cri(*PLAIN.splitlines(keepends=True)))
    assert (await read(api, query)).decode() == recorded(f"logs/{name}.json")["body_text"]


async def test_timestamps(api: Api, log: LogFile):
    lines = PLAIN.splitlines()
    log.write(cri(*(f"{line}\n" for line in lines)))
    shown = (await read(api, "timestamps=true")).decode().splitlines()
    assert shown == [f"{stamp} {line}" for stamp, line in zip(stamps(len(lines)), lines, strict=True)]
    recording = base64.b64decode(recorded("logs/plain-timestamps.json")["body_base64"]).decode()
    form = r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z "
    assert re.sub(form, "", recording) == PLAIN
    assert re.sub(form, "", "\n".join(shown)) == PLAIN.rstrip()


async def test_pieces_of_long_lines(api: Api, log: LogFile):
    """A piece counts as a line for tailLines; a stamp stands only before the first one."""
    pieces = ("x" * PIECE, "x" * PIECE, "x" * 7232 + "\n", "after\n")
    log.write(cri(*pieces))
    for tail in (1, 2, 4):
        assert (await read(api, f"tailLines={tail}")).decode() == "".join(pieces[-tail:])
    stamped = (await read(api, "timestamps=true")).decode()
    assert stamped == f"{stamps(1)[0]} {'x' * 40_000}\n{stamps(4)[3]} after\n"[: len(stamped)]
    assert len(stamped) == 40_000 + 1 + 6 + 2 * 31
    assert len(await read(api, "limitBytes=20000")) == 20_000


async def test_a_tail_longer_than_a_block(api: Api, log: LogFile):
    lines = [f"{number:05} {'y' * 100}\n" for number in range(5000)]
    log.write(cri(*lines))
    for tail in (1, 999, 4999, 5000, 9999):
        assert (await read(api, f"tailLines={tail}")).decode() == "".join(lines[-tail:])


async def test_bytes_that_are_no_text(api: Api, log: LogFile):
    body = base64.b64decode(recorded("logs/binary.json")["body_base64"])
    log.write(b"".join(b"2026-11-22T11:38:40.000000000Z stdout F " + line for line in body.splitlines(keepends=True)))
    assert await read(api) == body


async def test_since_a_moment(api: Api, log: LogFile):
    now = utc_now()
    times = [now - timedelta(seconds=age) for age in (100, 10)]
    log.write("".join(f"{time:%Y-%m-%dT%H:%M:%S.%f}000Z stdout F {time:%S}\n" for time in times).encode())
    assert (await read(api, "sinceSeconds=50")).decode() == f"{times[1]:%S}\n"


async def test_following_until_the_container_is_over(api: Api, log: LogFile):
    log.write(cri("tick 1\n"))
    async with api.http.get(f"{LOG}?follow=true") as answer, asyncio.timeout(20):
        assert await answer.content.readline() == b"tick 1\n"
        log.append(b"2026-11-22T11:38:41.000000000Z stdout F ti")
        log.append(b"ck 2\n")
        assert await answer.content.readline() == b"tick 2\n"
        log.append(b"2026-11-22T11:38:42.000000000Z stdout F last\n")
        api.node.ended["one", "weaver"].set()
        assert await answer.content.read() == b"last\n"


async def test_following_over_a_rotation(api: Api, log: LogFile):
    log.write(cri("old\n"))
    async with api.http.get(f"{LOG}?follow=true") as answer, asyncio.timeout(20):
        assert await answer.content.readline() == b"old\n"
        log.rotate()
        log.write(cri("new\n"))
        assert await answer.content.readline() == b"new\n"
        api.node.ended["one", "weaver"].set()
        assert await answer.content.read() == b""


async def test_a_container_that_ended_without_a_log(api: Api):
    api.store("one", "start-error")
    assert await read(api) == b""


async def test_several_containers_need_a_name(api: Api):
    api.store("one", "running-ready")
    api.registry.update("pods", "loom-weavers", "one", lambda pod: pod["spec"]["containers"].append({"name": "b"}))
    status, body = await api.call("GET", LOG)
    assert status == 400
    assert "choose one of: [weaver b]" in body["message"]
