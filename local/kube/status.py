"""Errors as Kubernetes says them: ``Status`` objects with code, reason, message and details.

The texts are those recorded from Kubernetes 1.36 (``tests/recordings/kubernetes/errors``): clients match on reason and
code, people read the message.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from local.kube.objects import Object


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that is wrong. ``reason`` is a ``FieldValue…`` constant of k8s.io/apimachinery's field errors."""

    reason: str
    field: str
    message: str

    def sentence(self) -> str:
        return f"{self.field}: {self.message}"

    def to_object(self) -> Object:
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """An answer other than success. ``details`` is left out of the Status when None."""

    def __init__(
        self,
        code: int,
        reason: str | None,
        message: str,
        details: Object | None = None,
        *,
        metadata: Object | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}
        self.headers = headers or {}

    def to_object(self) -> Object:
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason is not None:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return {**status, "code": self.code}


class PlainError(Exception):
    """The few errors that Kubernetes answers as plain text: what the kubelet says, and unknown paths."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def details(kind: str, name: str = "") -> Object:
    """What an error is about. ``kind`` is a plural or a Kind, with its group if it has one: ``roles.rbac.authorization.k8s.io``."""
    bare_kind, _, group = kind.partition(".")
    found: Object = {"name": name} if name else {}
    if group:
        found["group"] = group
    return {**found, "kind": bare_kind}


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(message: str, about: Object) -> ApiError:
    return ApiError(403, "Forbidden", message, about)


def not_found(resource: str, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', details(resource, name))


def unknown_resource() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(resource: str, name: str, *, being_deleted: bool = False) -> ApiError:
    prefix = "object is being deleted: " if being_deleted else ""
    return ApiError(409, "AlreadyExists", f'{prefix}{resource} "{name}" already exists', details(resource, name))


def conflict(kind: str, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
    return ApiError(409, "Conflict", message, details(kind, name))


def modified(resource: str, name: str) -> ApiError:
    """The client knows an older version of the object."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def invalid(kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 with every cause at once. ``kind`` is the Kind, or ``Kind.group`` for options."""
    sentences = [cause.sentence() for cause in causes]
    said = sentences[0] if len(sentences) == 1 else "[" + ", ".join(sentences) + "]"
    about = {**details(kind, name), "causes": [cause.to_object() for cause in causes]}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {said}', about)


def not_supported(what: str) -> ApiError:
    """What real Kubernetes has and this server refuses. The code says it: 501 is never Kubernetes' own."""
    return ApiError(501, "NotImplemented", f"the laptop edition's pod API server does not support {what}")


def too_large_version(wanted: int, current: int) -> ApiError:
    """The client knows a version that this server has not reached: it was started anew."""
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return ApiError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1}, headers={"Retry-After": "1"})
