"""How typed bytes arrive exactly once although connections break: both ends, pure.

A viewer's input is one stream over its whole life, whatever connections carry it; a *position* is the number of bytes
before a point in it. The client keeps what was not acknowledged and, on the next connection, sends it again from the
position that the server tells first. What the server has taken already, it leaves out.
"""


class Outgoing:
    """The client's end: what was typed and is not acknowledged yet."""

    def __init__(self) -> None:
        self._start = 0  # position of the first byte that is kept
        self._kept = bytearray()
        self._sent = 0  # how many of the kept bytes the present connection was given
        self._tried = 0  # how many of them any connection was given: those may have arrived

    @property
    def kept(self) -> int:
        """Bytes that are not acknowledged."""
        return len(self._kept)

    @property
    def unsent(self) -> int:
        """Bytes that the present connection was not given yet."""
        return len(self._kept) - self._sent

    def type(self, data: bytes) -> None:
        """More was typed."""
        self._kept += data

    def take(self, most: int) -> bytes:
        """The next bytes for the present connection, at most so many; empty when it was given all."""
        data = bytes(self._kept[self._sent : self._sent + most])
        self._sent += len(data)
        self._tried = max(self._tried, self._sent)
        return data

    def acknowledge(self, position: int) -> None:
        """Everything up to ``position`` was accepted. Positions that were acknowledged before do nothing.

        Raises ValueError for a position that was never sent.
        """
        done = position - self._start
        if done > self._tried:
            raise ValueError("more was acknowledged than was sent")
        if done > 0:
            del self._kept[:done]
            self._start = position
            self._sent = max(0, self._sent - done)
            self._tried -= done

    def forget_sent(self) -> None:
        """The server does not acknowledge: what the connection was given counts as arrived."""
        self.acknowledge(self._start + self._sent)

    def resume(self, position: int) -> None:
        """A new connection to a server that knows this viewer: the rest goes through it. Raises ValueError as above."""
        self.acknowledge(position)
        self._sent = 0

    def settle(self) -> None:
        """The server said its last word: what it has not acknowledged it never will accept."""
        self._tried = 0

    def restart(self) -> int:
        """A new connection to a server that does not know this viewer: positions begin anew.

        What may have arrived already is dropped, since it must not arrive twice; returns how many bytes that are.
        """
        doubtful = self._tried
        del self._kept[:doubtful]
        self._start = self._sent = self._tried = 0
        return doubtful


class Accepted:
    """The server's end: how much of one viewer's input it took, and how much of that is safely on its way.

    Taken bytes may wait for a container that is not there yet. They are acknowledged once they left: a server that dies has
    acknowledged nothing that it lost. A client that comes back sends them again, and :meth:`new` leaves them out.
    """

    def __init__(self) -> None:
        self._taken = 0
        self._done = 0  # of these, how many have left
        self._brought = 0  # the position that the present connection has come to

    @property
    def position(self) -> int:
        """The position to acknowledge: never ahead of what the present connection has brought, so that nobody skips."""
        return min(self._done, self._brought)

    def resume(self) -> int:
        """A new connection begins; the position from which on its client is to send."""
        self._brought = self._done
        return self._done

    def new(self, data: bytes) -> bytes:
        """What of the present connection's input was not taken before."""
        known = max(0, self._taken - self._brought)
        self._brought += len(data)
        return data[known:]

    def take(self, count: int) -> None:
        """So many new bytes were taken."""
        self._taken += count

    def finish(self, count: int) -> None:
        """So many of the taken bytes have left."""
        self._done += count

    def give_back(self, count: int) -> None:
        """The last so many of the taken bytes will not leave after all: the client is to send them again."""
        self._taken -= count

    def last_word(self) -> int:
        """Nothing more will be taken: the position to acknowledge at the very end. What is on its way counts as gone."""
        self._done = self._taken
        return self._taken
