"""Which relays a cluster has: the endpoints of the Service that selects them, as EndpointSlices tell them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import urlsplit

from relay.kube import WATCH_AT_LEAST, Kube, KubeError, Service
from relay.owner import Peers

log = logging.getLogger(__name__)

#: Seconds before Kubernetes is asked again after an error: first, and at most.
_RETRY_FIRST: Final = 0.2
_RETRY_LONGEST: Final = 5.0


def relays_in(slices: Iterable[Mapping[str, Any]], own: str) -> dict[str, bool]:
    """The URLs of the relays in these EndpointSlices, written as ``own`` is, and whether each pod is being ended.

    Whether they are ready is not asked (see :class:`relay.owner.Peers`). Of an endpoint's addresses the first counts, as for
    kube-proxy; while a pod moves from one slice to another it may be in both.
    """
    scheme, host = urlsplit(own).scheme, urlsplit(own).hostname or ""
    family = "IPv6" if ":" in host else "IPv4"
    found: dict[str, bool] = {}
    for one in slices:
        if one.get("addressType") != family or not one.get("ports"):
            continue
        port = one["ports"][0]["port"]
        for endpoint in one.get("endpoints") or ():
            address = endpoint["addresses"][0]
            url = f"{scheme}://{f'[{address}]' if family == 'IPv6' else address}:{port}"
            going = bool((endpoint.get("conditions") or {}).get("terminating"))
            found[url] = going and found.get(url, True)
    return found


class PeersInCluster:
    """Tells ``peers`` who they are, from lists and watches of ``service``'s EndpointSlices."""

    def __init__(self, kube: Kube, service: Service, peers: Peers) -> None:
        self._kube = kube
        self._service = service
        self._peers = peers
        peers.unknown = "the other relays are not known yet"
        self._slices: dict[str, Mapping[str, Any]] = {}
        self._version: str | None = None
        self._relays: Mapping[str, bool] = {}
        self._pause = _RETRY_FIRST

    async def start(self) -> None:
        """One attempt to learn who is there."""
        try:
            await self._list()
        except KubeError as error:
            self._failed(error)

    async def run(self) -> None:
        """Follow the Service until cancelled. While Kubernetes cannot be asked, what it said last counts."""
        clock = asyncio.get_running_loop().time
        while True:
            begun = clock()
            try:
                await self._watch(self._version or await self._list())
                self._pause = _RETRY_FIRST
            except KubeError as error:
                self._version = None
                if error.status != 410:  # else the version is forgotten: list again, at once
                    self._failed(error)
                    await asyncio.sleep(self._pause)
                    self._pause = min(self._pause * 2, _RETRY_LONGEST)
            await asyncio.sleep(begun + WATCH_AT_LEAST - clock())

    async def _list(self) -> str:
        """Returns the version to watch from."""
        slices, self._version = await self._kube.find_slices(self._service)
        self._slices = {one["metadata"]["name"]: one for one in slices}
        self._peers.unknown = None
        self._tell()
        return self._version

    async def _watch(self, version: str) -> None:
        """One watch until the server ends it."""
        async with aclosing(self._kube.watch_slices(self._service, version)) as changes:
            async for kind, one in changes:
                self._version = one["metadata"]["resourceVersion"]
                if kind == "DELETED":
                    self._slices.pop(one["metadata"]["name"], None)
                elif kind != "BOOKMARK":
                    self._slices[one["metadata"]["name"]] = one
                self._tell()

    def _tell(self) -> None:
        relays = relays_in(self._slices.values(), self._peers.own)
        if relays == self._relays:
            return
        self._relays = relays
        fields = {"relays": sorted(relays), "going": sorted(url for url, going in relays.items() if going)}
        log.info("the relays of the cluster", extra={"fields": fields})
        self._peers.are(relays)

    def _failed(self, error: KubeError) -> None:
        log.warning("following the relays failed: %s", error, extra={"fields": {"service": self._service.name}})
        if self._peers.unknown:
            self._peers.unknown = str(error)
