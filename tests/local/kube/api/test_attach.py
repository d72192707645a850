"""Attach, frame by frame, as recorded in ``tests/recordings/kubernetes/streams``."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.local.kube.api.conftest import PODS, Api
from tests.local.kube.api.standin import StandInAttachment, StandInContainer
from tests.local.kube.recordings import recorded_lines

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
TERMINAL = "stdin=true&stdout=true&tty=true"


class Client:
    """A WebSocket and, beside it, what the container sees of it."""

    def __init__(self, socket: ClientWebSocketResponse, container: StandInContainer, seen: StandInAttachment) -> None:
        self.socket = socket
        self.container = container
        self.seen = seen

    async def send(self, channel: int, data: bytes | str) -> None:
        await self.socket.send_bytes(bytes((channel,)) + (data.encode() if isinstance(data, str) else data))

    async def receive(self) -> tuple[int, bytes] | int:
        """(channel, data), or the code of the close frame."""
        async with asyncio.timeout(20):
            message = await self.socket.receive()
        if message.type is WSMsgType.BINARY:
            return message.data[0], message.data[1:]
        assert message.type is WSMsgType.CLOSE, message
        code: int = message.data
        return code


@pytest.fixture
def attached(api: Api):
    """Attaches to container ``weaver`` of pod ``one``; the recorded first frame, empty, was read."""

    async def attach(query: str = TERMINAL, *, tty: bool = True, stdin: bool = True, protocol: str = V5) -> Client:
        key = ("one", "weaver")
        if key not in api.node.containers:
            api.store("one", "running-ready")
            api.node.containers[key] = StandInContainer(tty=tty, stdin=stdin)
        container = api.node.containers[key]
        path = f"{PODS}/one/attach?container=weaver&{query}"
        socket = await api.http.ws_connect(path, protocols=(protocol,), autoclose=False)
        client = Client(socket, container, await container.next_attached())
        assert socket.protocol == protocol
        assert await client.receive() == (1 if "stdout" in query else 2, b"")
        return client

    return attach


async def test_a_session(attached):
    client = await attached()
    await client.send(0, "echo hi\r")
    assert await client.receive() == (1, b"echo hi\r")
    await client.send(4, '{"Width": 100, "Height": 30}')
    assert await client.receive() == (1, b"30 100")
    assert client.seen.written == b"echo hi\r"
    await client.container.end()
    recording = recorded_lines("streams/v5-attach-tty-container-exits-4.ndjson")
    error = next(frame["data"] for frame in recording if frame.get("channel") == 3)
    assert await client.receive() == (3, error.encode())
    assert await client.receive() == 1000


async def test_two_attachers_see_the_same_and_one_leaves(attached):
    first, second = await attached(), await attached(protocol=V4)
    await first.send(0, "a")
    assert await first.receive() == await second.receive() == (1, b"a")
    await second.socket.close()
    async with asyncio.timeout(20):
        await second.seen.closed.wait()
    await first.send(0, "b")
    assert await first.receive() == (1, b"b")


async def test_a_client_that_vanishes_is_detached(attached):
    client = await attached()
    transport = client.socket.get_extra_info("socket")
    assert transport is not None
    client.socket._conn.transport.abort()
    async with asyncio.timeout(20):
        await client.seen.closed.wait()


async def test_stdout_and_stderr_apart_and_only_what_was_asked_for(attached):
    both = await attached("stdout=true&stderr=true", tty=False)
    errors = await attached("stderr=true")
    await both.container.output(b"out", 1)
    await both.container.output(b"err", 2)
    assert [await both.receive() for _ in range(2)] == [(1, b"out"), (2, b"err")]
    assert await errors.receive() == (2, b"err")


async def test_output_comes_in_frames_of_32_kib(attached):
    client = await attached()
    await client.container.output(b"x" * 70_000)
    frames = [await client.receive() for _ in range(3)]
    assert [len(data) for _, data in frames] == [32768, 32768, 4464]


async def test_without_tty_a_terminal_is_silent_and_deaf(attached):
    deaf = await attached("stdin=true&stdout=true")
    hearing = await attached()
    await deaf.send(0, "lost\r")
    await deaf.send(4, '{"Width": 1, "Height": 1}')
    await hearing.send(0, "heard\r")
    assert await hearing.receive() == (1, b"heard\r")
    await hearing.container.end()
    assert (await deaf.receive())[0] == 3
    assert (deaf.seen.written, deaf.seen.size) == (b"", None)


@pytest.mark.parametrize("query", ["stdout=true&tty=true", TERMINAL])
async def test_input_that_nobody_takes_is_ignored(attached, query: str):
    client = await attached(query, stdin="stdin" not in query)
    await client.send(0, "x")
    await client.container.output(b"still here")
    assert await client.receive() == (1, b"still here")
    assert client.seen.written == b""


async def test_odd_frames_are_ignored(attached):
    client = await attached()
    await client.socket.send_bytes(b"")
    await client.send(7, "unknown channel")
    await client.send(1, "to stdout?")
    await client.send(4, "")
    await client.send(4, '{"Width": 0, "Height": 0}')
    await client.send(0, "")
    await client.socket.send_str("\0text")
    assert await client.receive() == (1, b"text")
    assert client.seen.size is None


@pytest.mark.parametrize("bad", ["not json", '{"Width":70000,"Height":24}', '{"Width":"80","Height":"24"}', "[1]"])
async def test_a_resize_that_cannot_be_decoded(attached, bad: str):
    """It goes on; the next resize blocks the connection's input for good. Other connections are not touched."""
    client, other = await attached(), await attached()
    await client.send(4, bad)
    await client.send(0, "one")
    assert await client.receive() == await other.receive() == (1, b"one")
    await client.send(4, '{"width": 66, "HEIGHT": 33}')
    await client.send(0, "two")
    await other.send(4, '{"width": 66, "HEIGHT": 33}')
    assert await other.receive() == (1, b"33 66")
    await client.socket.close()
    async with asyncio.timeout(20):
        await client.seen.closed.wait()
    assert client.seen.written == b"one"
    assert client.seen.size is None


@pytest.mark.parametrize("payload", [b"", b"\0\0", b"\t"])
async def test_a_malformed_close_ends_the_connection(attached, payload: bytes):
    client = await attached()
    await client.send(255, payload)
    assert await client.receive() == 1000


async def test_closing_streams(attached):
    client = await attached("stdin=true&stdout=true", tty=False)
    await client.send(255, b"\1")
    await client.send(0, "more")
    assert await client.receive() == (1, b"more")
    await client.send(255, b"\0")
    assert await client.receive() == (1, b"stdin closed")
    await client.send(0, "dead")
    await client.container.output(b"out")
    assert await client.receive() == (1, b"out")
    assert client.seen.written == b"more"


async def test_a_terminal_has_no_end_of_file(attached):
    client = await attached()
    await client.send(255, b"\0")
    await client.send(0, "dead")
    await client.container.output(b"out")
    assert await client.receive() == (1, b"out")
    assert not client.seen.stdin_closed


async def test_v4_ignores_the_close_channel(attached):
    client = await attached(protocol=V4)
    await client.send(255, b"\0")
    await client.send(0, "x")
    assert await client.receive() == (1, b"x")


async def test_v5_wins_over_v4(api: Api):
    api.store("one", "running-ready")
    api.node.containers["one", "weaver"] = StandInContainer()
    async with api.http.ws_connect(f"{PODS}/one/attach?stdout=true", protocols=("x.y", V4, V5)) as socket:
        assert socket.protocol == V5


async def test_other_subprotocols(api: Api):
    api.store("one", "running-ready")
    api.node.containers["one", "weaver"] = StandInContainer()
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await api.http.ws_connect(f"{PODS}/one/attach?stdout=true", protocols=("loom.terminal.v2",))
    assert caught.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await api.http.ws_connect(f"{PODS}/one/attach?stdout=true")
    assert caught.value.status == 501


async def test_spdy_is_refused_by_name(api: Api):
    api.store("one", "running-ready")
    status, body = await api.call("POST", f"{PODS}/one/attach?stdout=true", Connection="Upgrade", Upgrade="SPDY/3.1")
    assert (status, json.dumps(body).count("SPDY")) == (501, 1)
