"""The ``loom`` command: dispatch, and what went wrong as one line and an exit code.

It imports next to nothing by itself: ``loom session`` runs in every weaver and must stay small.
"""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from loom.cli.exit_codes import BROKEN_PIPE, INTERRUPTED

#: Objects between two collections of garbage: Python's 700 make it look for some, in vain, all through a start: 7 of 80 ms.
_GARBAGE = 50_000


def entry() -> NoReturn:
    """The program: :func:`main`, and an end at once. Python would spend a tenth of a quick command on taking itself apart."""
    gc.set_threshold(_GARBAGE)
    code = main()
    with suppress(OSError):  # whoever read it has gone
        sys.stdout.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 for success, 1 for a user's error, 2 for ours or the server's."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["session"]:
        from loom.session.main import main as session

        return session(arguments[1:])
    try:
        if arguments[:1] == ["__complete"]:
            from loom.cli.completion import complete

            return complete(arguments[1:])
        return _run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("\nloom: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter's own flush at exit must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(arguments: Sequence[str]) -> int:
    from loom.cli.parser import parse
    from loom.client.errors import LoomError

    try:
        options = parse(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
    except LoomError as error:
        sys.stderr.write(f"loom: {error}\n")
        return error.exit_code
    return code
