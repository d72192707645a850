"""What the relay is measured in: a laptop edition whose node speaks TLS as clusters do, so that kubectl and the relay reach the same pod."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from local.cluster import use
from local.edition import IMAGE, MANIFESTS, NAMESPACE, Edition, environment, start
from local.supervisor import Supervisor
from relay.access import load_access
from relay.kube import Kube

_DEADLINE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A running edition; ``kube`` reaches its pods without the relay."""

    edition: Edition
    kube: Kube
    http: aiohttp.ClientSession

    @property
    def env(self) -> Mapping[str, str]:
        """For ``loom`` and ``kubectl``."""
        return {**environment(self.edition), "KUBECONFIG": str(self.edition.kubeconfig)}

    async def weaver(self, *command: str, image: str = "debian") -> str:
        """The id of a new weaver, which runs; without ``loom session`` unless the image has it."""
        made = await self._post("/api/weaver", {"image": image, **({"command": command} if command else {})}, 201)
        weaver_id = str(made["id"])
        async with asyncio.timeout(_DEADLINE):
            while not await self._runs(weaver_id):  # noqa: ASYNC110  # another process's event
                await asyncio.sleep(0.05)
        return weaver_id

    async def ticket(self, weaver_id: str) -> tuple[str, str]:
        """URL and ticket of one connection to the relay."""
        told = await self._post(f"/api/weaver/{weaver_id}/ticket", {"action": "attach", "role": "driver"}, 200)
        return str(told["url"]), str(told["ticket"])

    async def nobody_attached(self) -> None:
        """Until the relay keeps no session: what it lets go of would be measured with the next stream."""
        async with asyncio.timeout(_DEADLINE):
            while "loom_relay_sessions 0" not in (await self._metrics()).splitlines():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def _metrics(self) -> str:
        async with self.http.get(f"{self.edition.relay_url}/metrics") as response:
            return await response.text()

    async def _post(self, path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.edition.token}"}
        async with self.http.post(f"{self.edition.url}{path}", json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
            if response.status != status:
                raise RuntimeError(f"{path}: {response.status} {answer}")
            return answer

    async def _runs(self, weaver_id: str) -> bool:
        pod, _ = await self.kube.find_pod(f"weaver-{weaver_id}")
        return pod is not None and pod["status"].get("phase") == "Running"


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """The relay in it gives sessions up as soon as nobody is there."""
    os.environ["LOOM_RELAY_LINGER"] = "0"
    with tempfile.TemporaryDirectory(prefix="weavers-bench-") as name:
        folder = Path(name)
        admin = folder / "admin"
        async with Supervisor(folder / "logs", lambda _text: None) as supervisor:
            await supervisor.start(
                "kubernetes", "local.kube", "--tls", "--state", str(folder / "node"), "--kubeconfig", str(admin),
                "--loom-image", IMAGE, "--manifests", str(MANIFESTS),
            )  # fmt: skip
            cluster = await asyncio.to_thread(use, str(admin), NAMESPACE, folder)
            edition = await start(supervisor, folder, cluster=cluster)
            kube = Kube(load_access(edition.kubeconfig), NAMESPACE)
            try:
                async with aiohttp.ClientSession() as http:
                    yield Stage(edition, kube, http)
            finally:
                await kube.close()
