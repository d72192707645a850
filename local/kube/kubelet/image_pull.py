"""Getting a container's image, which may take for ever."""

import asyncio
from typing import Final, Never

from local.kube import images
from local.kube.images import Image, InvalidImageName, PullFailed
from local.kube.kubelet.pod_report import PodReport
from local.kube.kubelet.pod_status import ContainerState
from local.kube.kubelet.stopping import Stopped, Stopping
from local.kube.objects import Object

#: How long the state says ErrImagePull before it says ImagePullBackOff, in seconds.
_ERROR_SHOWN: Final = 1.0
_FIRST_BACK_OFF: Final = 10.0
_LONGEST_BACK_OFF: Final = 300.0


async def pull(report: PodReport, stopping: Stopping, spec: Object, state: ContainerState, field: str) -> Image:
    """The image of the container ``spec``, once it is there. Raises Stopped."""
    back_off = _FIRST_BACK_OFF
    name = spec["image"]
    while True:
        try:
            image = images.resolve(name, report.node.loom_images)
            break
        except InvalidImageName as error:
            report.warn("InspectFailed", str(error), field)
            report.warn("Failed", "Error: InvalidImageName", field)
            await never(report, stopping, state, "InvalidImageName", str(error))
        except PullFailed as error:
            if spec.get("imagePullPolicy") == "Never":
                await _absent(report, stopping, name, state, field)
            await _failed(report, stopping, name, state, field, str(error), back_off)
            back_off = min(2 * back_off, _LONGEST_BACK_OFF)
    if spec.get("imagePullPolicy") == "Never" and name not in report.node.used_images | report.node.loom_images:
        await _absent(report, stopping, name, state, field)
    report.node.used_images.add(name)
    for reason, message in _pulled(spec):
        report.record(reason, message, field)
    return image


async def never(report: PodReport, stopping: Stopping, state: ContainerState, reason: str, message: str) -> Never:
    """Waits for the pod's end: nothing else will happen. Raises Stopped."""
    report.wait(state, reason, message)
    await stopping.unless(asyncio.Event().wait())
    raise Stopped


async def _absent(report: PodReport, stopping: Stopping, name: str, state: ContainerState, field: str) -> Never:
    """Nothing is pulled here: an image is present once a pod that may pull has used it."""
    absent = f'Container image "{name}" is not present with pull policy of Never'
    report.warn("ErrImageNeverPull", absent, field)
    report.warn("Failed", "Error: ErrImageNeverPull", field)
    await never(report, stopping, state, "ErrImageNeverPull", absent)


async def _failed(
    report: PodReport, stopping: Stopping, name: str, state: ContainerState, field: str, why: str, back_off: float
) -> None:
    report.record("Pulling", f'Pulling image "{name}"', field)
    report.warn("Failed", f'Failed to pull image "{name}": {why}', field)
    report.warn("Failed", "Error: ErrImagePull", field)
    report.wait(state, "ErrImagePull", why)
    await stopping.unless(asyncio.sleep(_ERROR_SHOWN))
    report.record("BackOff", f'Back-off pulling image "{name}"', field)
    report.warn("Failed", "Error: ImagePullBackOff", field)
    report.wait(state, "ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {why}')
    await stopping.unless(asyncio.sleep(back_off - _ERROR_SHOWN))


def _pulled(spec: Object) -> list[tuple[str, str]]:
    name = spec["image"]
    if spec.get("imagePullPolicy") == "Always":
        took = "in 1ms (1ms including waiting). Image size: 0 bytes."
        return [("Pulling", f'Pulling image "{name}"'), ("Pulled", f'Successfully pulled image "{name}" {took}')]
    return [("Pulled", f'Container image "{name}" already present on machine and can be accessed by the pod')]
