"""What the use cases need from the world. Adapters implement these; tests bring fakes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.permissions import Principal
from chalicelib.domain.pod_status import Event, Pod
from chalicelib.domain.sweep_plan import Counter, Cursor, Living
from chalicelib.domain.weaver import Weaver

if TYPE_CHECKING:  # brings pydantic, which most requests do not need
    from chalicelib.domain.tickets import TicketClaims


@dataclass(frozen=True, slots=True)
class Reservation:
    """Everything that one create writes at once, or not at all.

    ``idempotency_key`` is scoped to the weaver's owner; ``request_hash`` tells whether it is used again for the same request.
    """

    weaver: Weaver
    user_limit: int
    org_limit: int
    idempotency_key: str | None = None
    request_hash: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Weavers newest first; ``next_cursor`` None means that there are no more."""

    weavers: Sequence[Weaver]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PodPage:
    """Pods by name; ``token`` asks for the next page, None means that there is none."""

    pods: Sequence[Pod]
    token: str | None = None


class PodListExpired(Exception):
    """The page that a token asks for is no longer kept: begin anew (Kubernetes keeps them for minutes)."""


class WeaverStore(Protocol):
    """The records of weavers and what is reserved with them."""

    def reserve(self, reservation: Reservation) -> Weaver:
        """Writes all of it. With an idempotency key used before for the same request: the weaver made then.

        Raises NameTaken, TooManyWeavers, IdempotencyConflict, RetryLater.
        """

    def get(self, weaver_id: str) -> Weaver | None:
        """Strongly consistent."""

    def update(self, weaver: Weaver) -> None:
        """Replaces the record of version ``weaver.version - 1``. Raises VersionConflict."""

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        """As update, and frees what was reserved; the record is history until ``keep_until``. Raises VersionConflict."""

    def list_by_owner(self, owner_user_id: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        """Newest first, strongly consistent. Raises InvalidRequest for a cursor that is none of ours."""

    def list_by_org(self, org_id: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        """Newest first, strongly consistent. Raises InvalidRequest for a cursor that is none of ours."""

    def due(self, now: datetime) -> Iterator[Weaver]:
        """Weavers that the sweep must look at (``due_at`` in the domain), longest due first. By index, never by scan.

        They are read as they are asked for: one that changes meanwhile may come again, or as it was.
        """

    def ping(self) -> None:
        """Raises RetryLater when the table cannot be reached."""


class ReconciliationStore(Protocol):
    """What the sweep needs to compare all records with what is, a bounded piece at a time."""

    def living(self, cluster: str, after: str, until: str | None, limit: int) -> Sequence[Living]:
        """Records of a cluster that have not ended by id, from behind ``after`` up to ``until``. By index, so a fresh change may be missing."""

    def counters(self, after: str, limit: int) -> Sequence[str]:
        """Names of counters, those of users and those of orgs, from behind ``after``. By index."""

    def counter(self, name: str) -> Counter:
        """What the counter says and what is so, strongly consistent: the version tells whether it changed in between."""

    def repair(self, counter: Counter) -> None:
        """Lets it say what is so. Raises VersionConflict when it changed since it was read."""

    def cursor(self) -> Cursor:
        """How far the reconciliation has come; strongly consistent."""

    def move_cursor(self, cursor: Cursor) -> None:
        """Replaces the cursor of version ``cursor.version - 1``. Raises VersionConflict."""


class TokenStore(Protocol):
    """Bearer tokens, kept as hashes."""

    def principal(self, token_hash: str) -> Principal | None:
        """Whose token it is."""

    def add(self, token_hash: str, principal: Principal) -> None:
        """Makes the token known."""


class Cluster(Protocol):
    """The weavers' namespace of one Kubernetes cluster. Raises ClusterError, ClusterTimeout, NamespaceMissing."""

    def create_pod(self, manifest: dict[str, Any]) -> Pod | None:
        """None when a pod of that name exists already."""

    def get_pod(self, name: str) -> Pod | None:
        """None when there is none."""

    def delete_pod(self, name: str, *, uid: str | None = None, force: bool = False) -> bool:
        """Starts its deletion with the pod's own grace period. False when there is none, or none with that ``uid``.

        ``force`` removes it without waiting for the node: its containers may go on if the node is only cut off.
        """

    def list_pods(self, deployment: str, limit: int, token: str | None) -> PodPage:
        """A page of the deployment's pods, by name. Raises PodListExpired."""

    def pod_events(self, pod: Pod) -> Sequence[Event]:
        """The events of this very pod (by uid)."""

    def ping(self) -> None:
        """Raises NamespaceMissing or ClusterError when weavers could not be made."""


class TicketSigner(Protocol):
    """Signs tickets and publishes the public keys."""

    def sign(self, claims: "TicketClaims") -> str:
        """The ticket: a compact JWS."""

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517 §5)."""


class Clock(Protocol):
    """The time, injected so that rules can be tested at any moment."""

    def __call__(self) -> datetime: ...
