"""Records what real programs write to a terminal: ``python -m tests.relay.fidelity.record`` makes ``tests/recordings/terminal`` anew.

Each runs in a pty of 24 rows and 80 columns, in bubblewrap (so that nothing of the machine is in the recording), before a screen
that answers its queries. Needs bubblewrap, vim, htop, less and tmux.
"""

import fcntl
import gzip
import os
import pty
import select
import shlex
import struct
import sys
import termios
import time
from pathlib import Path

from relay.core.queries import Queries, TerminalQuery
from relay.ghostty import GhosttyScreen
from tests.relay.fidelity.recordings import COLS, RECORDINGS, ROWS

SANDBOX = shlex.split("""bwrap --unshare-all --hostname weaver --ro-bind /usr /usr --ro-bind /etc /etc --symlink usr/bin /bin --symlink usr/lib /lib
    --symlink usr/lib64 /lib64 --dev /dev --proc /proc --tmpfs /tmp --dir /tmp/work --chdir /tmp/work --clearenv --setenv TERM xterm-256color
    --setenv LANG C.UTF-8 --setenv HOME /tmp/work --setenv PATH /usr/bin:/bin --setenv PS1 '$ '""")

FILE = r"""for i in $(seq 200); do printf '%d the quick brown fox %s grüße 日本語\n' $i "$(printf '%*s' $((i % 90)) '' | tr ' ' x)"; done >file; """
FILES = "mkdir {a..n}dir; touch {1..40}.txt {1..9}.png; ln -s 1.txt link; chmod +x 1?.txt; "
PROGRESS = r"""printf 'downloading\n'; for i in $(seq 0 2 100); do printf '\r\033[K\033[32m%3d%%\033[0m |%s%*s| %d/100' $i
"$(printf '%*s' $((i / 2)) '' | sed 's/ /█/g')" $((50 - i / 2)) '' $i; sleep 0.01; done; printf '\n\033[1mdone\033[0m\n'""".replace(
    "\n", " "
)
WIDE = r"""for i in 1 2 3; do
printf '日本語のテキスト 한국어 中文 %d\n' $i; printf 'e\u0301 o\u0308 n\u0303 a\u0300\u0301\u0302 क्षि\n'; printf '👨‍👩‍👧‍👦 🇩🇪🇯🇵 👍🏽 ☺️ ❤️ 🏳️‍🌈\n'
printf '漢%.0s' $(seq 45); printf '\n'; printf 'x漢%.0s' $(seq 30); printf '\n\033[7m漢字\033[0m\033[44m 色 \033[0m\033[K\n'
printf '\033[4m下線\033[0m \033]8;;http://example.com/\033\\リンク\033]8;;\033\\ \033(0lqqk\033(B\n'; sleep 0.05; done; printf '\033[3;5H漢\033[3;6Hx\033[20;79H漢漢'"""
LONG = f"echo 'a long line that wraps {'at the edge of the terminal ' * 3}'\r"

#: Name: shell script to run, and what is typed at it, each after a pause.
PROGRAMS: dict[str, tuple[str, list[str]]] = {
    "vim": (FILE + "vim file", ["G", "50G", "dd", "p", "ohello wörld 日本\x1b", ":set number\r", "/fox 9\r", ":split\r", "\x06", "\x02", "x...u",
                                ":set hlsearch\r", "20ix\x1b", "\x17c", "ggVG>", "u", ":wq\r"]),
    "htop": ("htop -d 3", ["", "", "\x1b[B", "\x1b[B", "t", "\x1b[17~", "\x1b", "", "\x1bOQ", "\x1b", "q"]),
    "less": (FILE + r"sed 's/quick/\x1b[31mquick\x1b[0m/' file | less -R", [" ", " ", "j", "j", "b", "/fox\r", "n", "n", "G", "50%", "-S\r", "\x1b[C", "q"]),
    "tmux": (FILES + "tmux -L record -f /dev/null new -x 80 -y 24 'exec sh' ';' set status-right weaver ';' set automatic-rename off",
             ["ls\r", "seq 60\r", "\x02%", "ls -l --color=always\r", '\x02"', "printf '\\033[44m\\033[2Jblue\\n'\r", "\x02o", "\x02[",
              "\x15\x15", "q", "\x02z", "\x02z", "exit\r", "exit\r", "exit\r"]),
    "progress": (PROGRESS, []),
    "wide": (WIDE, []),
    "shell": (FILES + "exec bash --norc --noprofile -i", ["ls --color=always\r", LONG, "\x10\x01\x0b\x19", "\x15", "printf 'a\\tb\\tc\\n\\033[5;10r\\033[10;1H\\n\\n\\033[r'\r",
              "clear\r", "seq 30\r", "tput smcup; echo hi; tput sc; tput cup 5 5; echo there; tput rc; tput rmcup\r", "exit\r"]),
}  # fmt: skip


def record(script: str, typed: list[str]) -> bytes:
    """All output of the program until it ended."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(SANDBOX[0], [*SANDBOX, "bash", "-c", script])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
    screen, queries, output = GhosttyScreen(lambda data: _write(terminal, data)), Queries(), b""
    keys = [key.encode() for key in typed]
    silent_since = time.monotonic()
    while True:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            output += data
            for piece in queries.feed(data):
                (screen.ask(piece.text) if isinstance(piece, TerminalQuery) else screen.feed(piece))
        if keys and time.monotonic() - silent_since > 0.4:
            _write(terminal, keys.pop(0))
            silent_since = time.monotonic()
    os.close(terminal)
    os.waitpid(process, 0)
    return output


def _write(terminal: int, data: bytes) -> None:
    os.write(terminal, data)


def main() -> None:
    """Record those that are named, or all."""
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PROGRAMS:
        output = record(*PROGRAMS[name])
        path: Path = RECORDINGS / f"{name}.vt.gz"
        path.write_bytes(gzip.compress(output, mtime=0))
        print(f"{name}: {len(output)} bytes, {path.stat().st_size} compressed")


if __name__ == "__main__":
    main()
