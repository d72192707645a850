import json
import os
import re
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.create_request import parse_create_request
from chalicelib.domain.lifetime import MAX_HOURS
from chalicelib.domain.pod_spec import PodRequest, repo_directory, weaver_pod
from chalicelib.domain.quantity import quantity
from chalicelib.domain.weaver import Resources, Weaver
from tests.chalicelib.samples import NOW, weaver

REQUEST = PodRequest(clone_image="registry.example/git:1", server_url="https://loom.example")
WITH_REPO = weaver(repo="https://git.example/o/r.git", branch="main")

SECURITY = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
MOUNTS = [
    {"name": "workspace", "mountPath": "/workspace"},
    {"name": "home", "mountPath": "/home/weaver"},
    {"name": "tmp", "mountPath": "/tmp"},
]


def env_of(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["env"]}


def main_of(made: Weaver, **request: Any) -> dict[str, Any]:
    container: dict[str, Any] = weaver_pod(made, replace(REQUEST, **request))["spec"]["containers"][0]
    return container


def test_the_whole_manifest():
    made = weaver(
        id="019ca945-0a00-736c-83c6-a7135a4130b7",
        name="api",
        tags={"team": "blue", "a": "ü"},
        lifetime_hours=0.5,
        resources=Resources("2Gi", "1500m"),
    )
    request = replace(REQUEST, env={"GREETING": "hi"}, command=["bash"], args=["-l"], workdir="/opt")
    assert weaver_pod(made, request) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "weaver-019ca945-0a00-736c-83c6-a7135a4130b7",
            "labels": {
                "loom.dev/managed": "true",
                "loom.dev/weaver-id": "019ca945-0a00-736c-83c6-a7135a4130b7",
                "loom.dev/deployment": "weavers",
                "loom.dev/owner-user-id": "user-alice",
                "loom.dev/org-id": "org-alice",
            },
            "annotations": {
                "loom.dev/tags": '{"a": "\\u00fc", "team": "blue"}',
                "loom.dev/lifetime-hours": "0.5",
            },
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "activeDeadlineSeconds": 173_700,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "hostname": "api",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "runAsGroup": 1000,
                "fsGroup": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "weaver",
                    "image": "registry.example/tools:1",
                    "command": ["bash"],
                    "args": ["-l"],
                    "workingDir": "/opt",
                    "stdin": True,
                    "tty": True,
                    "env": [
                        {"name": "HOME", "value": "/home/weaver"},
                        {"name": "LOOM_WEAVER_ID", "value": "019ca945-0a00-736c-83c6-a7135a4130b7"},
                        {"name": "LOOM_SERVER_URL", "value": "https://loom.example"},
                        {"name": "LOOM_REPO", "value": ""},
                        {"name": "LOOM_BRANCH", "value": ""},
                        {"name": "LOOM_WORKSPACE", "value": "/workspace"},
                        {"name": "LOOM_WEAVER_NAME", "value": "api"},
                        {"name": "LOOM_WORKDIR", "value": "/opt"},
                        {"name": "LOOM_EXPIRES_AT", "value": "2026-03-01T12:30:00Z"},
                        {"name": "GREETING", "value": "hi"},
                    ],
                    "resources": {
                        "limits": {"memory": "2Gi", "cpu": "1500m"},
                        "requests": {"memory": "256Mi", "cpu": "100m"},
                    },
                    "volumeMounts": MOUNTS,
                    "securityContext": SECURITY,
                }
            ],
            "volumes": [
                {"name": "workspace", "emptyDir": {"sizeLimit": "20Gi"}},
                {"name": "home", "emptyDir": {"sizeLimit": "5Gi"}},
                {"name": "tmp", "emptyDir": {"sizeLimit": "5Gi"}},
            ],
        },
    }


def test_a_repository_is_cloned_by_an_init_container():
    manifest = weaver_pod(WITH_REPO, replace(REQUEST, env={"TOKEN": "x"}))
    (clone,) = manifest["spec"]["initContainers"]
    assert {key: value for key, value in clone.items() if key not in ("command", "env")} == {
        "name": "clone",
        "image": "registry.example/git:1",
        "resources": {"limits": {"memory": "2Gi"}, "requests": {"memory": "256Mi", "cpu": "100m"}},
        "volumeMounts": MOUNTS,
        "securityContext": SECURITY,
    }
    assert clone["command"][:2] == ["sh", "-c"]
    env = env_of(clone)
    assert (env["LOOM_REPO"], env["LOOM_BRANCH"], env["LOOM_REPO_DIR"]) == (WITH_REPO.repo, "main", "r")
    assert "TOKEN" not in env
    assert "initContainers" not in weaver_pod(weaver(), REQUEST)["spec"]


def test_the_deadline_is_beyond_any_lifetime():
    assert weaver_pod(weaver(), REQUEST)["spec"]["activeDeadlineSeconds"] > MAX_HOURS * 3600


def test_the_users_environment_wins_where_it_may():
    assert env_of(main_of(weaver(), env={"HOME": "/tmp"}))["HOME"] == "/tmp"
    names = [entry["name"] for entry in main_of(weaver(), env={"HOME": "/tmp"})["env"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("workdir", "has_session", "told_to_kubernetes"),
    [("/opt", False, True), ("/workspace/r", False, False), ("/opt", True, False), (None, False, False)],
)
def test_kubernetes_is_told_a_workdir_only_where_it_exists_before_the_clone(workdir, has_session, told_to_kubernetes):
    container = main_of(weaver(has_session=has_session), workdir=workdir)
    assert ("workingDir" in container) == told_to_kubernetes
    assert env_of(container).get("LOOM_WORKDIR") == workdir


def test_a_command_runs_in_a_folder_of_the_clone(tmp_path):
    made = main_of(weaver(), workdir="/workspace/r", command=["pwd"], args=["-P"])
    command = [*made["command"], *made["args"]]
    (tmp_path / "r").mkdir()
    ran = subprocess.run(
        command, env={**os.environ, "LOOM_WORKDIR": str(tmp_path / "r")}, capture_output=True, check=True
    )
    assert ran.stdout.decode().strip() == str(tmp_path / "r")
    env = {**os.environ, "LOOM_WORKDIR": str(tmp_path / "missing")}
    elsewhere = subprocess.run(command, env=env, capture_output=True, check=True, cwd=tmp_path)
    assert elsewhere.stdout.decode().strip() == str(tmp_path)
    assert b"missing" in elsewhere.stderr


def test_a_weaver_without_a_name_is_called_by_its_short_id_inside():
    made = weaver()
    assert weaver_pod(made, REQUEST)["spec"]["hostname"] == made.id[-8:]


def test_without_command_and_args_the_images_own_hold():
    assert not {"command", "args", "workingDir"} & set(main_of(weaver()))


@pytest.mark.parametrize(
    ("limits", "requests"),
    [
        (Resources(), {"memory": "256Mi", "cpu": "100m"}),
        (Resources("64Mi", "10m"), {"memory": "64Mi", "cpu": "10m"}),
        (Resources("0.1Gi", "0.05"), {"memory": "0.1Gi", "cpu": "0.05"}),
        (Resources("300000000", "0.1"), {"memory": "256Mi", "cpu": "100m"}),
    ],
)
def test_requests_are_explicit_and_never_over_the_limits(limits, requests):
    resources = main_of(weaver(resources=limits))["resources"]
    assert resources["requests"] == requests
    assert all(quantity(resources["requests"][name]) <= quantity(limit) for name, limit in resources["limits"].items())
    assert ("cpu" in resources["limits"]) == (limits.cpu_limit is not None)


@given(st.integers(16, 4096), st.sampled_from(["Mi", "M"]), st.integers(10, 9000))
def test_no_accepted_limit_is_under_its_request(memory, unit, cpu):
    body = {"resources": {"memory_limit": f"{memory + 1}{unit}", "cpu_limit": f"{cpu}m"}}
    limits = parse_create_request(body).resources
    resources = main_of(weaver(resources=Resources(limits.memory_limit, limits.cpu_limit)))["resources"]
    for name in ("memory", "cpu"):
        assert quantity(resources["requests"][name]) <= quantity(resources["limits"][name])


def test_it_passes_pod_security_restricted():
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, control by control."""
    spec = weaver_pod(WITH_REPO, REQUEST)["spec"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    volume_types = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    assert volume_types <= {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
    assert spec["securityContext"]["seccompProfile"]["type"] in ("RuntimeDefault", "Localhost")
    assert spec["securityContext"]["runAsUser"] != 0
    for container in [*spec["containers"], *spec["initContainers"]]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["runAsNonRoot"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert not {"privileged", "procMount", "seLinuxOptions", "windowsOptions", "runAsUser", "seccompProfile"} & set(
            security
        )
        assert not any("hostPort" in port for port in container.get("ports", ()))
    assert not {"sysctls", "seLinuxOptions"} & set(spec["securityContext"])


def test_the_names_are_ones_that_kubernetes_takes():
    manifest = weaver_pod(WITH_REPO, REQUEST)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", manifest["metadata"]["name"])
    for value in manifest["metadata"]["labels"].values():
        assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", value)
    assert all(isinstance(value, str) for value in manifest["metadata"]["annotations"].values())
    assert json.loads(json.dumps(manifest)) == manifest


def expanded(text: str, variables: dict[str, str]) -> str:
    """What the kubelet makes of ``text``: https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go."""
    out, index = "", 0
    while index < len(text):
        rest = text[index:]
        if rest.startswith("$$"):
            out, index = out + "$", index + 2
        elif match := re.match(r"\$\(([^)]*)\)", rest, re.DOTALL):
            out, index = out + variables.get(match[1], match[0]), index + match.end()
        else:
            out, index = out + text[index], index + 1
    return out


DOLLARS = st.text(st.sampled_from("$()HOMEx{} \n"), max_size=12)


@given(DOLLARS, DOLLARS, DOLLARS)
def test_what_is_sent_reaches_the_process_as_it_is(value, command, argument):
    container = main_of(weaver(), env={"X": value}, command=["sh", command], args=[argument])
    variables = {"HOME": "/expanded", "X": "expanded", "": "expanded", "HO": "expanded"}
    assert expanded(env_of(container)["X"], variables) == value
    assert [expanded(word, variables) for word in container["command"]] == ["sh", command]
    assert [expanded(word, variables) for word in container["args"]] == [argument]


def test_an_expansion_is_escaped():
    assert env_of(main_of(weaver(), env={"X": "a$(HOME)b$c"}))["X"] == "a$$(HOME)b$$c"
    assert env_of(main_of(weaver(), env={"X": "pa$$word"}))["X"] == "pa$$$$word"
    assert env_of(main_of(weaver(), env={"X": "$HOME"}))["X"] == "$HOME"


def test_the_clone_script_means_to_the_kubelet_what_it_means_to_sh():
    script = weaver_pod(WITH_REPO, REQUEST)["spec"]["initContainers"][0]["command"][2]
    assert expanded(script, {}) == script
    assert "$(" not in script


def test_environment_values_stay_out_of_the_repr():
    assert "hunter2" not in repr(replace(REQUEST, env={"TOKEN": "hunter2"}))


def test_the_moment_of_the_end_is_utc():
    assert env_of(main_of(weaver(created_at=NOW)))["LOOM_EXPIRES_AT"] == "2026-03-01T16:00:00Z"


@pytest.mark.parametrize(
    ("url", "directory"),
    [
        ("https://git.example/o/r", "r"),
        ("https://git.example/o/r.git", "r"),
        ("https://git.example/o/r/", "r"),
        ("https://git.example/r.git/", "r"),
        ("https://git.example/o/a.b", "a.b"),
        ("https://git.example/o/..", ""),
        ("https://git.example/.git", ""),
        ("https://git.example", ""),
    ],
)
def test_the_folder_of_a_clone_is_the_one_that_git_would_make(url, directory):
    assert repo_directory(url) == directory
