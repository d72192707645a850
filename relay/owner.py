"""Which relay owns a weaver's session: rendezvous hashing over the relays that live.

Every relay computes the same owner from the same list, without a word between them, and when one comes or goes only its own
sessions move (highest random weight: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", CSE-TR-316-96, 1996).
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Final

import aiohttp

log = logging.getLogger(__name__)

#: Seconds between two looks at the other relays, and that one has to answer.
_EVERY: Final = 0.5
_WITHIN: Final = aiohttp.ClientTimeout(total=1.0)
#: Looks in a row at which a relay that came must be there: one that crashes as it starts should move nothing.
_STEADY: Final = 2
#: Looks in a row at which one that says nothing is still taken to be busy, and not gone.
_PATIENCE: Final = 2


def owner_of(weaver_id: str, relays: Iterable[str]) -> str:
    """The one of ``relays``, by their URLs, that owns the weaver's session."""
    return max(relays, key=lambda relay: hashlib.blake2b(f"{relay}\0{weaver_id}".encode()).digest())


class Peers:
    """The relays, as seen from ``own``.

    What counts is that a relay answers and does not go down, not that it is ready: while Kubernetes or the API is away none
    is, and moving sessions about would only make that worse.
    """

    def __init__(self, own: str, others: Iterable[str]) -> None:
        self.own = own
        self._others = sorted({*others} - {own})
        self._seen = dict.fromkeys(self._others, 0)  # at how many looks in a row
        self._silent = dict.fromkeys(self._others, 0)  # at how many in a row since then

    def owner(self, weaver_id: str) -> str:
        """The URL of the relay that owns the weaver's session."""
        return owner_of(weaver_id, [self.own, *(peer for peer in self._others if self.lives(peer))])

    def lives(self, peer: str) -> bool:
        """Whether that relay can own anything."""
        return self._seen[peer] >= _STEADY

    def owns(self, weaver_id: str) -> bool:
        """Whether this relay does."""
        return not self._others or self.owner(weaver_id) == self.own

    def lost(self, peer: str) -> None:
        """It was found not to serve, before the next look at it."""
        self._seen[peer] = 0

    async def start(self) -> None:
        """The first looks: who is there already counts at once."""
        async with aiohttp.ClientSession(timeout=_WITHIN) as http:
            for _ in range(_STEADY):
                await self._look(http)

    async def run(self, looked: Callable[[], None]) -> None:
        """Look again and again, and call ``looked``, which follows what changed. At once over for a relay that is alone."""
        async with aiohttp.ClientSession(timeout=_WITHIN) as http:
            while self._others:
                await asyncio.sleep(_EVERY)
                await self._look(http)
                looked()

    async def _look(self, http: aiohttp.ClientSession) -> None:
        answers = await asyncio.gather(*(_lives(http, peer) for peer in self._others))
        for peer, answer in zip(self._others, answers, strict=True):
            lived = self.lives(peer)
            self._silent[peer] = self._silent[peer] + 1 if answer is None else 0
            if answer:
                self._seen[peer] += 1
            elif answer is False or self._silent[peer] > _PATIENCE:
                self._seen[peer] = 0
            if lived != self.lives(peer):
                log.info("a relay went" if lived else "a relay came", extra={"fields": {"relay": peer}})


async def _lives(http: aiohttp.ClientSession, peer: str) -> bool | None:
    """None when it says nothing: it may be busy."""
    try:
        async with http.get(f"{peer}/healthz") as response:
            return bool((await response.json())["status"] == "ok")
    except TimeoutError:
        return None
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
        return False
