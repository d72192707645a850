"""Which relay owns a weaver's session: rendezvous hashing over the relays that live.

Every relay computes the same owner from the same list, without a word between them, and when one comes or goes only its own
sessions move (highest random weight: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", CSE-TR-316-96, 1996).
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Peer:
    """Another relay. ``going``: it is to end soon, whatever it says itself."""

    going: bool = False
    seen: int = 0  # at how many looks in a row
    silent: int = 0  # at how many in a row since then

    @property
    def lives(self) -> bool:
        return self.seen >= _STEADY


class Peers:
    """The relays, as seen from ``own``.

    What counts is that a relay answers and does not go down, not that it is ready: while Kubernetes or the API is away none
    is, and moving sessions about would only make that worse.
    """

    def __init__(self, own: str, others: Iterable[str] = ()) -> None:
        self.own = own
        self.unknown: str | None = None  # why nobody can say yet who the others are
        self._going = False
        self._others: dict[str, _Peer] = {}
        self.are(dict.fromkeys(others, False))

    def are(self, relays: Mapping[str, bool]) -> None:
        """These are all the relays by their URLs, and whether each is going away. Whether it serves is for the looks to say."""
        self._going = relays.get(self.own, False)
        before = self._others
        self._others = {url: before.get(url, _Peer()) for url in sorted(relays) if url != self.own}
        for url, peer in self._others.items():
            peer.going = relays[url]
        for url, peer in before.items():
            if peer.lives and url not in self._others:
                _told(url, came=False)

    def owner(self, weaver_id: str) -> str:
        """The URL of the relay that owns the weaver's session."""
        stay = [url for url, peer in self._others.items() if peer.lives and not peer.going]
        return owner_of(weaver_id, stay if self._going and stay else [self.own, *stay])

    def lives(self, peer: str) -> bool:
        """Whether that relay serves whom it owns or owned until now."""
        return peer in self._others and self._others[peer].lives

    @property
    def living(self) -> int:
        """How many other relays do."""
        return sum(peer.lives for peer in self._others.values())

    def owns(self, weaver_id: str) -> bool:
        """Whether this relay does."""
        return not self._others or self.owner(weaver_id) == self.own

    def lost(self, peer: str) -> None:
        """It was found not to serve, before the next look at it."""
        if peer in self._others:
            self._others[peer].seen = 0

    async def start(self) -> None:
        """The first looks: who is there already counts at once."""
        async with aiohttp.ClientSession(timeout=_WITHIN) as http:
            for _ in range(_STEADY):
                await self._look(http)

    async def run(self, looked: Callable[[], None]) -> None:
        """Look again and again, and call ``looked``, which follows what changed."""
        async with aiohttp.ClientSession(timeout=_WITHIN) as http:
            while True:
                await asyncio.sleep(_EVERY)
                await self._look(http)
                looked()

    async def _look(self, http: aiohttp.ClientSession) -> None:
        others = self._others  # as they are now: others may come while these answer
        answers = await asyncio.gather(*(_lives(http, url) for url in others))
        for (url, peer), answer in zip(others.items(), answers, strict=True):
            lived = peer.lives
            peer.silent = peer.silent + 1 if answer is None else 0
            if answer:
                peer.seen += 1
            elif answer is False or peer.silent > _PATIENCE:
                peer.seen = 0
            if lived != peer.lives and url in self._others:
                _told(url, came=not lived)


def _told(relay: str, *, came: bool) -> None:
    log.info("a relay came" if came else "a relay went", extra={"fields": {"relay": relay}})


async def _lives(http: aiohttp.ClientSession, peer: str) -> bool | None:
    """None when it says nothing: it may be busy."""
    try:
        async with http.get(f"{peer}/healthz") as response:
            return bool((await response.json())["status"] == "ok")
    except TimeoutError:
        return None
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
        return False
