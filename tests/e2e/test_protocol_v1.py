"""Terminal protocol v1 with a plain WebSocket client that knows only what the original page says: a URL, a bearer token,
text frames both ways, and the resize object."""

import json
import re

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.e2e.conftest import Edition
from tests.loom.pseudo_terminal import DEADLINE

pytestmark = pytest.mark.xdist_group("e2e")


def received(socket: ClientConnection, pattern: str) -> str:
    """Text until ``pattern`` is in it; every frame is text."""
    text = ""
    while not re.search(pattern, text):
        frame = socket.recv(timeout=DEADLINE)
        assert isinstance(frame, str)
        text += frame
    return text


def test_the_original_protocol(edition: Edition, weaver):
    made = weaver()
    url = f"{edition.relay_url.replace('http', 'ws', 1)}/api/weaver/{made['id']}/attach"
    with connect(url, additional_headers={"Authorization": f"Bearer {edition.login['token']}"}) as socket:
        if edition.main:  # nobody but `loom session` can draw again a prompt that was there before the first attach
            socket.send("\n")
        received(socket, r"[$#] ")
        socket.send(json.dumps({"type": "resize", "rows": 24, "cols": 81}))
        socket.send("until [ \"$(stty size)\" = '24 81' ]; do sleep 0.05; done; stty size\n")
        received(socket, r"[\r\n]24 81\r\n")
        socket.send("echo grüße-$((6*7))-✓\n")
        received(socket, r"[\r\n]grüße-42-✓\r\n")
        socket.send('{"type":"resize"}\n')  # not exactly a resize: it is typed
        received(socket, r"type:resize|command not found|type")


def test_a_wrong_token_is_refused_before_the_upgrade(edition: Edition, weaver):
    made = weaver()
    url = f"{edition.relay_url.replace('http', 'ws', 1)}/api/weaver/{made['id']}/attach"
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers={"Authorization": "Bearer wrong"}):
        pass
    assert refused.value.response.status_code == 401
