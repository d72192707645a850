"""What exec answers before and after the upgrade; the programs themselves are tested on the node."""

import json
import re
from typing import Any

import pytest

from local.kube.exec import exited, not_started
from tests.local.kube.api.conftest import PODS, Api
from tests.local.kube.api.standin import StandInContainer
from tests.local.kube.recordings import recorded, recorded_lines

PROTOCOLS = {"v4": "v4.channel.k8s.io", "v5": "v5.channel.k8s.io"}


def recorded_status(name: str) -> Any:
    frames = recorded_lines(f"streams/{name}.ndjson")
    return json.loads(next(frame["data"] for frame in frames if frame.get("channel") == 3))


@pytest.mark.parametrize("version", PROTOCOLS)
def test_the_status_of_a_program_that_failed(version: str):
    status = exited(PROTOCOLS[version], ["sh", "-c", "echo out; exit 7"], 7)
    assert status == recorded_status(f"{version}-exec-exit-7")


@pytest.mark.parametrize("version", PROTOCOLS)
def test_the_status_of_a_program_that_did_not_start(version: str):
    expected = recorded_status(f"{version}-exec-unknown-command")
    why = re.search(r"failed to exec in container: .*: unknown", expected["details"]["causes"][0]["message"])
    assert why is not None
    assert not_started(PROTOCOLS[version], why[0]) == expected


@pytest.mark.parametrize("version", PROTOCOLS)
async def test_a_program(api: Api, version: str):
    api.store("one", "running-ready")
    api.node.containers["one", "weaver"] = StandInContainer()
    path = f"{PODS}/one/exec?command=a&command=b&stdout=true"
    async with api.http.ws_connect(path, protocols=(PROTOCOLS[version],), autoclose=False) as socket:
        assert await socket.receive_bytes() == b"\1"
        said = await socket.receive_bytes()
        assert said[0] == 3
        assert json.loads(said[1:])["details"]["causes"] == [{"reason": "ExitCode", "message": "2"}]
        assert (await socket.receive()).data == 1000


async def test_no_command(api: Api):
    api.store("one", "running-ready")
    api.node.containers["one", "weaver"] = StandInContainer()
    async with api.http.ws_connect(f"{PODS}/one/exec?stdout=true", protocols=(PROTOCOLS["v5"],)) as socket:
        assert await socket.receive_bytes() == b"\1"
        status = json.loads((await socket.receive_bytes())[1:])
    real = json.loads(recorded("errors/101-exec-no-command.json")["frames"][1]["data"])
    assert (status.keys(), status["reason"], status["code"]) == (real.keys(), real["reason"], real["code"])


@pytest.mark.parametrize(
    ("name", "scenario", "query"),
    [
        ("400-exec-no-streams", "running-ready", "command=true"),
        ("400-exec-not-scheduled", "unschedulable-cpu", "command=true&stdout=true"),
        ("400-exec-unknown-container", "running-ready", "command=true&stdout=true&container=nope"),
        ("500-exec-container-creating", "scheduled-container-creating", "command=true&stdout=true"),
        ("500-exec-completed", "succeeded-exit-0", "command=true&stdout=true"),
    ],
)
async def test_errors_before_the_upgrade(api: Api, name: str, scenario: str, query: str):
    expected = recorded(f"errors/{name}.json")
    pod = expected["request"]["path"].split("/pods/")[1].split("/")[0]
    api.store(pod, scenario)
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Protocol": PROTOCOLS["v5"]}
    status, body = await api.call("GET", f"{PODS}/{pod}/exec?{query}", **handshake)
    assert status == expected["http_status"]
    assert body.strip() == expected["body"].strip() if isinstance(body, str) else body == expected["body"]
