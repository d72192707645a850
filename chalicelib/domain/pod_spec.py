"""The pod of a weaver (DESIGN §7): gathered values in, manifest out. Passes Pod Security *restricted*."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from chalicelib.domain.ids import short_id
from chalicelib.domain.lifetime import ACTIVE_DEADLINE_SECONDS
from chalicelib.domain.pod_status import CLONE_CONTAINER, CLONE_FAILED, WEAVER_CONTAINER
from chalicelib.domain.quantity import quantity
from chalicelib.domain.setting import Setting
from chalicelib.domain.weaver import Weaver

MANAGED_SELECTOR: Final = "loom.dev/managed=true"
LABEL_WEAVER_ID: Final = "loom.dev/weaver-id"
#: Whose pods they are where several control planes share a namespace: each sweeps its own only.
LABEL_DEPLOYMENT: Final = "loom.dev/deployment"
#: What a label may hold: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
LABEL_VALUE: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

WORKSPACE: Final = "/workspace"
HOME: Final = "/home/weaver"
GRACE_SECONDS: Final = 5
_USER: Final = 1000
#: Always explicit: a limit without a request would become the request.
_DEFAULT_REQUESTS: Final = {"memory": "256Mi", "cpu": "100m"}
_CLONE_LIMITS: Final = {"memory": "2Gi"}
_VOLUMES: Final = {"workspace": (WORKSPACE, "20Gi"), "home": (HOME, "5Gi"), "tmp": ("/tmp", "5Gi")}  # noqa: S108  # mounts

#: Runs in any image with sh and git. Git's carriage returns become lines: the pod's log holds a line only once it ends, so
#: the newest progress is printed once a second. Always exits 0, or the whole pod would fail; the outcome is in the
#: termination message (limit 4096 bytes) and beside the clone, where `loom session` finds it.
_CLONE_SCRIPT: Final = """\
notes=$LOOM_WORKSPACE/.loom; mkdir -p "$notes"; : >"$notes/raw"
lines() { tr '\\r' '\\n' <"$notes/raw"; }
( while sleep 1 >/dev/null 2>&1; do lines | tail -n 1; done ) & ticker=$!
set -- --progress
[ -z "$LOOM_BRANCH" ] || set -- "$@" --branch "$LOOM_BRANCH"
GIT_TERMINAL_PROMPT=0 git clone "$@" -- "$LOOM_REPO" "$LOOM_WORKSPACE/$LOOM_REPO_DIR" >"$notes/raw" 2>&1
code=$?
kill "$ticker" 2>/dev/null
lines | grep -v '[0-9]%' >"$notes/clone.log"; rm -f "$notes/raw"
echo "$code" >"$notes/clone.status"
tail -n 20 "$notes/clone.log"
if [ "$code" = 0 ]; then echo cloned; else echo "%(failed)s $code"; tail -n 5 "$notes/clone.log" | tail -c 2000; fi >/dev/termination-log
exit 0
""".replace("%(failed)s", CLONE_FAILED)

#: Runs a command in a folder of the clone; without the folder it runs where it is, and says so.
_CD_SCRIPT: Final = 'cd "$LOOM_WORKDIR"; exec "$@"'


@dataclass(frozen=True, slots=True)
class PodRequest:
    """What the pod needs and the record must not keep."""

    clone_image: str
    server_url: str
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    workdir: str | None = None
    deployment: str = "weavers"


def weaver_pod(weaver: Weaver, request: PodRequest) -> dict[str, Any]:
    """The manifest, without a namespace: that is the cluster's business."""
    main = _weaver_container(weaver, request)
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "activeDeadlineSeconds": ACTIVE_DEADLINE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostname": weaver.name or short_id(weaver.id),  # what prompts show; the pod's name is too long for people
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [main],
        "volumes": [{"name": name, "emptyDir": {"sizeLimit": size}} for name, (_, size) in _VOLUMES.items()],
    }
    if weaver.repo:
        spec["initContainers"] = [_clone_container(weaver, request)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(weaver, request.deployment), "spec": spec}


def _metadata(weaver: Weaver, deployment: str) -> dict[str, Any]:
    return {
        "name": weaver.pod_name,
        "labels": {
            "loom.dev/managed": "true",
            LABEL_WEAVER_ID: weaver.id,
            LABEL_DEPLOYMENT: deployment,
            "loom.dev/owner-user-id": weaver.owner_user_id,
            "loom.dev/org-id": weaver.org_id,
        },
        "annotations": {
            "loom.dev/tags": json.dumps(dict(weaver.tags), sort_keys=True),
            "loom.dev/lifetime-hours": f"{weaver.lifetime_hours:g}",
        },
    }


def _weaver_container(weaver: Weaver, request: PodRequest) -> dict[str, Any]:
    limits = {"memory": weaver.resources.memory_limit, "cpu": weaver.resources.cpu_limit}
    container = {
        "name": WEAVER_CONTAINER,
        "image": weaver.image,
        "stdin": True,
        "tty": True,
        "env": _env({**_loom_env(weaver, request), **request.env}),
        "resources": _resources({name: value for name, value in limits.items() if value}),
        "volumeMounts": _volume_mounts(),
        "securityContext": _container_security(),
    }
    command = request.command
    if request.workdir and not weaver.has_session:  # `loom session` goes there itself
        if in_workspace(request.workdir):
            command = ["sh", "-c", _CD_SCRIPT, "sh", *command]
        else:
            container["workingDir"] = request.workdir
    if command:
        container["command"] = [_escaped(word) for word in command]
    if request.args:
        container["args"] = [_escaped(word) for word in request.args]
    return container


def in_workspace(path: str) -> bool:
    """Whether ``path`` is in the clone's volume: a ``workingDir`` there may not exist, and would be made as root."""
    return path == WORKSPACE or path.startswith(f"{WORKSPACE}/")


def repo_directory(repo: str) -> str:
    """The folder that ``git clone`` would make: the last path segment without ``.git``; empty if there is none."""
    last = urlsplit(repo).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return "" if last in (".", "..") else last


def _clone_container(weaver: Weaver, request: PodRequest) -> dict[str, Any]:
    return {
        "name": CLONE_CONTAINER,
        "image": request.clone_image,
        "command": ["sh", "-c", _CLONE_SCRIPT],
        "env": _env({**_loom_env(weaver, request), "LOOM_REPO_DIR": repo_directory(weaver.repo or "")}),
        "resources": _resources(_CLONE_LIMITS),
        "volumeMounts": _volume_mounts(),
        "securityContext": _container_security(),
    }


#: What programs in a weaver find in their environment, beside what its user gave.
ENVIRONMENT: Final = (
    Setting("HOME", "the home directory, empty at first", HOME),
    Setting("LOOM_WEAVER_ID", "the weaver's full id", otherwise="always set"),
    Setting("LOOM_WEAVER_NAME", "its name", otherwise="not set without a name"),
    Setting("LOOM_SERVER_URL", "the API's public URL", otherwise="always set"),
    Setting("LOOM_REPO", "the repository's URL", otherwise="empty without a repository"),
    Setting("LOOM_BRANCH", "the branch or tag that was asked for", otherwise="empty: the repository's default branch"),
    Setting("LOOM_WORKSPACE", "the folder that has the clone in it", WORKSPACE),
    Setting("LOOM_WORKDIR", "where the shell is to start", otherwise="not set without `--workdir`"),
    Setting("LOOM_EXPIRES_AT", "the end of the lifetime it was made with, RFC 3339 UTC", otherwise="always set"),
    Setting("LOOM_REPO_DIR", "the clone's folder in the workspace", otherwise="set in the clone's container only"),
)


def _loom_env(weaver: Weaver, request: PodRequest) -> dict[str, str]:
    return {
        "HOME": HOME,
        "LOOM_WEAVER_ID": weaver.id,
        "LOOM_SERVER_URL": request.server_url,
        "LOOM_REPO": weaver.repo or "",
        "LOOM_BRANCH": weaver.branch or "",
        "LOOM_WORKSPACE": WORKSPACE,
        **({"LOOM_WEAVER_NAME": weaver.name} if weaver.name else {}),
        **({"LOOM_WORKDIR": request.workdir} if request.workdir else {}),
        "LOOM_EXPIRES_AT": weaver.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _env(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": _escaped(value)} for name, value in values.items()]


def _escaped(text: str) -> str:
    """``text`` so that it reaches the process as it is: the kubelet expands ``$(NAME)`` and makes ``$`` of ``$$``."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


def _resources(limits: Mapping[str, str]) -> dict[str, Any]:
    requests = {
        name: min(default, limits.get(name, default), key=quantity) for name, default in _DEFAULT_REQUESTS.items()
    }
    return {"limits": dict(limits), "requests": requests}


def _volume_mounts() -> list[dict[str, str]]:
    return [{"name": name, "mountPath": path} for name, (path, _) in _VOLUMES.items()]


def _container_security() -> dict[str, Any]:
    return {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
