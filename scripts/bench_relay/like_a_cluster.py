"""A key's echo where the answer takes as long as a real cluster takes for it, through the relay and without it."""

from contextlib import AsyncExitStack
from typing import Final

import uvloop

from relay.access import load_access
from relay.kube import Kube
from scripts.bench_relay.alone import RelayAlone, relay_alone
from scripts.bench_relay.measured import Echo, echoes, ready, spread
from scripts.bench_relay.streams import RawStream

#: Seconds: with the way there and back, that is what a real single-node Kubernetes 1.36 took for an echo (DESIGN §11: 1.7-2.5 ms).
_ANSWERS_AFTER: Final = 0.0015
_ROUNDS: Final = 12
_KEYS: Final = 200
_NAMESPACE: Final = "loom-weavers"


def echo_like_a_cluster() -> list[tuple[Echo, Echo]]:
    """Rounds in turns: through the relay, without it."""
    return uvloop.run(_measured())


async def _measured() -> list[tuple[Echo, Echo]]:
    async with relay_alone(_ANSWERS_AFTER) as relay:
        kube = Kube(load_access(relay.kubeconfig), _NAMESPACE)
        try:
            return [(await _relayed(relay), await _raw(relay, kube)) for _ in range(_ROUNDS + 1)][1:]
        finally:
            await kube.close()


async def _relayed(relay: RelayAlone) -> Echo:
    async with AsyncExitStack() as stack:
        return spread(await echoes(await relay.session(stack, 0), _KEYS))


async def _raw(relay: RelayAlone, kube: Kube) -> Echo:
    stream = RawStream(kube)
    await stream.open(relay.weaver_id(1))
    try:
        await ready(stream)
        return spread(await echoes(stream, _KEYS))
    finally:
        await stream.close()
