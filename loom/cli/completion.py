"""Completion: the scripts that shells load, and ``loom __complete``, which they ask at every Tab.

``loom __complete words WORD...`` takes the words after ``loom`` up to the cursor, the last one unfinished or empty;
``loom __complete line LINE`` the command line up to the cursor, for bash, which splits words at ``:`` and ``=``. Answers are
lines ``WORD<tab>DESCRIPTION``. Nobody reads errors there: on any, the answer is empty.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from loom.cli.candidates import candidates
from loom.cli.output import out
from loom.client.errors import LoomError
from loom.printable import printable

#: Seconds a Tab may take in all.
_PATIENCE = 1.0

_BASH = """\
_loom() {
    local word
    COMPREPLY=()
    while IFS=$'\\t' read -r word _; do
        COMPREPLY+=("${word#--*=}")  # to bash, --option=value is three words
    done < <(loom __complete line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _loom loom
"""
_ZSH = """\
#compdef loom
_loom() {
    local -a candidates
    local word description
    loom __complete words "${(@)words[2,CURRENT]}" 2>/dev/null | while IFS=$'\\t' read -r word description; do
        candidates+=("${word//:/\\\\:}:$description")
    done
    _describe loom candidates
}
if [ "${funcstack[1]}" = _loom ]; then _loom "$@"; else compdef _loom loom; fi
"""
_FISH = """\
function __loom_complete
    set -l words (commandline -opc) (commandline -ct)
    loom __complete words $words[2..] 2>/dev/null
end
complete --command loom --no-files --arguments '(__loom_complete)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def run(options: argparse.Namespace) -> int:
    """``loom completion SHELL``."""
    sys.stdout.write(SCRIPTS[options.shell])
    return 0


def complete(arguments: Sequence[str]) -> int:
    """``loom __complete``. Returns 0 whatever happens; ends the process with 1, and no answer, when it takes too long."""
    match arguments:
        case ["line", line]:
            words = _split(line)[1:]
        case ["words", *words]:
            pass
        case _:
            return 0
    # It is a blocking call that is waited for, through whatever the network does: only a signal ends it in time.
    signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(1))
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    try:
        found = [*candidates(words or [""])]
    except LoomError:
        return 0
    for word, description in found:
        out(f"{printable(word)}\t{printable(description)}")
    sys.stdout.flush()
    return 0


def _split(line: str) -> list[str]:
    """The words of a line as a shell reads them; the last one is empty after a space, and may lack its closing quote."""
    for quote in ("", "'", '"'):
        try:
            words = shlex.split(line + quote)
        except ValueError:
            continue
        return [*words, ""] if line[-1:].isspace() and not quote else words
    return []
