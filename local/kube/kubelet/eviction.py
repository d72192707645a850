"""Disk that a pod may use: the limits of its emptyDirs and of its containers' ``ephemeral-storage``."""

import asyncio
import time
from typing import Final

from local.kube.kubelet.pod_report import PodFolder
from local.kube.kubelet.volumes import used_bytes
from local.kube.objects import Object
from local.kube.quantity import parse_quantity

#: How often it is measured, in seconds. A cluster's node takes up to a minute.
_INTERVAL: Final = 2.0
#: Measuring takes at most one part in this many of the time: there may be very many files.
_SHARE: Final = 20


async def over_limit(pod: Object, folder: PodFolder) -> str:
    """Once the pod uses more than it may: why it is evicted, in the kubelet's words. Never returns without limits."""
    volumes = [volume for volume in pod["spec"].get("volumes", ()) if "emptyDir" in volume]
    limits = {volume["name"]: volume["emptyDir"].get("sizeLimit") for volume in volumes}
    total = _total_limit(pod["spec"])
    if total is None and not any(limits.values()):
        await asyncio.Event().wait()
    while True:
        started = time.monotonic()
        used = {name: await asyncio.to_thread(used_bytes, folder.volume(name)) for name in limits}
        for name, limit in limits.items():
            if limit is not None and used[name] > parse_quantity(limit):
                return f'Usage of EmptyDir volume "{name}" exceeds the limit "{limit}". '
        if total is not None:
            logs = await asyncio.to_thread(used_bytes, folder.path / "containers")
            if sum(used.values()) + logs > parse_quantity(total):
                return f"Pod ephemeral local storage usage exceeds the total limit of containers {total}. "
        await asyncio.sleep(max(_INTERVAL, _SHARE * (time.monotonic() - started)))


def _total_limit(spec: Object) -> str | None:
    """Of ``ephemeral-storage``; None when a container has no limit, and so the pod has none."""
    limits = [
        container.get("resources", {}).get("limits", {}).get("ephemeral-storage") for container in spec["containers"]
    ]
    if None in limits:
        return None
    return str(limits[0]) if len(limits) == 1 else str(sum(parse_quantity(limit) for limit in limits))
