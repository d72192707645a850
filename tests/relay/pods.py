"""The laptop edition's pod API server: real containers, real terminals, no cluster."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import part

IMAGE = "ghcr.io/ghuntley/loom/weaver:latest"
NAMESPACE = "loom-weavers"


class Cluster:
    """What tests do to the pod API server."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        body = json.loads(kubeconfig.read_text())
        self._server = body["clusters"][0]["cluster"]["server"]
        self._token = body["users"][0]["user"]["token"]
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self._server + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=25):
            pass

    def run(self, weaver_id: str, *command: str, image: str = "debian", clone: str | None = None) -> None:
        """A pod as the control plane makes it, with ``command`` as the main process."""
        container = {"name": "weaver", "image": image, "stdin": True, "tty": True}
        if command:
            container["command"] = list(command)
        spec: dict[str, Any] = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
        if clone:
            spec["initContainers"] = [{"name": "clone", "image": "git", "command": ["sh", "-c", clone]}]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"weaver-{weaver_id}"}, "spec": spec}
        self.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)

    def delete(self, weaver_id: str) -> None:
        self.call("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/weaver-{weaver_id}")


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """It keeps its state in ``folder``."""
    kubeconfig = folder / "kubeconfig"
    places = ["--state", str(folder / "state"), "--kubeconfig", str(kubeconfig)]
    with part("local.kube", *places, "--port", "0", "--loom-image", IMAGE):
        yield Cluster(kubeconfig)
