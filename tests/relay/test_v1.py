"""A client that knows only the original page: "Client sends stdin as text frames; server sends stdout/stderr as text
frames; resize events as JSON: {"type": "resize", "rows": 24, "cols": 80}". A plain WebSocket library, a bearer token, a name.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.relay.control_plane import USER_TOKEN
from tests.relay.setup import Setup


@pytest.fixture
async def client(setup: Setup) -> AsyncIterator[ClientConnection]:
    setup.control_plane.names["my-weaver"] = setup.weaver_id
    url = setup.relay.attach_url("my-weaver").replace("http:", "ws:")
    async with connect(url, additional_headers={"Authorization": f"Bearer {USER_TOKEN}"}) as client:
        yield client


async def text_until(client: ClientConnection, wanted: str) -> str:
    text = ""
    async with asyncio.timeout(25):
        while wanted not in text:
            frame = await client.recv()
            assert isinstance(frame, str)
            text += frame
    return text


async def test_typing_output_and_resize(setup: Setup, client: ClientConnection) -> None:
    await setup.running()
    stream = await setup.kubernetes.stream()
    await client.send(json.dumps({"type": "resize", "rows": 24, "cols": 80}))
    await stream.has_size(24, 80)
    await client.send("echo grüße\r")
    await stream.has_input("echo grüße\r".encode())
    await stream.send("grüß".encode()[:-1])
    await stream.send("grüß".encode()[-1:] + b"e\r\n$ ")
    assert "grüße\r\n$ " in await text_until(client, "$ ")


async def test_json_that_is_no_resize_is_typed(setup: Setup, client: ClientConnection) -> None:
    await setup.running()
    stream = await setup.kubernetes.stream()
    await client.send('{"type": "resize", "rows": 24, "cols": 80, "more": 1}')
    await stream.has_input(b'{"type": "resize", "rows": 24, "cols": 80, "more": 1}')
    await client.send('{"type": "resize", "rows": "x", "cols": 80}')
    await text_until(client, "loom: resize: ")
    await client.send("still here\r")
    await stream.has_input(b"still here\r")
    assert stream.sizes == []


async def test_waiting_is_told_in_lines(setup: Setup, client: ClientConnection) -> None:
    assert await text_until(client, "\r\n") == "loom: PodNotFound: waiting for the pod to be created\r\n"
    await setup.kubernetes.show("image-pull-back-off", setup.weaver_id)
    text = await text_until(client, "loom: ImagePullBackOff: ")
    assert text.startswith("loom: scheduled\r\n")


async def test_the_end_is_told_in_a_line(setup: Setup, client: ClientConnection) -> None:
    setup.kubernetes.logs["weaver"] = b"no such file\n"
    await setup.kubernetes.show("failed-exit-3", setup.weaver_id)
    text = await text_until(client, "the weaver ended with exit code 3\r\n")
    assert "no such file\r\n" in text
    assert text.endswith("\r\nloom: the weaver ended with exit code 3\r\n")
    with pytest.raises(ConnectionClosed) as closed:
        await client.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1000
