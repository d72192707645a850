"""The Cluster of :mod:`chalicelib.services.ports` over Kubernetes' REST API."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from chalicelib.adapters.deadline import left, within
from chalicelib.adapters.kubernetes.attempt import attempt
from chalicelib.adapters.kubernetes.connection import Connection
from chalicelib.adapters.kubernetes.kept import Kept
from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout, NamespaceMissing
from chalicelib.domain.pod_spec import LABEL_DEPLOYMENT, MANAGED_SELECTOR
from chalicelib.domain.pod_status import Event, Pod, one_line
from chalicelib.services.ports import PodListExpired, PodPage

#: Seconds for a question to Kubernetes, its repetition and its credentials included.
QUESTION: Final = 8.0
_USER_AGENT: Final = "loom-control-plane"


class KubernetesCluster:
    """One namespace of a cluster, connected to on first use: many requests never ask the cluster."""

    def __init__(self, namespace: str, connect: Callable[[], Connection], seconds: float = QUESTION) -> None:
        """``connect`` is called once, unless it is a :class:`Kept` that says otherwise."""
        self._namespace = namespace
        self._kept = connect if isinstance(connect, Kept) else Kept(connect)
        self._seconds = seconds

    def create_pod(self, manifest: dict[str, Any]) -> Pod | None:
        status, body = self._request("POST", "pods", manifest)
        if status == 409 and body.get("reason") == "AlreadyExists":
            return None
        if status == 403:
            self.ping()  # our rights in the namespace are gone with it: asking for it tells a missing one from a refusal
        return self._checked(status, body, "Pod")

    def get_pod(self, name: str) -> Pod | None:
        status, body = self._request("GET", f"pods/{quote(name)}")
        return None if _not_found(status, body) else self._checked(status, body, "Pod")

    def delete_pod(self, name: str, *, uid: str | None = None, force: bool = False) -> bool:
        options: dict[str, Any] = {"gracePeriodSeconds": 0} if force else {}
        if uid:
            options["preconditions"] = {"uid": uid}
        status, body = self._request("DELETE", f"pods/{quote(name)}", options or None)
        if _not_found(status, body) or (uid and status == 409):
            return False
        self._checked(status, body)
        return True

    def list_pods(self, deployment: str, limit: int, token: str | None) -> PodPage:
        asked = {"labelSelector": f"{MANAGED_SELECTOR},{LABEL_DEPLOYMENT}={deployment}", "limit": str(limit)}
        if token:
            asked["continue"] = token
        status, body = self._request("GET", f"pods?{urlencode(asked)}")
        if status == 410:
            raise PodListExpired
        answered = self._checked(status, body, "PodList")
        return PodPage(answered["items"], answered["metadata"].get("continue") or None)

    def pod_events(self, pod: Pod) -> Sequence[Event]:
        selector = urlencode({"fieldSelector": f"involvedObject.uid={pod['metadata']['uid']}"})
        status, body = self._request("GET", f"events?{selector}")
        events: Sequence[Event] = self._checked(status, body, "EventList")["items"]
        return events

    def ping(self) -> None:
        status, body = self._request("GET", "")
        self._checked(status, body, "Namespace")

    def _request(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """HTTP status and JSON body. A body that is not JSON becomes a Status with that text as its message."""
        with within(self._seconds):
            connection = self._kept()
            try:
                status, answered = self._ask(connection, method, path, body)
            except (ClusterError, ClusterTimeout):
                self._kept.doubt(connection)  # the cluster may be elsewhere by now, or another one of its name
                raise
            # The token ended before its time, or was exchanged for another one.
            if status == 401 and (connection.credentials.forget() or self._kept.doubt(connection)):
                status, answered = self._ask(self._kept(), method, path, body)
        return status, answered

    def _ask(self, connection: Connection, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """Twice, when that may help. All our requests may be repeated: what is made has a name of its own."""
        url = f"{connection.server}/api/v1/namespaces/{self._namespace}/{path}".rstrip("/")
        headers = {"Accept": "application/json", "User-Agent": _USER_AGENT, **connection.credentials.headers()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = {"body": json.dumps(body) if body is not None else None, "headers": headers}
        first = attempt(connection.pool, method, url, **request)
        if first.pause > left() / 2:  # no time would be left for the other
            answer = first.answered()
            return answer.status, _json_object(answer.data)
        time.sleep(first.pause)
        answer = attempt(connection.pool, method, url, **request).answered()
        answered = _json_object(answer.data)
        if method == "POST" and not first.undone and 400 <= answer.status < 500 and answer.status != 409:
            # Refused now, by a quota for example; the first attempt, whose answer was lost, may have made the pod.
            raise ClusterError(
                f"Kubernetes: {one_line(str(answered.get('message') or answer.status))}", k8s_code=answer.status
            )
        return answer.status, answered

    def _checked(self, status: int, body: dict[str, Any], kind: str | None = None) -> dict[str, Any]:
        """``body`` of a success, which is of ``kind``. Raises what the error means to the services."""
        if status < 300:
            if "kind" not in body or kind not in (None, body["kind"]):
                raise ClusterError("Kubernetes: the answer is no Kubernetes object; is the kubeconfig's server right?")
            return body
        details: Mapping[str, Any] = body.get("details") or {}
        if status == 404 and details.get("kind") == "namespaces":
            raise NamespaceMissing(self._namespace)
        reason = body.get("reason")
        message = f"Kubernetes: {one_line(str(body.get('message') or '')) or f'HTTP {status}'}"
        told = {"k8s_code": status, **({"k8s_reason": reason} if reason else {})}
        # 429 and 409 are 4xx too, but about the moment: what was asked may well have to be asked again.
        # And what no API server wrote may come from something on the way, after the request was done.
        if 400 <= status < 500 and status not in (408, 409, 429) and body.get("kind") == "Status":
            raise ClusterRefused(message, **told)
        raise ClusterError(message, **told)


def _not_found(status: int, body: Mapping[str, Any]) -> bool:
    """Whether the API server says so. A 404 page of something on the way must not pass for a pod that is gone."""
    return status == 404 and body.get("kind") == "Status" and body.get("reason") == "NotFound"


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return {"message": data.decode("utf-8", "replace").strip()}
    return body if isinstance(body, dict) else {}
