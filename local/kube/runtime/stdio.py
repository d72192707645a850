"""The host's ends of a container's streams: a terminal, or three pipes. Nothing here blocks the event loop."""

import asyncio
import os
import termios
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

#: Called with channel (1 or 2) and data as output comes.
Sink: TypeAlias = Callable[[int, bytes], None]

_CHUNK: Final = 64 * 1024


class Stdio:
    """``outputs`` maps descriptors to channels; ``input`` is None when the container has no stdin; ``child`` are the three
    descriptors for the process, to be closed once it has them."""

    def __init__(self, outputs: Mapping[int, int], input: int | None, child: tuple[int, int, int]) -> None:  # noqa: A002
        self.child = child
        self.drained = asyncio.Event()
        self._outputs = dict(outputs)
        self._input = input
        self._own_input = input is not None and input not in outputs
        self._writing = asyncio.Lock()
        self._writable: asyncio.Future[None] | None = None
        self._paused = False
        self._may_pause = True
        self._sink: Sink | None = None
        for descriptor in {*outputs, *(() if input is None else (input,))}:
            os.set_blocking(descriptor, False)

    def close_child(self) -> None:
        """What the process has is its own."""
        for descriptor in set(self.child):
            os.close(descriptor)

    def start(self, sink: Sink) -> None:
        """From now on output goes to ``sink``."""
        self._sink = sink
        self._watch()

    def pause(self) -> None:
        """Leaves output to the kernel's buffers, which stops the container when they are full."""
        if self._may_pause and not self._paused:
            self._paused = True
            for descriptor in self._outputs:
                asyncio.get_running_loop().remove_reader(descriptor)

    def drain(self) -> None:
        """The container has ended: what is left in the kernel's buffers is little, and taken without any pause."""
        self.resume()
        self._may_pause = False

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._watch()

    async def write(self, data: bytes) -> None:
        """Returns when everything was taken, or when nobody will ever take it."""
        async with self._writing:
            left = memoryview(data)
            while left and self._input is not None:
                try:
                    left = left[os.write(self._input, left) :]
                except BlockingIOError:
                    await self._until_writable(self._input)
                except OSError:  # EIO, EPIPE: nobody reads any more
                    return

    def close_input(self) -> None:
        """End of file for a process that reads a pipe; a terminal has none."""
        if self._own_input and self._input is not None:
            descriptor, self._input = self._input, None
            self._release_writer()
            asyncio.get_running_loop().remove_writer(descriptor)
            os.close(descriptor)

    def resize(self, rows: int, cols: int) -> None:
        if self._input is not None and not self._own_input:
            termios.tcsetwinsize(self._input, (rows, cols))

    def close(self) -> None:
        self.close_input()
        for descriptor in tuple(self._outputs):
            self._ended(descriptor)
        self.drained.set()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        for descriptor in self._outputs:
            loop.add_reader(descriptor, self._readable, descriptor)

    def _readable(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: the last process let go of the terminal
            data = b""
        if not data:
            self._ended(descriptor)
        elif self._sink is not None:
            self._sink(self._outputs[descriptor], data)

    def _ended(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(descriptor)
        del self._outputs[descriptor]
        if descriptor == self._input:
            self._input = None
            self._release_writer()
            loop.remove_writer(descriptor)
        os.close(descriptor)
        if not self._outputs:
            self.drained.set()

    async def _until_writable(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        self._writable = loop.create_future()
        loop.add_writer(descriptor, self._release_writer)
        try:
            await self._writable
        finally:
            if descriptor == self._input:
                loop.remove_writer(descriptor)

    def _release_writer(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)


def terminal(uid: int) -> Stdio:
    """A new terminal of size 0x0, as Kubernetes gives it, that belongs to ``uid`` as far as this process may give it away."""
    master, slave = os.openpty()
    if os.geteuid() == 0:
        os.fchown(slave, uid, -1)
    return Stdio({master: 1}, master, (slave, slave, slave))


def pipes(*, stdin: bool) -> Stdio:
    """Stdout and stderr apart; stdin a pipe, or empty for ever."""
    out, out_child = os.pipe()
    err, err_child = os.pipe()
    if stdin:
        in_child, own = os.pipe()
        return Stdio({out: 1, err: 2}, own, (in_child, out_child, err_child))
    return Stdio({out: 1, err: 2}, None, (os.open(os.devnull, os.O_RDONLY), out_child, err_child))
