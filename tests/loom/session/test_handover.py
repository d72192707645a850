"""What a relay that takes over is told, by a real session on a real terminal."""

import re
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from loom.session.handover import mark_sequence
from loom.wire import parse_snapshot, tagged
from tests.loom.conftest import LOOM
from tests.loom.session.conftest import PROMPT, StartSession

_SIZES = re.compile(rb"\x1b_loom\.dev;size;\d+;\d+\x1b\\")


def snapshot(env: dict[str, str]) -> tuple[str, bytes]:
    """Its mark, and what it says the terminal was shown."""
    done = subprocess.run([*LOOM, "session", "--snapshot"], env=env, capture_output=True, timeout=30, check=True)
    head, _, body = done.stdout.partition(b"\n")
    mark, length = head.decode().split()
    assert len(body) == int(length)
    return mark, body


def positions(env: dict[str, str]) -> Mapping[str, int]:
    """How much of each input came."""
    done = subprocess.run([*LOOM, "session", "--snapshot"], env=env, capture_output=True, timeout=30, check=True)
    return parse_snapshot(done.stdout).positions


def test_the_snapshot_ends_exactly_where_its_mark_stands(session: StartSession, pod_env: dict[str, str]) -> None:
    terminal = session("--", "sh", "-c", "i=0; while true; do i=$((i+1)); echo number $i; done")
    seen = terminal.expect("number 2\r\n") + "number 2\r\n"
    for _ in range(3):
        mark, shown = snapshot(pod_env)
        seen += terminal.expect(mark_sequence(mark).decode())
        told = _SIZES.sub(b"", shown).decode()
        assert told == seen[-len(told) :]
        assert len(told) == len(seen) or len(told) > 900_000


def test_sizes_and_everything_from_the_beginning(session: StartSession, pod_env: dict[str, str]) -> None:
    terminal = session()
    banner = terminal.expect(PROMPT)
    terminal.resize(30, 90)
    terminal.type(b"stty size\r")
    terminal.expect("30 90\r\n")
    terminal.expect(PROMPT)
    _, shown = snapshot(pod_env)
    assert shown.startswith(b"\x1b_loom.dev;size;24;80\x1b\\" + banner.encode())
    assert shown.index(b"\x1b_loom.dev;size;30;90\x1b\\") < shown.index(b"30 90\r\n")


def test_tagged_input_arrives_once_and_it_is_told_how_much(session: StartSession, pod_env: dict[str, str]) -> None:
    terminal = session()
    terminal.expect(PROMPT)
    assert positions(pod_env) == {}
    one, other = "0123456789abcdef", "f" * 16
    terminal.type(tagged(one, 0, b"echo ") + tagged(other, 100, b"do''ne"))
    twice_and_by_somebody_else_and_twice_in_part = tagged(one, 0, b"echo ") + b"-" + tagged(one, 3, b"o +\r")
    terminal.type(twice_and_by_somebody_else_and_twice_in_part)
    terminal.expect("done-+\r\n")
    assert positions(pod_env) == {one: 7, other: 106}


def test_a_drawing_of_which_the_beginning_was_forgotten_is_told(session: StartSession, pod_env: dict[str, str]) -> None:
    draw = "printf '\\033[?1049h'; yes drawing | head -c 1000000; echo; echo drawn; exec sleep 1000"
    terminal = session("--", "sh", "-c", draw)
    terminal.expect("drawn")
    _, shown = snapshot(pod_env)
    assert shown.startswith(b"\x1b_loom.dev;incomplete\x1b\\")
    assert b"\x1b[?1049h" in shown


def test_who_connects_and_does_not_read_stops_nothing(
    session: StartSession, pod_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = session("--", "sh", "-c", "yes words | head -c 2000000; echo flooded; exec cat")
    terminal.expect("flooded")
    [address] = Path(pod_env["TMPDIR"]).glob(".loom-session-*")
    assert address.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as idle:
        monkeypatch.chdir(address.parent)  # addresses have 108 bytes, this path may have more
        idle.connect(address.name)
        terminal.type(b"still here\r")
        terminal.expect("still here\r\nstill here\r\n")


def test_where_no_session_runs_there_is_none(pod_env: dict[str, str]) -> None:
    done = subprocess.run([*LOOM, "session", "--snapshot"], env=pod_env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("loom session: no snapshot (")


@pytest.mark.parametrize("tmp", ["/nonexistent", "/proc"])
def test_without_a_place_for_the_door_the_shell_runs_all_the_same(
    session: StartSession, pod_env: dict[str, str], tmp: str
) -> None:
    terminal = session(env={**pod_env, "TMPDIR": tmp})
    terminal.expect(PROMPT)
