"""The terminal on stdin: owning it, handing it to a shell, taking it back in good order."""

import contextlib
import fcntl
import os
import struct
import termios
import tty
from collections.abc import Iterator
from typing import Any

STDIN = 0

# Indices into what termios.tcgetattr returns (POSIX <termios.h>).
_IFLAG, _OFLAG, _LFLAG = 0, 1, 3


class NoTerminalError(Exception):
    """Stdin is not a terminal that this process controls; the message says which."""


def acquire() -> None:
    """Make the terminal on stdin the controlling one, as it already is under a container runtime. Raises NoTerminalError."""
    if not os.isatty(STDIN):
        raise NoTerminalError("stdin is not a terminal; a weaver's container needs `stdin: true` and `tty: true`")
    try:
        os.tcgetpgrp(STDIN)
    except OSError:
        try:
            if os.getsid(0) != os.getpid():
                os.setsid()
            fcntl.ioctl(STDIN, termios.TIOCSCTTY, 0)
        except OSError as error:
            raise NoTerminalError(f"the terminal on stdin belongs to another session ({error.strerror})") from error


def size(descriptor: int) -> tuple[int, int]:
    """Rows and columns of a terminal; 0 and 0 while nobody has told it."""
    try:
        cols, rows = os.get_terminal_size(descriptor)
    except OSError:
        return 0, 0
    return rows, cols


def has_size() -> bool:
    """Whether anyone has told the terminal its size. A container's starts as 0x0 and gets one with its first viewer."""
    return size(STDIN) != (0, 0)


def resize(descriptor: int, rows: int, cols: int) -> None:
    """Tell a terminal its size; who is in its foreground gets SIGWINCH."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


@contextlib.contextmanager
def passed_on(descriptor: int) -> Iterator[None]:
    """Within the block the terminal changes nothing of what goes through it, and nobody waits for it; then it is as before."""
    modes = termios.tcgetattr(descriptor)
    os.set_blocking(descriptor, False)
    tty.setraw(descriptor, termios.TCSANOW)
    try:
        yield
    finally:
        os.set_blocking(descriptor, True)
        with contextlib.suppress(termios.error):  # it is gone
            termios.tcsetattr(descriptor, termios.TCSANOW, modes)


def hand_to(group: int) -> None:
    """Make ``group`` the foreground process group: it gets Ctrl+C, window size changes and may read."""
    os.tcsetpgrp(STDIN, group)


def sane_modes() -> list[Any]:
    """The modes as found, with what ``stty sane`` sets for input lines, echo, signals and newlines."""
    modes = termios.tcgetattr(STDIN)
    modes[_IFLAG] |= termios.BRKINT | termios.ICRNL | termios.IXON
    modes[_OFLAG] |= termios.OPOST | termios.ONLCR
    modes[_LFLAG] |= termios.ISIG | termios.ICANON | termios.IEXTEN
    modes[_LFLAG] |= termios.ECHO | termios.ECHOE | termios.ECHOK | termios.ECHOCTL | termios.ECHOKE
    return modes


def take(modes: list[Any]) -> None:
    """Be in the foreground oneself, with the terminal in ``modes``. What was typed ahead stays."""
    hand_to(os.getpgrp())
    termios.tcsetattr(STDIN, termios.TCSANOW, modes)


def take_back(modes: list[Any]) -> None:
    """As :func:`take` from a shell that ended, without what was typed for that shell."""
    termios.tcflush(STDIN, termios.TCIFLUSH)
    take(modes)


def say(*lines: str) -> None:
    """Write lines to the terminal."""
    write("".join(f"{line}\n" for line in lines).encode())


def write(data: bytes) -> None:
    """Write all of ``data`` to the terminal."""
    while data:
        data = data[os.write(STDIN, data) :]
