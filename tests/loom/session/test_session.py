"""The main process of a weaver on a real terminal: shell after shell, signals, orphans, its end."""

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

import loom.wire
from loom.session.main import SHELL_ENDED, TAKES_TAGS, pause_before_next
from tests.loom.conftest import LOOM
from tests.loom.session.conftest import PROMPT

ENDED = SHELL_ENDED.decode()
#: As its own process 1, the way the laptop edition and container runtimes start it.
AS_PID_1 = (
    "bwrap",
    "--dev-bind",
    "/",
    "/",
    "--proc",
    "/proc",
    "--unshare-pid",
    "--as-pid-1",
    "--new-session",
    "--die-with-parent",
)
STARTS = [
    pytest.param({"controlling": True}, id="with-terminal"),
    pytest.param({"controlling": False}, id="without-terminal"),
    pytest.param({"controlling": False, "wrapper": AS_PID_1}, id="as-pid-1", marks=pytest.mark.needs_bwrap),
]


def at_prompt(terminal, keys: bytes) -> None:
    """Type once the shell reads: what is typed before that, another line discipline has seen."""
    terminal.expect(PROMPT)
    terminal.type(keys)


def ask(terminal, command: str) -> str:
    """What ``command`` says in the shell. The marks are put together by the shell, so that its echo has none."""
    at_prompt(terminal, f"echo '<''<'; {command}; echo '>''>'\r".encode())
    terminal.expect("<<\r\n")
    answer: str = terminal.expect(">>\r\n")
    return answer.strip()


def pid_of_shell(terminal) -> int:
    return int(ask(terminal, "echo $$"))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("leave", [b"\x04", b"exit 3\r"])
def test_a_fresh_shell_follows_each_that_ends(session, pod_env, start, leave):
    terminal = session(**start)
    assert terminal.expect("weaver otter (a1b2c3d4) · example.org/o/r@dev\r\n") == TAKES_TAGS.decode()
    terminal.expect("exit or Ctrl+D leaves it running; it ends in ")
    assert ask(terminal, "pwd") == f"{pod_env['LOOM_WORKSPACE']}/r"
    first = pid_of_shell(terminal)
    ask(terminal, "cd /; stty -echo")
    at_prompt(terminal, leave)
    terminal.expect(ENDED)
    terminal.expect("exit or Ctrl+D leaves it running")
    assert ask(terminal, "pwd") == f"{pod_env['LOOM_WORKSPACE']}/r"
    assert pid_of_shell(terminal) != first
    at_prompt(terminal, b"echo sh''own\r")
    assert "echo" in terminal.expect("shown")


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh"])
def test_the_shell_is_interactive_and_in_the_foreground(session, pod_env, start, shell):
    terminal = session(env={**pod_env, "SHELL": shell}, **start)
    assert "i" in ask(terminal, "echo $-")
    assert ask(terminal, "echo $TERM") == "xterm-256color"
    at_prompt(terminal, b"sh -c 'echo beg\"\"un; exec cat'\r")
    terminal.expect("begun")
    terminal.type(b"\x03")
    assert ask(terminal, "echo here") == "here"


@pytest.mark.parametrize("start", STARTS)
def test_the_window_size_reaches_the_shell(session, start):
    terminal = session(**start)
    assert ask(terminal, "stty size") == "24 80"
    terminal.resize(40, 132)
    assert ask(terminal, "stty size") == "40 132"


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_it_ends_the_shell_and_what_runs_in_it(session, start, number, tmp_path):
    terminal = session(**start)
    ask(terminal, "true")
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    held = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    at_prompt(terminal, f"trap '' TERM; exec 9>{fifo}; sleep 1001 & echo run''ning; sleep 1000\r".encode())
    terminal.expect("running")
    try:
        os.kill(main_process(terminal.process.pid), number)
        assert terminal.ends() == 0
        assert select.select([held], [], [], 20)[0], "somebody still holds the pipe"
        assert os.read(held, 1) == b""
    finally:
        os.close(held)


def main_process(pid: int) -> int:
    """``loom session`` itself: where bubblewrap stands in front of it, its child."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if Path(f"/proc/{pid}/comm").read_text().strip() == "bwrap" else pid


def test_a_terminal_that_goes_away_ends_it(session):
    terminal = session()
    ask(terminal, "true")
    pidfd = os.pidfd_open(terminal.process.pid)
    terminal.hang_up()
    assert select.select([pidfd], [], [], 20)[0]
    os.close(pidfd)
    assert terminal.process.wait(20) == 0


@pytest.mark.needs_bwrap
def test_orphans_are_collected(session):
    terminal = session(controlling=False, wrapper=AS_PID_1)
    orphan = int(ask(terminal, "sh -c 'sleep 0.2 >/dev/null & echo $!'"))
    # A zombie keeps its entry in /proc: this loop ends only when somebody has collected it.
    assert ask(terminal, f"while test -d /proc/{orphan}; do sleep 0.05; done; echo collected") == "collected"


@pytest.mark.parametrize("start", STARTS)
def test_a_shell_that_stops_itself_is_woken(session, start):
    terminal = session(**start)
    assert ask(terminal, "kill -STOP $$; echo woken") == "woken"


def test_a_failed_clone_is_told(session, pod_env):
    notes = Path(pod_env["LOOM_WORKSPACE"]) / ".loom"
    notes.mkdir()
    (notes / "clone.status").write_text("128\n")
    (notes / "clone.log").write_text("Cloning into 'r'...\nfatal: repository not found\n")
    terminal = session()
    terminal.expect("the repository could not be cloned (exit code 128):\r\n")
    terminal.expect("fatal: repository not found\r\n")
    assert ask(terminal, "echo here") == "here"


def test_the_chosen_directory_comes_before_the_clone(session, pod_env):
    assert ask(session(env={**pod_env, "LOOM_WORKDIR": pod_env["HOME"]}), "pwd") == pod_env["HOME"]


def test_a_command_of_ones_own_takes_the_shells_place(session):
    terminal = session("--", "sh", "-c", "echo 'I am' it; read line; echo got $line; exec sleep 1000")
    terminal.expect("I am it")
    terminal.type(b"words\r")
    terminal.expect("got words")


def test_commands_that_end_at_once_are_slowed_down(session):
    terminal = session("--", "true")
    terminal.expect(ENDED)
    terminal.expect("true ended at once 2 times; the next one starts in 1 s")
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.ends() == 0


def test_a_command_that_is_not_there_is_told(session):
    session("--", "/no/such/program").expect("/no/such/program: No such file or directory")


@pytest.mark.parametrize(
    ("times", "seconds"), [(0, 0.0), (1, 0.0), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (10_000, 30.0)]
)
def test_how_long_the_pause_is(times, seconds):
    assert pause_before_next(times) == seconds


def test_a_terminal_without_a_size_gets_its_shell_too(session):
    terminal = session(rows=0, cols=0)
    assert ask(terminal, "echo here") == "here"


def test_what_was_typed_ahead_reaches_the_first_shell(session):
    terminal = session(rows=0, cols=0)
    terminal.type(b"echo typed a''head\r")
    terminal.expect("leaves it running")
    terminal.expect("typed ahead")


def test_without_a_terminal_it_says_what_the_container_needs():
    done = subprocess.run([*LOOM, "session"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.endswith("a weaver's container needs `stdin: true` and `tty: true`\n")


def test_the_private_sequence_is_the_protocols():
    assert loom.wire.SHELL_ENDED == SHELL_ENDED
    assert loom.wire.TAKES_TAGS == TAKES_TAGS
