"""What a person reads when something is wrong: the very words, on one line where there is one thing to say."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import kubernetes.client
import kubernetes.config
import pytest
import yaml
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chalicelib.domain.tickets import ALGORITHM
from local.edition import MANIFESTS
from tests.e2e.client import Client
from tests.e2e.conftest import NAMESPACE, Edition, running_edition
from tests.loom.pseudo_terminal import DEADLINE
from tests.processes import marked_processes
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("e2e")

#: What was typed after `loom new`, and the one line that answers it.
REFUSED = {
    "--ttl 49": "--ttl (hours) must be more than 0 and at most 48",
    "--ttl 0": "--ttl '0': a lifetime must be longer than nothing",
    "-e LOOM_TOKEN=x": "env: 'LOOM_TOKEN': names that begin with LOOM_ are reserved",
    "-e 1BAD=x": "env: '1BAD' is not a name for an environment variable",
    "--repo ssh://git@example.com/o/r": "repo: must be an https URL",
    "--repo https://user:secret@example.com/o/r": "repo: must not carry credentials",
    "--repo https://example.com/o/r --branch=-x": "branch: must not begin with '-'",
    "--repo https://example.com/o/r --branch a..b": "branch: is not a name that git allows (git check-ref-format)",
    "--branch main": "branch: needs a repo to be a branch of",
    "--name Bad": "name: must be at most 40 lower-case letters, digits and '-', beginning with a letter",
    "--name cafe": "name: must not look like an id: use a letter after f",
    "--memory 1X": "--memory: must be a Kubernetes quantity such as 512Mi, 2Gi, 500m or 1.5",
    "--cpu 0": "--cpu: must be from 10m to 256",
    "--workdir here": "workdir: must be an absolute path",
    "--tag bad!:x": "--tag: 'bad!': keys are at most 63 letters, digits and -_./",
}


@pytest.mark.parametrize(("typed", "told"), REFUSED.items(), ids=REFUSED)
def test_a_bad_request_is_one_line_that_names_the_field(edition: Edition, typed, told):
    done = edition.loom("new", *typed.split())
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"loom: {told}\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [("image", "x" * 513), ("image", "a\nb"), ("name", "n" * 41), ("branch", "b" * 513), ("workdir", "/\x1b[2J")],
)
def test_what_is_too_long_or_has_control_characters_is_named_and_not_repeated(edition: Edition, field, value):
    extra = ["--repo", "https://example.com/o/r"] if field == "branch" else []
    done = edition.loom("new", f"--{field}", value, *extra)
    assert done.returncode == 1
    assert done.stderr.startswith(f"loom: {field}: ")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 200


def test_an_image_that_cannot_be_pulled(edition: Edition):
    started = time.monotonic()
    with edition.terminal("new", "--name", "unpulled", "--image", "registry.invalid/tools:1", cols=200) as terminal:
        terminal.expect("this image runs no loom session: exit and Ctrl+D end the weaver, Ctrl+P Ctrl+Q detaches")
        terminal.expect('waiting: ImagePullBackOff: Back-off pulling image "registry.invalid/tools:1"')
        seconds = time.monotonic() - started
        terminal.screen.expect(rb"no such host|server misbehaving|i/o timeout")  # as the cluster's name server has it
        terminal.type(b"\x03")
        terminal.expect("delete the weaver unpulled? [y/N] ")
        terminal.type(b"y\r")
        assert terminal.ends() == 130
        assert "loom: deleted unpulled" in terminal.rest()
    print(f"ImagePullBackOff was told after {seconds:.1f} s")
    assert "unpulled" not in [one["name"] for one in edition.listed() if one["status"] != "terminating"]


def test_ctrl_c_while_waiting_may_keep_the_weaver(edition: Edition):
    with edition.terminal("new", "--name", "kept", "--image", "registry.invalid/tools:1") as terminal:
        terminal.screen.expect(rb"waiting: (?:ErrImagePull|ImagePullBackOff)")
        terminal.type(b"\x03")
        terminal.expect("[y/N] ")
        terminal.type(b"\r")
        assert terminal.ends() == 130
        assert "kept keeps starting; come back with: loom attach" in terminal.rest()
    assert edition.loom("delete", "kept").returncode == 0


@pytest.mark.loom_session  # the words are its banner's
def test_a_branch_that_is_not_there(edition: Edition):
    with edition.terminal("new", "--name", "branchless", "--repo", edition.repo, "--branch", "gone") as terminal:
        terminal.expect("the repository could not be cloned (exit code 128):")
        terminal.expect("fatal: Remote branch gone not found in upstream origin")
        terminal.screen.expect(rb"[$#] ")
        terminal.type(b"echo us''able\r")
        terminal.expect("usable")
        terminal.type(b"\x10\x11")
        assert terminal.ends() == 0
    [listed] = [one for one in edition.listed() if one["name"] == "branchless"]
    assert (listed["status"], listed["reason"]) == ("running", "CloneFailed")
    assert edition.loom("delete", "branchless").returncode == 0


def loom_with(edition: Edition, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["loom", *arguments], env={**edition.env, **env}, capture_output=True, text=True, timeout=DEADLINE,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_an_api_that_is_down(edition: Edition):
    done = loom_with(edition, "ps", LOOM_URL="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "loom: the API at http://127.0.0.1:9 cannot be reached: Connection refused\n"


def test_a_wrong_token(edition: Edition):
    done = loom_with(edition, "ps", LOOM_TOKEN="loom_wrong")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"loom: the API at {edition.login['url']} refused the token: the bearer token is not known; see: loom config\n"
    )
    assert done.stderr.count("\n") == 1


def test_a_weaver_that_is_not_there(edition: Edition):
    done = edition.loom("attach", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("loom: ")
    assert done.stderr.count("\n") == 1


def test_clocks_that_differ(edition: Edition, weaver):
    """A ticket as an API would sign it whose clock is an hour ahead of the relay's, or behind."""
    made = weaver()
    now = int(time.time())
    for iat, told in (
        (now + 3600, r"the ticket is from \d+ s in the future: the clocks of API and relay differ"),
        (now - 3600, r"the ticket expired \d+ s ago; if it is fresh, the clocks of API and relay differ"),
    ):
        status, message = relay_answer(edition, made["id"], iat)
        assert status == 401
        assert re.fullmatch(told, message)


def relay_answer(edition: Edition, weaver_id: str, iat: int) -> tuple[int, str]:
    """Status and message with which the relay refuses a ticket made at ``iat``."""
    api = Client(edition.login["url"], edition.login["token"])
    good = api("POST", f"/api/weaver/{weaver_id}/ticket", {})[1]["ticket"]
    claims = jwt.decode(good, options={"verify_signature": False}) | {"iat": iat, "exp": iat + 60}
    key: Any = load_pem_private_key((edition.state / "ticket-key.pem").read_bytes(), password=None)
    ticket = jwt.encode(claims, key, ALGORITHM, headers={"kid": jwt.get_unverified_header(good)["kid"]})
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    status, body, _ = Client(edition.relay_url, ticket)(
        "GET", f"/api/weaver/{weaver_id}/attach", None, None, **handshake
    )
    return status, body["error"]["message"]


def test_no_configuration_at_all(edition: Edition, tmp_path: Path):
    done = loom_with(edition, "ps", HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("loom: which API? Give --url, set LOOM_URL or write url = ")


#: A real cluster's namespace is not ours to delete.
laptop = pytest.mark.laptop("it takes an edition apart, its own node included")


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edition]:
    """An edition that the tests below take apart, in their order."""
    with running_edition(tmp_path_factory.mktemp("doomed")) as running:
        login = running.login  # its file goes with the supervisor
        yield replace(running, env={**running.env, "LOOM_URL": login["url"], "LOOM_TOKEN": login["token"]})


@laptop
def test_a_namespace_that_is_not_there(doomed: Edition):
    config = str(doomed.state / "kubeconfig")
    with kubernetes.config.new_client_from_config(config) as client:  # type: ignore[no-untyped-call]
        kubernetes.client.CoreV1Api(client).delete_namespace(NAMESPACE)
    told = f"the namespace {NAMESPACE} does not exist; make it with: kubectl create namespace {NAMESPACE}"
    until(lambda: told in doomed.loom("new", "--no-attach").stderr)
    done = doomed.loom("new", "--no-attach")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"loom: {told}\n")
    status, body, _ = Client(doomed.login["url"], None)("GET", "/health")
    assert (status, body["checks"]["kubernetes"]["message"]) == (503, told)
    with kubernetes.config.new_client_from_config(config) as client:  # type: ignore[no-untyped-call]
        apply_again(client, NAMESPACE)


def apply_again(client: Any, namespace: str) -> None:
    """What was in the manifests for ``namespace``, after it was deleted: roles and bindings went with it."""
    core, rbac = kubernetes.client.CoreV1Api(client), kubernetes.client.RbacAuthorizationV1Api(client)
    for manifest in yaml.safe_load_all(MANIFESTS.read_text()):
        match manifest["kind"], manifest["metadata"].get("namespace", manifest["metadata"]["name"]):
            case "Namespace", found if found == namespace:
                core.create_namespace(manifest)
            case "Role", found if found == namespace:
                rbac.create_namespaced_role(namespace, manifest)
            case "RoleBinding", found if found == namespace:
                rbac.create_namespaced_role_binding(namespace, manifest)


@laptop
def test_a_relay_and_then_an_api_that_are_down(doomed: Edition):
    made = json.loads(doomed.loom("new", "--json").stdout)
    running = {command: pid for pid, command in marked_processes(doomed.env["HOME"]).items()}
    supervisor = next(pid for command, pid in running.items() if "-m local up" in command)
    relay = next(pid for command, pid in running.items() if command.endswith("-m relay "))
    os.kill(supervisor, signal.SIGSTOP)  # or it would end everything at once
    os.kill(relay, signal.SIGKILL)
    with doomed.terminal("attach", made["short_id"], cols=200) as terminal:
        assert terminal.ends() == 2
        address = doomed.relay_url.removeprefix("http://")
        told = f"loom: cannot reach the relay at {address}: Connection refused; {made['short_id']} is not affected; "
        assert f"{told}come back with: loom attach {made['short_id']}\r\n" in terminal.rest()
    os.kill(supervisor, signal.SIGCONT)
    url, token = doomed.env["LOOM_URL"], doomed.env["LOOM_TOKEN"]
    until(lambda: doomed.loom("ps").returncode == 2)
    done = doomed.loom("ps")
    assert done.stderr == f"loom: the API at {url} cannot be reached: Connection refused\n"
    assert token not in done.stderr
