"""Takes the documentation's screenshots: ``python -m scripts.screenshots [NAME…]`` runs the laptop edition and `loom` in tmux.

What stands in the terminal is drawn as SVG into docs/screenshots, in no font that would have to be fetched. Made anew when what people
see has changed, looked at, and committed.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.terminal_picture import picture

FOLDER: Final = Path("docs/screenshots")
_DEADLINE: Final = 60.0  # seconds, for any one thing to appear
_LOOK: Final = 0.1  # seconds between two looks at a screen
_SHELL: Final = "bash --rcfile {}/rc"


class Edition:
    """The laptop edition and its user: a home of their own, and the repository that it serves."""

    def __init__(self, home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOOM_", "XDG_", "TMUX"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env: Mapping[str, str] = {**kept, "HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--state", str(home / "state")],
            env=self.env, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.repo = self._url_of("git") + "/hello.git"

    def _url_of(self, part: str) -> str:
        urls: dict[str, str] = {}
        for line in self._process.stdout or ():
            if match := re.fullmatch(r"  (\w+) +(http\S+)\n", line):
                urls[match[1]] = match[2]
            if line.startswith("Ctrl+C ends"):
                return urls[part]
        raise RuntimeError(f"the edition ended with exit code {self._process.wait()}")

    def loom(self, *arguments: str) -> str:
        """A command of which nothing is shown; what it put out."""
        command = ["loom", *arguments]
        return subprocess.run(
            command, env=self.env, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
        ).stdout

    @contextmanager
    def without_relay(self) -> Iterator[None]:
        """The relay is gone, and nobody has noticed yet but its viewers. The edition ends afterwards."""
        pid = str(self._process.pid)
        found = subprocess.run(
            ["pgrep", "-P", pid, "-f", "python.* -m relay"], check=True, capture_output=True, text=True
        )
        self._process.send_signal(signal.SIGSTOP)
        try:
            os.kill(int(found.stdout), signal.SIGKILL)
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_DEADLINE)


class Screen:
    """A tmux of its own with one window, in which a shell runs."""

    def __init__(self, edition: Edition, columns: int = 100, rows: int = 24) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="weavers-tmux-")
        self._env = edition.env
        Path(self._folder.name, "rc").write_text("PS1='$ '\n")
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), _SHELL.format(self._folder.name))
        self._tmux("set", "-g", "status", "off")
        self.shows(r"\$")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", f"{self._folder.name}/socket", "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self._env, check=True, capture_output=True, text=True).stdout

    def types(self, text: str, *, enter: bool = True, pane: int = 0) -> None:
        self._tmux("send-keys", "-t", f":.{pane}", "-l", text)
        if enter:
            self.key("Enter", pane=pane)

    def key(self, name: str, *, pane: int = 0) -> None:
        self._tmux("send-keys", "-t", f":.{pane}", name)

    def split(self) -> None:
        """A second pane beside the first."""
        self._tmux("split-window", "-h", _SHELL.format(self._folder.name))

    def shows(self, pattern: str, *, pane: int = 0) -> None:
        """Wait until the pane shows the regular expression."""
        _until(pattern, lambda: self._tmux("capture-pane", "-p", "-t", f":.{pane}"))

    def content(self) -> list[str]:
        """The first pane's lines with their escape sequences, without the empty ones at the end."""
        return self._tmux("capture-pane", "-e", "-p", "-t", ":.0").rstrip().splitlines()

    @contextmanager
    def outer(self, edition: Edition, columns: int, rows: int) -> Iterator["Screen"]:
        """Another tmux that shows this one whole, with all its panes."""
        outer = Screen(edition, columns, rows)
        try:
            outer.types(f"exec env TMUX= tmux -S {self._folder.name}/socket attach")
            yield outer
        finally:
            outer.close()

    def close(self) -> None:
        self._tmux("kill-server")
        self._folder.cleanup()


def _until(pattern: str, look: Callable[[], str]) -> None:
    ends = time.monotonic() + _DEADLINE
    while not re.search(pattern, seen := look()):
        if time.monotonic() > ends:
            raise RuntimeError(f"{pattern!r} did not appear in:\n{seen}")
        time.sleep(_LOOK)


def new(edition: Edition, screen: Screen) -> list[str]:
    """A shell in a fresh weaver."""
    screen.types(f"loom new --name tour --repo {edition.repo}")
    screen.shows(r"workspace/hello\$")
    screen.types("python3 hello.py")
    screen.shows(r"inside the weaver\n")
    screen.types("git log --oneline")
    screen.shows(r"\n\w{7} ")
    return screen.content()


def waiting(_: Edition, screen: Screen) -> list[str]:
    """An image that cannot be pulled, and Ctrl+C."""
    screen.types("loom new --name typo --image registry.invalid/team/app:1.0")
    screen.shows("ImagePullBackOff")
    screen.key("C-c")
    screen.shows(r"delete the weaver")
    screen.types("y", enter=True)
    screen.shows(r"deleted typo")
    return screen.content()


def failing(edition: Edition, screen: Screen) -> list[str]:
    """Commands that are refused, a weaver that ends at once, a branch that is not there."""
    screen.types("loom new --ttl 72h")
    screen.shows(r"48")
    screen.types("loom new --name brief -- sh -c 'echo no configuration found; exit 3'")
    screen.shows(r"needs a main process")
    screen.types(f"loom new --name clone --repo {edition.repo} --branch release-9")
    screen.shows(r"workspace\$")
    return screen.content()


def ps(edition: Edition, screen: Screen) -> list[str]:
    """Weavers of all kinds."""
    edition.loom("new", "--name", "tour", "--repo", edition.repo, "--json")
    edition.loom("new", "--name", "batch", "--ttl", "30m", "--tag", "team:blue", "--json", "--", "sleep", "600")
    edition.loom("new", "--name", "brief", "--json", "--", "sh", "-c", "sleep 2; exit 3")
    edition.loom("new", "--ttl", "1d", "--tag", "team:blue", "--tag", "ticket:4711", "--json")
    _until("failed", lambda: edition.loom("ps"))
    edition.loom("new", "--name", "next", "--no-attach")
    screen.types("loom ps")
    screen.shows(r"(?s)TAGS.*tour.*\n\$")
    screen.types("loom ps --tag team:blue")
    screen.shows(r"(?s)--tag team:blue.*batch.*\n\$")
    return screen.content()


def two_viewers(edition: Edition, screen: Screen) -> list[str]:
    """Two people in one weaver, side by side."""
    with screen.outer(edition, 121, 16) as both:
        screen.split()
        screen.types(f"loom new --name pair --repo {edition.repo}")
        screen.shows(r"workspace/hello\$")
        screen.types("loom attach pair", pane=1)
        screen.shows(r"workspace/hello\$", pane=1)
        screen.types("python3 hello.py")
        screen.shows(r"inside the weaver\n", pane=1)
        screen.types("# nice, I see it too", pane=1)
        screen.shows("I see it too")
        both.shows("(?s)I see it too.*I see it too")
        return both.content()


def reconnecting(edition: Edition, screen: Screen) -> list[str]:
    """The relay goes away under an attached terminal."""
    screen.types(f"loom new --name tour --repo {edition.repo}")
    screen.shows(r"workspace/hello\$")
    screen.types("python3 hello.py")
    screen.shows(r"inside the weaver\n")
    with edition.without_relay():
        screen.shows("reconnecting… [2-9]s")
        return screen.content()


SHOTS: Final[Mapping[str, Callable[[Edition, Screen], list[str]]]] = {
    "new": new,
    "waiting": waiting,
    "failing": failing,
    "ps": ps,
    "two-viewers": two_viewers,
    "reconnecting": reconnecting,
}
_TITLES: Final = {"two-viewers": "one weaver, two terminals"}
_SIZES: Final = {"two-viewers": (121, 16), "reconnecting": (100, 12)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(SHOTS)}; all without")
    names = parser.parse_args().names or list(SHOTS)
    for name in names:
        _take(name)
    return 0


def _take(name: str) -> None:
    """Every shot has an edition of its own: none shows what another one left."""
    columns, rows = _SIZES.get(name, (100, 24))
    with tempfile.TemporaryDirectory(prefix="weavers-shot-") as home:
        edition = Edition(Path(home))
        try:
            screen = Screen(edition, columns, rows)
            try:
                lines = SHOTS[name](edition, screen)
            finally:
                screen.close()
        finally:
            edition.end()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.svg").write_text(picture(lines, columns, _TITLES.get(name, "Terminal"), name))
    print(FOLDER / f"{name}.svg")


if __name__ == "__main__":
    sys.exit(main())
