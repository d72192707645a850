"""Who gets in and who does not, and the other doors, through the real relay process."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from loom.wire import SUBPROTOCOL_V2
from tests.relay.control_plane import USER_TOKEN
from tests.relay.relay_process import Relay, Viewer, running_relay
from tests.relay.setup import Setup

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def refused(relay: Relay, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, code and message of the error that a WebSocket request is answered with."""
    async with relay.http.get(f"{relay.url}{path}", headers={**UPGRADE, **headers}) as response:
        error = (await response.json())["error"]
        assert error.keys() == {"code", "message", "details"}
        return response.status, error["code"], error["message"]


async def refused_ticket(setup: Setup, ticket: str, **headers: str) -> tuple[int, str, str]:
    return await refused(setup.relay, f"/api/weaver/{setup.weaver_id}/attach?ticket={ticket}", **headers)


async def test_without_credentials(setup: Setup) -> None:
    assert (await refused(setup.relay, "/api/weaver/x/attach"))[:2] == (401, "unauthorized")


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"exp": int(time.time()) - 60}, 401, "expired"),
        ({"aud": "somebody-else"}, 401, "not valid"),
        ({"weaver_id": "another"}, 403, "another weaver"),
        ({"action": "exec"}, 403, "not for attach"),
        ({"role": "admin"}, 401, "not valid"),
        ({"key": Ed25519PrivateKey.generate()}, 401, "not valid"),
    ],
)
async def test_tickets_that_do_not_open(setup: Setup, changes: dict[str, Any], status: int, words: str) -> None:
    answer = await refused_ticket(setup, setup.control_plane.ticket(setup.weaver_id, **changes))
    assert answer[0] == status
    assert words in answer[2]


async def test_a_ticket_a_little_too_old_for_this_clock(setup: Setup) -> None:
    await setup.running()
    viewer = await setup.viewer(exp=int(time.time()) - 3)
    await viewer.until(status="running")


async def test_a_ticket_opens_once(setup: Setup) -> None:
    ticket = setup.control_plane.ticket(setup.weaver_id)
    viewer = await setup.relay.viewer(setup.weaver_id, ticket)
    await viewer.until(type="status")
    assert (await refused_ticket(setup, ticket))[::2] == (401, "the ticket was used before")


async def test_an_unknown_key_is_looked_for_but_not_for_every_request(setup: Setup) -> None:
    await setup.viewer()
    setup.control_plane.kid = "key-2"
    for _ in range(5):
        assert (await refused_ticket(setup, setup.control_plane.ticket(setup.weaver_id)))[0] == 401
    assert setup.control_plane.key_requests == 1
    async with asyncio.timeout(20):
        while not await opens(setup):  # until the relay asks again, after some seconds
            pass
    assert setup.control_plane.key_requests == 2


async def opens(setup: Setup) -> bool:
    try:
        await setup.viewer()
    except aiohttp.WSServerHandshakeError:
        return False
    return True


async def test_a_browser_brings_its_ticket_as_a_subprotocol(setup: Setup) -> None:
    await setup.running()
    ticket = f"ticket.{setup.control_plane.ticket(setup.weaver_id)}"
    websocket = await setup.relay.http.ws_connect(
        setup.relay.attach_url(setup.weaver_id), protocols=[SUBPROTOCOL_V2, ticket], headers={"Origin": setup.relay.url}
    )
    assert websocket.protocol == SUBPROTOCOL_V2
    await Viewer(websocket).until(status="running")


async def test_a_page_of_another_site(setup: Setup) -> None:
    ticket = setup.control_plane.ticket(setup.weaver_id)
    assert (await refused_ticket(setup, ticket, Origin="https://elsewhere.example"))[:2] == (403, "forbidden")


async def test_an_unknown_subprotocol(setup: Setup) -> None:
    ticket = setup.control_plane.ticket(setup.weaver_id)
    answer = await refused_ticket(setup, ticket, **{"Sec-WebSocket-Protocol": "loom.terminal.v9"})
    assert answer[:2] == (400, "invalid_request")


async def test_bearer_tokens_are_the_apis_to_judge(setup: Setup) -> None:
    path = f"/api/weaver/{setup.weaver_id}/attach"
    assert (await refused(setup.relay, path, Authorization="Bearer nobody"))[:2] == (401, "unauthorized")
    unknown = await refused(setup.relay, path, Authorization=f"Bearer {USER_TOKEN}")
    assert unknown[:2] == (404, "weaver_not_found")
    in_query = await refused(setup.relay, f"{path}?token={USER_TOKEN}")
    assert in_query[:2] == (401, "unauthorized")


async def test_attach_without_websocket(relay: Relay) -> None:
    async with relay.http.get(f"{relay.url}/api/weaver/x/attach") as response:
        assert (response.status, response.headers["Upgrade"]) == (426, "websocket")
        assert (await response.json())["error"]["code"] == "upgrade_required"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/weaver/x/logs", 501, "not_implemented"),
        ("/api/weaver/x/events", 401, "unauthorized"),
        ("/api/weaver/x/exec", 501, "not_implemented"),
        ("/api/weaver/x/tcp/80", 501, "not_implemented"),
        ("/t/x", 501, "not_implemented"),
        ("/nothing", 404, "not_found"),
    ],
)
async def test_other_doors(relay: Relay, path: str, status: int, code: str) -> None:
    async with relay.http.get(f"{relay.url}{path}") as response:
        assert response.status == status
        assert (await response.json())["error"]["code"] == code


async def test_health_and_readiness(relay: Relay) -> None:
    for door in ("healthz", "readyz"):
        async with relay.http.get(f"{relay.url}/{door}") as response:
            assert response.status == 200


async def test_readiness_names_what_is_missing(environment: dict[str, str]) -> None:
    async with running_relay({**environment, "LOOM_SERVER_URL": "http://127.0.0.1:1"}) as relay:
        async with relay.http.get(f"{relay.url}/readyz") as response:
            body = await response.json()
        assert response.status == 503
        assert body["kubernetes"] == "ok"
        assert "keys" in body["keys"]


async def test_no_secret_in_the_log(setup: Setup) -> None:
    await setup.running()
    setup.control_plane.names["name"] = setup.weaver_id
    ticket = setup.control_plane.ticket(setup.weaver_id)
    await (await setup.relay.viewer(setup.weaver_id, ticket)).until(status="running")
    await (await setup.relay.viewer("name", USER_TOKEN)).until(status="running")
    await refused_ticket(setup, ticket)
    await setup.relay.stop()
    log = "".join(setup.relay.log)
    assert setup.weaver_id in log
    assert all(json.loads(line)["message"] for line in setup.relay.log)
    assert ticket not in log
    assert USER_TOKEN not in log


async def test_a_configuration_that_cannot_work(environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="LOOM_RELAY_LINGER must be a number of seconds"):
        async with running_relay({**environment, "LOOM_RELAY_LINGER": "soon"}):
            pass
