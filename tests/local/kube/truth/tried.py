"""Which scenarios the tests of a module try, gathered from the tests themselves; and what all of them compare."""

from typing import Any, Final

import pytest

from local.kube.objects import Object

#: A pod of the recordings that runs, and its scenario.
RUNNING: Final = "weaver-01a20307-217a-77c0-9db0-8c2236cf305a"
#: The other pods that requests were about, by name.
STATES: Final = {
    RUNNING: "init-succeeded",
    "weaver-01a20307-217a-74fb-b1fe-97a55a430b87": "succeeded-exit-0",
    "weaver-01a20307-217a-74b5-b171-f92d9529c26d": "init-running",
    "weaver-01a20307-217a-7a43-9d8f-61f04cfefe25": "pending-just-created",
    "weaver-01a20307-217b-7b68-aef6-c1aafdf460a8": "scheduled-container-creating",
    "weaver-01a20307-217b-7950-a166-496825a001e1": "image-pull-back-off",
    "weaver-01a20307-3cfc-7b1e-a19a-2a2b74e909a9": "running-ready",
    "weaver-01a20311-ffb9-7c68-a1dd-51ed223484c7": "running-ready",
    "weaver-01a20316-1809-7586-95d9-c92aff5e80d5": "running-ready",
}

UPGRADE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
}


class Tried(set[str]):
    """Called as a decorator, it gives a test its scenarios, one by one as ``name``, and remembers them."""

    def __call__(self, names: str) -> pytest.MarkDecorator:
        self.update(names.split())
        return pytest.mark.parametrize("name", names.split())

    def only(self, name: str) -> pytest.MarkDecorator:
        """For a test of one scenario, which it names itself."""
        self.add(name)
        return pytest.mark.parametrize("name", [name])


def same(recording: Object, status: int, body: Any) -> None:
    assert body == recording["body"]
    assert status == recording["http_status"]


def same_pod(recording: Object, status: int, body: Object) -> None:
    """A pod with the recorded fields; what the server gives each object, and the node knows, is its own."""
    assert status == recording["http_status"]
    expected: Object = recording["body"]
    assert body["kind"] == expected["kind"]
    assert set(body["metadata"]) == set(expected["metadata"])
    for part in ("spec", "status"):
        assert set(body[part]) == set(expected[part])
