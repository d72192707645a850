"""Exec, attach, logs and port-forward as kubectl 1.36 and the official Python client do them."""

import asyncio
import contextlib
import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any

import kubernetes
import pytest

from local.kube.objects import Object
from tests.local.kube.clients.conftest import Kubectl
from tests.local.kube.clients.conftest import pod as plain_pod
from tests.local.kube.conftest import DEADLINE

NAMESPACE = "loom-weavers"

#: Its types say that everything may be None. It leaves sockets to the garbage collector, which runs before each test is over.
official: Any = kubernetes
pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def terminal_pod(name: str, script: str) -> Object:
    found = plain_pod(name, script)
    found["spec"]["containers"][0] |= {"tty": True, "stdin": True}
    return found


@pytest.fixture
def start(kube: Kubectl):
    """Creates a pod and waits until it is ready."""

    async def started(sent: Object) -> None:
        def make() -> None:
            create = kube.command("create", "-f", "-")
            done = subprocess.run(create, input=json.dumps(sent), text=True, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            kube("wait", "--for=condition=Ready", f"pod/{sent['metadata']['name']}", f"--timeout={DEADLINE}s")

        await asyncio.to_thread(make)

    return started


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command: Sequence[str]) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self._seen = b""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, text: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while text.encode() not in self._seen:
            assert select.select([self._master], [], [], max(0, deadline - time.monotonic()))[0], self._seen
            try:
                self._seen += os.read(self._master, 4096)
            except OSError:
                pytest.fail(f"it ended after {self._seen!r}")
        self._seen = self._seen.partition(text.encode())[2]

    def exit_code(self) -> int:
        with contextlib.suppress(OSError):  # EIO: all ends are closed
            while os.read(self._master, 4096):
                pass
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@contextlib.contextmanager
def terminal(command: Sequence[str]) -> Iterator[Terminal]:
    opened = Terminal(command)
    try:
        yield opened
    finally:
        opened.close()


async def test_kubectl_exec(kube: Kubectl, start):
    await start(plain_pod("one", "exec sleep 1000"))

    def run() -> None:
        done = kube.run("exec", "one", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
        assert (done.returncode, done.stdout) == (7, "out\n")
        assert done.stderr == "err\ncommand terminated with exit code 7\n"
        piped = subprocess.run(
            kube.command("exec", "-i", "one", "--", "wc", "-c"),
            input=b"x" * 1_000_000,
            capture_output=True,
            check=False,
        )
        assert (piped.returncode, piped.stdout.strip()) == (0, b"1000000")
        missing = kube.run("exec", "one", "--", "no-such-command")
        assert missing.returncode == 1
        assert 'exec: "no-such-command": executable file not found in $PATH' in missing.stderr

    await asyncio.to_thread(run)


async def test_kubectl_exec_and_attach_on_a_terminal(kube: Kubectl, start):
    await start(terminal_pod("one", "PS1='main> ' exec bash --norc"))

    def run() -> None:
        with terminal(kube.command("exec", "-it", "one", "--", "env", "PS1=second> ", "bash", "--norc")) as second:
            second.until("second> ")
            second.type("exit 5\r")
            second.until("exit code 5")
            assert second.exit_code() == 5
        with terminal(kube.command("attach", "-it", "one")) as main:
            main.until("If you don't see a command prompt")
            main.type("\r")
            main.until("main> ")
            main.type("echo $((20+3))\r")
            main.until("23\r\n")
            main.type("exit\r")
            assert main.exit_code() == 0

    await asyncio.to_thread(run)


async def test_kubectl_logs_follows(kube: Kubectl, start):
    await start(plain_pod("one", "for i in 1 2 3; do echo line $i; sleep 0.3; done"))
    assert await asyncio.to_thread(kube, "logs", "-f", "one") == "line 1\nline 2\nline 3\n"


async def test_kubectl_s_port_forward_is_told_why_not(kube: Kubectl, start):
    await start(plain_pod("one", "exec sleep 1000"))

    def run() -> None:
        command = kube.command("port-forward", "--address", "127.0.0.1", "one", ":9")
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 1
        assert "does not support" in done.stderr

    await asyncio.to_thread(run)


async def test_the_official_client(kube: Kubectl, start):
    script = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler); print(s.server_port, flush=True); s.serve_forever()"
    sent = plain_pod("one", "")
    sent["spec"]["containers"][0] |= {"command": ["python3", "-c", script], "workingDir": "/workspace"}
    await start(sent)

    def run() -> None:
        with official.config.new_client_from_config(str(kube.kubeconfig)) as api_client:
            core = official.client.CoreV1Api(api_client)
            stream = official.stream.stream
            words = ["sh", "-c", "cat; echo err >&2; exit 3"]
            execution = stream(
                core.connect_get_namespaced_pod_exec, "one", NAMESPACE, command=words,
                stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False,
            )  # fmt: skip
            execution.update(timeout=DEADLINE)
            execution.write_stdin("in\n")
            assert execution.readline_stdout(timeout=DEADLINE) == "in"
            execution.close()
            done = stream(
                core.connect_get_namespaced_pod_exec, "one", NAMESPACE, command=["sh", "-c", "echo out; exit 3"],
                stdout=True, stderr=True, _preload_content=False,
            )  # fmt: skip
            done.run_forever(timeout=DEADLINE)
            assert (done.read_stdout(), done.returncode) == ("out\n", 3)
            port = _port(core)
            forward = official.stream.portforward(
                core.connect_get_namespaced_pod_portforward, "one", NAMESPACE, ports=str(port)
            )
            with contextlib.closing(forward.socket(port)) as connection:
                connection.setblocking(True)
                connection.sendall(b"GET /none HTTP/1.0\r\n\r\n")
                assert b"404" in connection.recv(4096)

    await asyncio.to_thread(run)


def _port(core: Any) -> int:
    for line in core.read_namespaced_pod_log("one", NAMESPACE, follow=True, _preload_content=False):
        return int(line)
    raise AssertionError("it wrote no port")
