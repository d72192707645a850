"""Everything that can go wrong in the control plane, as one tree. The API renders it; adapters translate into it.

::

    WeaverError                     code              HTTP
    ├── InvalidRequest              invalid_request   400
    │   └── InvalidLifetime         invalid_lifetime  400
    ├── Unauthorized                unauthorized      401
    ├── Forbidden                   forbidden         403
    ├── NotFound                    weaver_not_found  404
    ├── AmbiguousId                 ambiguous_id      409
    ├── NameTaken                   name_taken        409
    ├── IdempotencyConflict         idempotency_conflict  409
    ├── WeaverEnded                 weaver_ended      409
    ├── TooManyWeavers              too_many_weavers  429
    ├── RetryLater                  retry_later       503   (the store is busy: safe to repeat)
    ├── Misconfigured               misconfigured     503   (the deployment lacks a setting)
    ├── ClusterError                k8s_error         502
    │   └── ClusterRefused          k8s_error         502   (certain: nothing was done)
    │       └── NamespaceMissing    k8s_error         502
    └── ClusterTimeout              weaver_timeout    504

``VersionConflict`` is not among them: it is an answer of the store to the service that asked, never shown.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class WeaverError(Exception):
    """An error with a stable code. ``details`` is JSON and holds no secret; the message is one line for a person."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class InvalidRequest(WeaverError):
    """The request cannot be understood or breaks a rule; ``details.field`` names the field where there is one."""

    code = "invalid_request"
    status = 400


class InvalidLifetime(InvalidRequest):
    """A lifetime that is not a positive number of hours up to the cap, or would be over already."""

    code = "invalid_lifetime"


class Unauthorized(WeaverError):
    """No credentials, or none that are known."""

    code = "unauthorized"
    status = 401


class Forbidden(WeaverError):
    """Known credentials that do not permit this."""

    code = "forbidden"
    status = 403


class NotFound(WeaverError):
    """No such weaver, or none that this principal may know of: the two are not told apart."""

    code = "weaver_not_found"
    status = 404


class AmbiguousId(WeaverError):
    """A prefix that fits several weavers; ``details.candidates`` lists those the principal may see."""

    code = "ambiguous_id"
    status = 409


class NameTaken(WeaverError):
    """The owner has a living weaver of that name."""

    code = "name_taken"
    status = 409


class IdempotencyConflict(WeaverError):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_conflict"
    status = 409


class WeaverEnded(WeaverError):
    """The weaver is gone or going: it cannot be attached to or extended."""

    code = "weaver_ended"
    status = 409


class TooManyWeavers(WeaverError):
    """A limit on living weavers is reached; ``details`` has scope, usage and limit."""

    code = "too_many_weavers"
    status = 429


class RetryLater(WeaverError):
    """The store could not take the request now, or what it answered was lost: repeat it, a create with the same key."""

    code = "retry_later"
    status = 503


class Misconfigured(WeaverError):
    """The deployment lacks a setting or has an impossible one; the message names it."""

    code = "misconfigured"
    status = 503


class ClusterError(WeaverError):
    """Kubernetes refused or failed; the message has its words."""

    code = "k8s_error"
    status = 502


class ClusterRefused(ClusterError):
    """Kubernetes answered 4xx: it is certain that nothing was done, and repeating would not help."""


class NamespaceMissing(ClusterRefused):
    """The weavers' namespace does not exist; the message names it and the command that makes it."""

    def __init__(self, namespace: str) -> None:
        super().__init__(
            f"the namespace {namespace} does not exist; make it with: kubectl create namespace {namespace}",
            namespace=namespace,
        )


class ClusterTimeout(WeaverError):
    """Kubernetes did not answer in time."""

    code = "weaver_timeout"
    status = 504


class VersionConflict(Exception):
    """The record changed since it was read: read it again and decide anew."""
