"""The door at which a relay that takes over gets what the terminal shows: a socket that only the container's own user opens.

``loom session --snapshot`` run in the container (Kubernetes' exec) connects and copies to its stdout what it is given: one
line, ``MARK LENGTH`` and an ``ID:POSITION`` for each input of which it knows (:class:`~loom.session.tags.Tags`), then ``LENGTH``
bytes of :class:`~loom.session.transcript.Transcript`. At the very point of the terminal's output where these end stands
:func:`mark_sequence`: what comes after it is new.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator, Mapping

from loom.session.transcript import Transcript

#: Seconds that either end waits for the other.
_PATIENCE = 5.0
_PIECE = 1 << 16
#: Before a snapshot of a full-screen program that has to draw anew.
INCOMPLETE = b"\x1b_loom.dev;incomplete\x1b\\"


def mark_sequence(mark: str) -> bytes:
    """The private sequence that stands in the output where the snapshot of that mark ends."""
    return b"\x1b_loom.dev;mark;%s\x1b\\" % mark.encode()


class Door:
    """``fileno`` is readable when somebody is there."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Raises OSError where no socket can be."""
        self._socket = socket.socket(socket.AF_UNIX)
        with _address(env) as address:
            with contextlib.suppress(FileNotFoundError):  # left by a session before this one
                os.unlink(address)  # noqa: PTH108  # pathlib costs 6 ms
            before = os.umask(0o177)
            try:
                self._socket.bind(address)
            finally:
                os.umask(before)
        self._socket.listen(8)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def hand_over(self, transcript: Transcript, positions: Mapping[bytes, int]) -> bytes:
        """Give it to who is there, with the ``positions`` of inputs. Returns what to write to the terminal now; empty when nobody was.

        A child process does it, with the memory as it is now: nothing here waits for who reads slowly.
        """
        try:
            visitor, _ = self._socket.accept()
        except OSError:  # it went away
            return b""
        mark = os.urandom(16).hex()
        with visitor:
            if os.fork() == 0:
                _give(visitor, mark, transcript, positions)
        return mark_sequence(mark)


def _give(visitor: socket.socket, mark: str, transcript: Transcript, positions: Mapping[bytes, int]) -> None:
    """In a process of its own, which ends."""
    try:
        snapshot = transcript.render()
        if transcript.lacks_drawing:
            snapshot = INCOMPLETE + snapshot
        visitor.settimeout(_PATIENCE)
        inputs = b"".join(b" %s:%d" % input_ for input_ in positions.items())
        visitor.sendall(b"%s %d%s\n" % (mark.encode(), len(snapshot), inputs) + snapshot)
    finally:
        os._exit(0)


def print_snapshot(env: Mapping[str, str]) -> int:
    """``loom session --snapshot``. Returns 1 when no session runs here that could tell."""
    visitor = socket.socket(socket.AF_UNIX)
    visitor.settimeout(_PATIENCE)
    try:
        with _address(env) as address:
            visitor.connect(address)
        while piece := visitor.recv(_PIECE):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except OSError as error:
        sys.stderr.write(f"loom session: no snapshot ({error.strerror or error})\n")
        return 1
    return 0


@contextlib.contextmanager
def _address(env: Mapping[str, str]) -> Iterator[str]:
    """Where the socket is. By way of its folder's descriptor: addresses have 108 bytes (unix(7)), paths may have more."""
    folder = os.open(env.get("TMPDIR") or "/tmp", os.O_RDONLY | os.O_DIRECTORY)  # noqa: S108  # the container's own
    try:
        yield f"/proc/self/fd/{folder}/.loom-session-{env.get('LOOM_WEAVER_ID', '')}"
    finally:
        os.close(folder)
