"""The product's main job through real processes, sockets and terminals: a shell in a weaver, left and found again."""

import re

import pytest

from tests.e2e.conftest import Edition
from tests.loom.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.xdist_group("e2e")

#: In an image without `loom session`, the first two end the weaver.
DETACH_KEYS = [
    pytest.param(b"\x04", id="Ctrl+D", marks=pytest.mark.loom_session),
    pytest.param(b"exit\r", id="exit", marks=pytest.mark.loom_session),
    pytest.param(b"\x10\x11", id="Ctrl+P Ctrl+Q"),
]


def at_prompt(terminal: PseudoTerminal) -> None:
    terminal.screen.expect(rb"[$#] ")  # # for root, whose plain processes stay root's


def run(terminal: PseudoTerminal, command: str, output: str) -> None:
    """Types ``command``; waits for ``output`` on a line of its own, and for the next prompt."""
    terminal.type(command.encode() + b"\r")
    on_a_line(terminal, output)
    at_prompt(terminal)


def on_a_line(terminal: PseudoTerminal, output: str) -> None:
    """Waits for ``output`` as a whole line: the shell may have ended bracketed paste, and returned, before it."""
    terminal.screen.expect(rb"[\r\n]" + re.escape(output.encode()) + rb"\r\n")


def test_new_clones_and_gives_a_shell_in_the_clone(edition: Edition):
    there = ["--workdir", edition.clone] if edition.main else []  # `loom session` goes there by itself
    with edition.terminal("new", "--name", "first", "--repo", edition.repo, *there) as terminal:
        terminal.expect("cloned")
        terminal.expect("ready")
        at_prompt(terminal)
        run(terminal, 'echo "in $PWD"', f"in {edition.clone}")
        run(terminal, "git rev-parse --is-inside-work-tree", "true")
        run(terminal, "git cat-file -t HEAD", "commit")
        terminal.type(b"\x10\x11")
        assert terminal.ends() == 0
        assert "loom attach" in terminal.rest()
        assert terminal.modes() == terminal.modes_before
    [listed] = [one for one in edition.listed() if one["name"] == "first"]
    assert listed["status"] == "running"
    assert edition.loom("delete", "first").returncode == 0
    edition.pod_is_gone(listed["id"])


@pytest.mark.parametrize("keys", DETACH_KEYS)
def test_leaving_keeps_the_weaver_and_its_files(edition: Edition, weaver, keys):
    made = weaver()
    with edition.terminal("attach", made["short_id"]) as terminal:
        at_prompt(terminal)
        run(terminal, "echo kept > $LOOM_WORKSPACE/note; echo written", "written")
        terminal.type(keys)
        assert terminal.ends() == 0
        assert f"come back with: loom attach {made['short_id']}" in terminal.rest()
    [listed] = [one for one in edition.listed() if one["id"] == made["id"]]
    assert listed["status"] == "running"
    with edition.terminal("attach", made["short_id"]) as terminal:
        at_prompt(terminal)
        terminal.type(b"cat $LOOM_WORKSPACE/note\r")
        on_a_line(terminal, "kept")


def test_two_terminals_see_the_same(edition: Edition, weaver):
    made = weaver("--name", "shared")
    with edition.terminal("attach", "shared") as one:
        at_prompt(one)
        run(one, "echo from-$((40+2))-before", "from-42-before")
        with edition.terminal("attach", made["short_id"]) as other:
            other.expect("from-42-before")  # a late viewer gets the screen
            at_prompt(other)
            one.type(b"echo one-$((1+1))\r")
            other.expect("one-2")
            one.expect("one-2")
            other.type(b"echo other-$((2+2))\r")
            one.expect("other-4")
            other.expect("other-4")
            other.type(b"\x10\x11")
            assert other.ends() == 0
        run(one, "echo still-$((3+3))", "still-6")


def test_a_resize_reaches_the_program(edition: Edition, weaver):
    made = weaver()
    with edition.terminal("attach", made["short_id"], rows=31, cols=101) as terminal:
        at_prompt(terminal)
        run(terminal, "stty size", "31 101")
        terminal.resize(40, 133)
        terminal.process.send_signal(28)  # SIGWINCH; a terminal emulator's ioctl sends it to its foreground group
        terminal.type(b"until [ \"$(stty size)\" = '40 133' ]; do sleep 0.05; done; stty size\r")
        on_a_line(terminal, "40 133")


def test_delete_ends_pod_and_viewers(edition: Edition, weaver):
    made = weaver()
    with edition.terminal("attach", made["short_id"]) as terminal:
        at_prompt(terminal)
        assert edition.loom("delete", made["short_id"]).returncode == 0
        assert terminal.ends() == 1
        assert "was deleted" in terminal.rest()
    edition.pod_is_gone(made["id"])
    assert made["id"] not in [one["id"] for one in edition.listed()]
    assert edition.loom("delete", made["id"]).returncode == 0, "deleting again is no error"


def test_the_sweep_ends_what_expired(edition: Edition):
    with edition.terminal("new", "--name", "brief", "--ttl", edition.brief) as terminal:
        at_prompt(terminal)
        [made] = [one for one in edition.listed() if one["name"] == "brief"]
        assert terminal.ends() == 1
        assert "expired" in terminal.rest()
    edition.pod_is_gone(made["id"])


def test_a_container_that_ends_at_once_says_so(edition: Edition):
    with edition.terminal("new", "--name", "short", "--", "sh", "-c", "echo last words; exit 3") as terminal:
        code = terminal.ends()
        shown = terminal.rest()
    assert code == 3, shown
    assert re.search(r"last words.*short ended.*3", shown, re.DOTALL), shown
    assert "a main process that keeps running" in shown
    edition.loom("delete", "short")


def test_a_repository_that_cannot_be_cloned_leaves_a_weaver_to_work_in(edition: Edition):
    with edition.terminal("new", "--name", "cloneless", "--repo", edition.missing_repo) as terminal:
        terminal.screen.expect(rb"the repository (?:could not be|was not) cloned")  # by the banner, or by the relay
        at_prompt(terminal)
        run(terminal, "echo usable", "usable")
        terminal.type(b"\x10\x11")
        assert terminal.ends() == 0
    assert edition.loom("delete", "cloneless").returncode == 0
