"""The Cluster of :mod:`chalicelib.services.ports` over Kubernetes' REST API."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3

from chalicelib.adapters.kubernetes.connection import Connection
from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout, NamespaceMissing
from chalicelib.domain.pod_status import Event, Pod, one_line

_USER_AGENT: Final = "loom-control-plane"


class KubernetesCluster:
    """One namespace of a cluster, connected to on first use: many requests never ask the cluster."""

    def __init__(self, namespace: str, connect: Callable[[], Connection]) -> None:
        self._namespace = namespace
        self._connect = connect

    @cached_property
    def _connection(self) -> Connection:
        return self._connect()

    def create_pod(self, manifest: dict[str, Any]) -> Pod | None:
        status, body = self._request("POST", "pods", manifest)
        if status == 409 and body.get("reason") == "AlreadyExists":
            return None
        if status == 403:
            self.ping()  # our rights in the namespace are gone with it: asking for it tells a missing one from a refusal
        return self._checked(status, body)

    def get_pod(self, name: str) -> Pod | None:
        status, body = self._request("GET", f"pods/{quote(name)}")
        return None if status == 404 else self._checked(status, body)

    def delete_pod(self, name: str) -> bool:
        status, body = self._request("DELETE", f"pods/{quote(name)}")
        if status == 404:
            return False
        self._checked(status, body)
        return True

    def pod_events(self, pod: Pod) -> Sequence[Event]:
        selector = urlencode({"fieldSelector": f"involvedObject.uid={pod['metadata']['uid']}"})
        status, body = self._request("GET", f"events?{selector}")
        events: Sequence[Event] = self._checked(status, body)["items"]
        return events

    def ping(self) -> None:
        status, body = self._request("GET", "")
        self._checked(status, body)

    def _request(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """HTTP status and JSON body. A body that is not JSON becomes a Status with that text as its message."""
        status, answered = self._ask(method, path, body)
        if status == 401 and self._connection.credentials.forget():  # the plugin's token ended before its time
            status, answered = self._ask(method, path, body)
        return status, answered

    def _ask(self, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        connection = self._connection
        url = f"{connection.server}/api/v1/namespaces/{self._namespace}/{path}".rstrip("/")
        headers = {"Accept": "application/json", "User-Agent": _USER_AGENT, **connection.credentials.headers()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = connection.pool.request(
                method, url, body=json.dumps(body) if body is not None else None, headers=headers
            )
        except urllib3.exceptions.ReadTimeoutError as error:
            raise ClusterTimeout("Kubernetes did not answer in time") from error
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(f"Kubernetes cannot be reached: {_cause(error)}") from error
        return answer.status, _json_object(answer.data)

    def _checked(self, status: int, body: dict[str, Any]) -> dict[str, Any]:
        """``body`` of a success. Raises what the error means to the services."""
        if status < 300:
            if "kind" not in body:
                raise ClusterError("Kubernetes: the answer is no Kubernetes object; is the kubeconfig's server right?")
            return body
        details: Mapping[str, Any] = body.get("details") or {}
        if status == 404 and details.get("kind") == "namespaces":
            raise NamespaceMissing(self._namespace)
        reason = body.get("reason")
        message = f"Kubernetes: {one_line(str(body.get('message') or '')) or f'HTTP {status}'}"
        told = {"k8s_code": status, **({"k8s_reason": reason} if reason else {})}
        # 429 and 409 are 4xx too, but about the moment: what was asked may well have to be asked again.
        if 400 <= status < 500 and status not in (408, 409, 429):
            raise ClusterRefused(message, **told)
        raise ClusterError(message, **told)


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        return {"message": data.decode("utf-8", "replace").strip()}
    return body if isinstance(body, dict) else {}


def _cause(error: BaseException) -> str:
    """The innermost words: urllib3 wraps them in object addresses."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
