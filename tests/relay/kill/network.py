"""A network of its own for one process, whose packets a test lets get lost: to an address that nobody has (ip-neighbour(8)).

It needs the rights of root. Where they are missing, ``test_ways`` has to do: there, nothing passes, but nothing gets lost either.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_HERE, _THERE, _NOBODY = "02:00:00:00:77:01", "02:00:00:00:77:02", "02:00:00:00:77:99"


@dataclass(frozen=True)
class Network:
    """``here`` and ``there`` are the addresses at both ends; ``inside`` comes before a command that is to run there."""

    name: str
    here: str
    there: str

    @property
    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def lose_packets(self) -> None:
        """All of them, both ways, without an error anywhere."""
        self._neighbours(_NOBODY, _NOBODY)

    def lose_none(self) -> None:
        self._neighbours(_HERE, _THERE)

    def _neighbours(self, here: str, there: str) -> None:
        _ip("neigh", "replace", self.there, "lladdr", there, "nud", "permanent", "dev", f"{self.name}a")
        _ip("-n", self.name, "neigh", "replace", self.here, "lladdr", here, "nud", "permanent", "dev", f"{self.name}b")


@contextmanager
def network() -> Iterator[Network]:
    """Raises OSError or CalledProcessError where it may not be made."""
    pid = os.getpid()
    name, subnet = f"wv{pid}", f"10.{77 + pid // 64 % 128}.{pid % 256}"
    one = Network(name, f"{subnet}.1", f"{subnet}.2")
    _ip("netns", "add", name)
    try:
        _ip("link", "add", f"{name}a", "address", _HERE, "type", "veth",
            "peer", "name", f"{name}b", "address", _THERE, "netns", name)  # fmt: skip
        _ip("address", "add", f"{one.here}/30", "dev", f"{name}a")
        _ip("-n", name, "address", "add", f"{one.there}/30", "dev", f"{name}b")
        _ip("link", "set", f"{name}a", "up")
        for device in ("lo", f"{name}b"):
            _ip("-n", name, "link", "set", device, "up")
        one.lose_none()
        yield one
    finally:
        with suppress(subprocess.CalledProcessError):  # it was not made
            _ip("link", "delete", f"{name}a")  # with the namespace it would go later than this returns
        _ip("netns", "delete", name)


def may_make_networks() -> bool:
    try:
        with network():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)
