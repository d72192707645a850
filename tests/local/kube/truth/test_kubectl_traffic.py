"""kubectl 1.36 runs each recorded command here and makes the recorded requests, with the recorded answers and exit status.

Requests come from its own log (``-v=6``); versions, tokens, hashes and timeouts in them are its own.
"""

import json
import os
import pty
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import pytest

from scripts.kubectl import kubectl
from tests.local.kube.clients.conftest import MANIFESTS, Kubectl, pod
from tests.local.kube.recordings import RECORDINGS
from tests.local.kube.truth.tried import Tried
from tests.processes import part

tried: Final = Tried()

FOLDER: Final = RECORDINGS / "kubectl-traffic"
#: One request: verb, path, query and status.
Request = tuple[str, str, tuple[tuple[str, str], ...], str]
#: In a query, what is different every time.
VARYING: Final = ("continue", "hash", "resourceVersion", "timeoutSeconds", "timeout")
#: The pod that commands are about which leave it as it is.
SHARED: Final = "weaver-truth"
_NAMES: Final = re.compile(r"weaver-01[0-9a-f-]{34}|weaver-truth[a-z-]*")


def request(verb: str, url: str, status: str) -> Request:
    parts = urlsplit(_NAMES.sub("POD", url))
    query = []
    for key, value in parse_qsl(parts.query):
        selected = sorted(re.sub(r"(uid|weaver-id)=.*", r"\1=…", part) for part in value.split(","))
        query.append((key, "…" if key in VARYING else ",".join(selected)))
    return verb, parts.path, tuple(sorted(query)), status


def without_pages(requests: list[Request]) -> list[Request]:
    """The pages after the first are as many as there are objects."""
    return [one for one in requests if not any(key == "continue" for key, _ in one[2])]


class Recording:
    """``words`` is the command without kubectl; ``status`` is None where the recorder stopped it."""

    def __init__(self, name: str) -> None:
        lines = (FOLDER / f"{name}.txt").read_text().splitlines()
        self.words = shlex.split(lines[0].partition("kubectl 1.36: kubectl ")[2])
        told = lines[1].rpartition("exit status ")[2]
        self.status = int(told) if told.isdigit() else None
        self.warm = "cache warm" in lines[1]
        asked = [re.match(r"(GET|POST|PUT|PATCH|DELETE) (\S+)", line) for line in lines]
        answered = [re.match(r"  < (\d{3} .*)", line) for line in lines]
        requests = zip(filter(None, asked), filter(None, answered), strict=True)
        self.requests = [request(found[1], found[2], status[1]) for found, status in requests]


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """An administrator of a server of its own, who has asked it what it can."""
    folder = tmp_path_factory.mktemp("kubectl")
    kubeconfig = folder / "kubeconfig"
    words = ("--state", str(folder / "state"), "--kubeconfig", str(kubeconfig), "--tls", "--manifests", str(MANIFESTS))
    with part("local.kube", *words):
        kube = Kubectl(kubeconfig, folder)
        kube("api-resources")
        create(kube, SHARED)
        yield kube


def sent(name: str, script: str = "exec cat", **labels: str) -> str:
    """The manifest of a pod that waits for input, with an init container called clone."""
    found = pod(name, script)
    found["metadata"]["labels"] |= labels
    main = found["spec"]["containers"][0]
    main |= {"stdin": True, "tty": name.endswith("tty")}
    found["spec"]["initContainers"] = [{**main, "name": "clone", "command": ["true"], "stdin": False, "tty": False}]
    return json.dumps(found)


def create(kube: Kubectl, name: str, script: str = "exec cat", **labels: str) -> None:
    """A pod that runs."""
    command = kube.command("create", "-f", "-")
    subprocess.run(command, input=sent(name, script, **labels), text=True, check=True, stdout=subprocess.DEVNULL)
    kube("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=30s")


def run(kube: Kubectl, name: str, pod_name: str, *, stdin: str = "", tty: bool = False) -> None:
    """Runs the recorded command about ``pod_name`` and compares. One that was stopped is stopped after as many requests."""
    recording = Recording(name)
    words = [word if "absent" in word else _NAMES.sub(pod_name, word) for word in recording.words]
    words = [word for word in words if not word.startswith("--bound-object-uid")]
    cache = kube.folder / ("cache" if recording.warm else f"cold-{name}")
    command = [str(kubectl()), f"--kubeconfig={kube.kubeconfig}", f"--cache-dir={cache}", "-v=6", *words]
    ours, theirs = pty.openpty() if tty else (None, None)
    made: list[Request] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE if theirs is None else theirs,
        stdout=subprocess.DEVNULL if theirs is None else theirs,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            if ours is not None:
                os.write(ours, stdin.encode())
            elif process.stdin is not None and recording.status is not None:
                process.stdin.write(stdin.encode())
                process.stdin.close()
            assert process.stderr is not None
            for line in process.stderr:
                found = re.search(r'"Response" verb="(\w+)" url="([^"]+)" status="(\d{3} [^"]+)"', line.decode())
                made += [request(found[1], found[2], found[3])] if found else []
                if recording.status is None and len(made) == len(recording.requests):
                    break
        finally:
            if recording.status is None or tty:
                process.terminate()
            for descriptor in (ours, theirs):
                if descriptor is not None:
                    os.close(descriptor)
    made = [one for one in made if one[1] != "/openapi/v2"]  # deviates: see the rows
    assert without_pages(made) == without_pages(recording.requests)
    if recording.status is not None and not tty:
        assert process.returncode == recording.status


@tried(
    """
    attach-output-only auth-can-i cp-to-pod create-already-exists create-token describe describe-warm-cache events-for-pod
    exec get-events get-pod-json get-pod-yaml-show-managed-fields get-pods get-pods-all-namespaces get-pods-chunked
    get-pods-selector-wide get-pods-warm-cache get-pods-watch logs logs-container-tail-timestamps wait-jsonpath wait-ready
    """
)
def test_commands_about_a_pod_that_runs(kube: Kubectl, name: str):
    run(kube, name, SHARED, stdin=sent(SHARED))


@tried("annotate delete delete-force delete-no-wait label patch")
def test_commands_that_change_a_pod_that_runs(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    create(kube, pod_name)
    run(kube, name, pod_name)


@tried("api-resources delete-not-found exec-not-found get-namespaces get-pod-not-found version wait-delete")
def test_commands_about_no_pod(kube: Kubectl, name: str):
    run(kube, name, "")


@tried("create create-validate-false apply-new")
def test_making_a_pod(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    run(kube, name, pod_name, stdin=sent(pod_name))


@tried("apply-changed apply-unchanged")
def test_applying_again(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    command = kube.command("apply", "-f", "-")
    subprocess.run(command, input=sent(pod_name), text=True, check=True, stdout=subprocess.DEVNULL)
    run(kube, name, pod_name, stdin=sent(pod_name, **({"changed": "yes"} if name == "apply-changed" else {})))


@tried("delete-by-selector")
def test_deleting_by_a_label(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    selected = Recording(name).words[Recording(name).words.index("-l") + 1]
    create(kube, pod_name, **dict([selected.split("=")]))
    run(kube, name, pod_name)


@tried("exec-stdin")
def test_input_for_a_program(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    create(kube, pod_name)
    run(kube, name, pod_name, stdin="hello\n")


@tried("exec-tty attach-tty")
def test_a_terminal(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    create(kube, pod_name, "read line; exit 1")
    run(kube, name, pod_name, stdin="exit 4\r", tty=True)


@tried("logs-follow")
def test_following_a_log_to_its_end(kube: Kubectl, name: str):
    pod_name = f"weaver-truth-{name}"
    create(kube, pod_name, "echo one; sleep 1; echo two")
    run(kube, name, pod_name)


SCENARIOS: Final = tried
