"""One weaver with everything around it that a test may touch."""

from typing import Any

from tests.relay.control_plane import ControlPlane
from tests.relay.kubernetes import Kubernetes, Stream
from tests.relay.relay_process import Relay, Viewer


class Setup:
    """A weaver, its relay, cluster and control plane."""

    def __init__(self, relay: Relay, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str) -> None:
        self.relay = relay
        self.kubernetes = kubernetes
        self.control_plane = control_plane
        self.weaver_id = weaver_id

    async def viewer(self, **claims: Any) -> Viewer:
        return await self.relay.viewer(self.weaver_id, self.control_plane.ticket(self.weaver_id, **claims))

    async def running(self) -> None:
        await self.kubernetes.show("running-no-probe", self.weaver_id)

    async def attached(self, rows: int = 24, cols: int = 80) -> tuple[Viewer, Stream]:
        await self.running()
        viewer = await self.viewer()
        await viewer.resize(rows, cols)
        return viewer, await self.kubernetes.stream()
