"""Connections that break while people work: every typed key arrives once, and the screen is the true one."""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from relay.ghostty import GhosttyScreen
from tests.e2e.conftest import Edition
from tests.e2e.crossing import Crossing, api_leading_to, free_port
from tests.e2e.test_terminal import at_prompt, on_a_line, run
from tests.loom.pseudo_terminal import DEADLINE, PseudoTerminal
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("e2e")

ROWS, COLS = 24, 100
KEY = "the secret of this test's relays, long enough"
#: Until the relay is asked again after it came back, on a machine that does other things as well; the goal is two seconds.
SOON = 10.0


@contextmanager
def attached(edition: Edition, weaver_id: str, port: int) -> Iterator[PseudoTerminal]:
    """``loom attach`` through ``port``, whose relay is nobody else's."""
    with api_leading_to(edition.login["url"], port) as url:
        env = {**edition.env, "LOOM_URL": url}
        with PseudoTerminal(["loom", "attach", weaver_id], env, ROWS, COLS) as terminal:
            terminal.screen.logfile_read = io.BytesIO()
            at_prompt(terminal)
            yield terminal


@pytest.fixture
def idle(edition: Edition) -> Iterator[str]:
    """The id of a weaver that no relay has looked at."""
    done = edition.loom("new", "--no-attach", "--json")
    assert done.returncode == 0, done.stderr
    weaver_id: str = json.loads(done.stdout)["id"]
    until(
        lambda: any(
            pod.metadata.name == f"weaver-{weaver_id}" and pod.status.phase == "Running" for pod in edition.pods()
        )
    )
    yield weaver_id
    assert edition.loom("delete", weaver_id).returncode == 0


@pytest.fixture
def crossing(edition: Edition) -> Iterator[Crossing]:
    crossing = Crossing(urlsplit(edition.relay_url).port or 0)
    yield crossing
    crossing.close()


def shown(terminal: PseudoTerminal) -> list[str]:
    """What the terminal shows after everything it was written."""
    screen = GhosttyScreen(lambda _: None)
    screen.resize(ROWS, COLS)
    screen.feed(terminal.screen.logfile_read.getvalue())
    text: str = screen._terminal.text()
    return [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("seed", [1, 20261123])
def test_keys_and_output_survive_cuts_anywhere(edition: Edition, idle: str, crossing: Crossing, seed: int):
    chance = random.Random(seed)
    typed = b"".join(b"%05d " % number for number in range(1500))
    with attached(edition, idle, crossing.port) as terminal:
        printing = r"(for i in $(seq 400); do printf 'row-%03d\r\n' $i; sleep 0.01; done) &"
        terminal.type(
            f"cd $LOOM_WORKSPACE; stty raw -echo; {printing} head -c {len(typed)} > typed; wait; stty sane; md5sum typed\r".encode()
        )
        terminal.expect("row-001")
        crossing.cut_after = lambda: chance.choice([chance.randint(1, 1500), chance.randint(1000, 9000)])
        rest = typed
        for connections in range(2, 17):
            crossing.cut()
            for _ in range(5):
                piece = chance.randint(1, 40)
                terminal.type(rest[:piece])
                rest = rest[piece:]
            terminal.screen.expect(rb".+")  # the terminal must not fill up
            crossing.until_connections(connections)
        crossing.cut_after = lambda: None
        crossing.cut()
        while rest:
            terminal.type(rest[:1000])
            rest = rest[1000:]
        terminal.expect(f"{hashlib.md5(typed).hexdigest()}  typed")
        at_prompt(terminal)
        crossing.cut()
        crossing.until_connections(crossing.connections + 1)
        run(terminal, "echo still-$((40+2))", "still-42")
        with edition.terminal("attach", idle, rows=ROWS, cols=COLS) as other:
            other.screen.logfile_read = io.BytesIO()
            other.expect("still-42")
            at_prompt(other)
            assert shown(terminal) == shown(other)
            assert "may not have arrived" not in terminal.screen.logfile_read.getvalue().decode()


@contextmanager
def own_relay(edition: Edition, port: int, key: str) -> Iterator["subprocess.Popen[str]"]:
    """A relay beside the edition's own, on a port that is known before it runs."""
    tokens = json.loads((edition.state / "tokens.json").read_text())
    env = {
        "LOOM_SERVER_URL": edition.login["url"],
        "LOOM_KUBECONFIG": str(edition.state / "kubeconfig"),
        "LOOM_NAMESPACE": edition.namespace,
        "LOOM_RELAY_TOKEN": next(one["token"] for one in tokens if one["principal"]["user_id"] == "relay"),
        "LOOM_RELAY_LISTEN": f"127.0.0.1:{port}",
        "LOOM_RELAY_RESUME_KEY": key,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "relay"],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("ready ")
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "key"),
    [(signal.SIGKILL, KEY), (signal.SIGKILL, ""), (signal.SIGTERM, KEY)],
    ids=["killed, known again by the token", "killed, with a new ticket", "ended"],
)
def test_a_relay_that_goes_loses_no_session(edition: Edition, idle: str, number: signal.Signals, key: str):
    port = free_port()
    with own_relay(edition, port, key) as relay, attached(edition, idle, port) as terminal:
        run(terminal, "echo before-$((40+2))", "before-42")
        relay.send_signal(number)
        relay.wait(DEADLINE)
        terminal.expect("connection lost, reconnecting")
        terminal.type(b"echo while-away-$((40+2))\r")
        with own_relay(edition, port, key):
            back_at = time.monotonic()
            on_a_line(terminal, "while-away-42")
            took = time.monotonic() - back_at
            assert took < SOON
            at_prompt(terminal)
            run(terminal, "echo after-$((40+2))", "after-42")
            assert not any("reconnecting" in line for line in shown(terminal))
            terminal.type(b"\x10\x11")
            assert terminal.ends() == 0


def test_a_weaver_that_was_deleted_meanwhile(
    edition: Edition, weaver: Callable[..., dict[str, str]], crossing: Crossing
):
    made = weaver()
    with attached(edition, made["id"], crossing.port) as terminal:
        relay_port, crossing.to = crossing.to, 1
        crossing.cut()
        terminal.expect("connection lost, reconnecting")
        assert edition.loom("delete", made["id"]).returncode == 0
        edition.pod_is_gone(made["id"])
        crossing.to = relay_port
        code = terminal.ends()
        told = terminal.rest()
    assert code in (1, 2), told  # the relay has seen it end, or only the API knows
    assert "deleted" in told or "the weaver is gone" in told


def test_ctrl_c_leaves_while_there_is_no_connection(edition: Edition, idle: str, crossing: Crossing):
    with attached(edition, idle, crossing.port) as terminal:
        crossing.to = 1
        crossing.cut()
        terminal.expect("reconnecting… 2s")
        terminal.type(b"\x03")
        assert terminal.ends() == 0
        assert "come back with: loom attach" in terminal.rest()
        assert terminal.modes() == terminal.modes_before
