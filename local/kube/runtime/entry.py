"""The last step inside a container before its own program: ``entry.py FD``.

FD gives a :class:`local.kube.runtime.config.Program`: NUL-separated a status descriptor, whether there is a terminal (0 or
1), the working directory, the number of words of the command, these words, and the environment. ``.`` is written to the
status descriptor when all is ready, then why the program could not be started, if it could not; it closes by itself when it
could. Whoever waits at the other end thus knows, and a server that died meanwhile breaks the pipe, which ends the container
before it began. Run by path with ``python -I -S``, so it imports only what starts fast.
"""

import errno
import fcntl
import os
import signal
import sys
import termios

#: As runc exits when it cannot start the program.
START_ERROR = 128


def main(config: int) -> int:
    status, tty, workdir, count, *words = _read(config).split(b"\0")
    argv, environment = words[: int(count)], words[int(count) :]
    pipe = int(status)
    os.set_inheritable(pipe, False)
    if tty == b"1":
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program inherits what is ignored
        signal.signal(number, signal.SIG_DFL)
    os.write(pipe, b".")
    os.write(pipe, _start(argv, dict(pair.split(b"=", 1) for pair in environment), workdir).encode())
    return START_ERROR


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


def _start(argv: list[bytes], env: dict[bytes, bytes], workdir: bytes) -> str:
    """Only returns when that failed, with the reason in runc's words."""
    try:
        os.chdir(workdir)
    except OSError as error:
        return f'chdir to cwd ("{os.fsdecode(workdir)}") set in config.json failed: {_told(error)}'
    program = os.fsdecode(argv[0])
    try:
        os.execvpe(argv[0], argv, env)  # noqa: S606  # its purpose
    except FileNotFoundError as error:
        missing = f"stat {program}: {_told(error)}" if "/" in program else "executable file not found in $PATH"
        return f'exec: "{program}": {missing}'
    except OSError as error:
        return f'exec: "{program}": {_told(error)}'


def _told(error: OSError) -> str:
    """As Go writes it."""
    return os.strerror(error.errno or errno.EIO).lower()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
