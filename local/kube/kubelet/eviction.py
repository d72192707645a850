"""Disk that a pod may use: the limits of its emptyDirs and of its containers' ``ephemeral-storage``."""

import asyncio
import time
from typing import Final

from local.kube.kubelet.pod_report import PodFolder
from local.kube.kubelet.volumes import used_bytes
from local.kube.objects import Object
from local.kube.quantity import parse_quantity

#: How often it is measured, in seconds. A cluster's node takes up to a minute.
_INTERVAL: Final = 5.0
#: Measuring takes at most one part in this many of the time: there may be very many files.
_SHARE: Final = 20


async def over_limit(pod: Object, folder: PodFolder) -> str:
    """Once the pod uses more than it may: why it is evicted, in the kubelet's words. Never returns without limits."""
    limits = {
        volume["name"]: volume["emptyDir"]["sizeLimit"]
        for volume in pod["spec"].get("volumes", ())
        if "sizeLimit" in volume.get("emptyDir", {})
    }
    if not limits:
        await asyncio.Event().wait()
    while True:
        started = time.monotonic()
        for name, limit in limits.items():
            if await asyncio.to_thread(used_bytes, folder.volume(name)) > parse_quantity(limit):
                return f'Usage of EmptyDir volume "{name}" exceeds the limit "{limit}". '
        await asyncio.sleep(max(_INTERVAL, _SHARE * (time.monotonic() - started)))
