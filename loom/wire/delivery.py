"""How typed bytes arrive exactly once although connections break: both ends, pure.

A viewer's input is one stream over its whole life, whatever connections carry it; a *position* is the number of bytes
before a point in it. The client keeps what was not acknowledged and, on the next connection, sends it again from the
position that the server tells first. What the server has taken already, it leaves out.
"""

from typing import Final

#: Acknowledged bytes that a client keeps: more than is ever on its way from a server to the container.
REMEMBERED: Final = 256 * 1024


class Outgoing:
    """The client's end: what was typed and is not acknowledged yet, and the end of what is (REMEMBERED bytes).

    What a server acknowledged it has sent on; should it be killed, some of that may not arrive. The next one knows, and asks
    for it again.
    """

    def __init__(self) -> None:
        self._start = 0  # position of the first byte that is kept
        self._kept = bytearray()
        self._done = 0  # how many of the kept bytes are acknowledged
        self._sent = 0  # how many of them the present connection was given, or need not be
        self._tried = 0  # how many of them any connection was given
        self._doubtful = 0  # how many of them may have arrived, as far as servers told

    @property
    def kept(self) -> int:
        """Bytes that are not acknowledged."""
        return len(self._kept) - self._done

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
        self._doubtful = max(self._doubtful, self._sent)
        return data

    def acknowledge(self, position: int) -> None:
        """Everything up to ``position`` was accepted. Positions that were acknowledged before do nothing.

        Raises ValueError for a position that was never sent.
        """
        done = position - self._start
        if done > self._tried:
            raise ValueError("more was acknowledged than was sent")
        self._done = max(self._done, done)
        self._sent = max(self._sent, self._done)
        self._forget(max(0, self._done - REMEMBERED))

    def forget_sent(self) -> None:
        """The server does not acknowledge: what the connection was given counts as arrived."""
        self.acknowledge(self._start + self._sent)

    def resume(self, position: int) -> bool:
        """A new connection to a server that knows this viewer: the rest goes through it. Raises ValueError as above.

        The position may lie before what was acknowledged. False when what follows it is not kept any more: the next connection
        is to be another viewer's, with a :meth:`restart`.
        """
        self._done = min(self._done, max(0, position - self._start))
        if position < self._start:
            return False
        self.acknowledge(position)
        self._sent = self._done
        return True

    def settle(self) -> None:
        """The server said its last word: what it has not acknowledged it never will accept."""
        self._doubtful = self._done

    def restart(self) -> int:
        """A new connection to a server that does not know this viewer: positions begin anew.

        What may have arrived already is dropped, since it must not arrive twice; returns how many bytes that are.
        """
        dropped = max(0, self._doubtful - self._done)
        self._forget(self._done + dropped)
        self._start = self._sent = self._tried = self._doubtful = 0
        return dropped

    def _forget(self, count: int) -> None:
        """The first so many of the kept bytes."""
        del self._kept[:count]
        self._start += count
        self._tried = max(0, self._tried - count)
        self._doubtful = max(0, self._doubtful - count)
        self._done = max(0, self._done - count)
        self._sent = max(0, self._sent - count)


class Accepted:
    """The server's end: how much of one viewer's input it took, and how much of that is safely on its way.

    Taken bytes may wait for a container that is not there yet. They are acknowledged once they left: what waits in a server that
    dies was not. A client that comes back sends the rest again, and :meth:`new` leaves out what was taken.
    """

    def __init__(self, position: int = 0) -> None:
        """``position``: so much came by way of another server."""
        self._taken = position
        self._done = position  # how many of the taken bytes have left
        self._brought = position  # what the present connection has come to

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

    def take(self, count: int) -> int:
        """So many new bytes were taken. Returns the position where they end."""
        self._taken += count
        return self._taken

    def finish(self, position: int) -> None:
        """What was taken up to there has left."""
        self._done = max(self._done, position)

    def give_back(self, position: int) -> None:
        """What was taken from there on will not leave after all: the client is to send it again."""
        self._taken = min(self._taken, position)

    def last_word(self) -> int:
        """Nothing more will be taken: the position to acknowledge at the very end. What is on its way counts as gone."""
        self._done = self._taken
        return self._taken
