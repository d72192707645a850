"""In-memory stand-ins for the ports of :mod:`chalicelib.services.ports`, true to what their docstrings promise.

FakeStore passes the same contract test as the DynamoDB adapter (``adapters/store_contract.py``). FakeCluster keeps pods as the
dicts that Kubernetes answers; time does not pass in it: :meth:`FakeCluster.settle` lets deletions come to their end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from chalicelib.domain import ids
from chalicelib.domain.errors import IdempotencyConflict, InvalidRequest, NameTaken, TooManyWeavers, VersionConflict
from chalicelib.domain.permissions import Principal
from chalicelib.domain.pod_spec import LABEL_DEPLOYMENT
from chalicelib.domain.pod_status import Event, Pod
from chalicelib.domain.sweep_plan import Counter, Cursor, Living
from chalicelib.domain.tickets import TicketClaims
from chalicelib.domain.weaver import Weaver, due_at
from chalicelib.services.ports import Page, PodPage, Reservation


@dataclass
class FakeClock:
    """The time, which stands still until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class FakeStore:
    """A WeaverStore and a ReconciliationStore. ``keep_until`` has, for each weaver in the history, when it may be forgotten;
    ``miscounts`` by how much a counter is wrong.
    """

    records: dict[str, Weaver] = field(default_factory=dict)
    keep_until: dict[str, datetime] = field(default_factory=dict)
    miscounts: dict[str, int] = field(default_factory=dict)
    _keys: dict[tuple[str, str], tuple[Weaver, str]] = field(default_factory=dict)
    _cursor: Cursor = field(default_factory=Cursor)

    def reserve(self, reservation: Reservation) -> Weaver:
        new = reservation.weaver
        if made := self._made_before(reservation):
            return made
        own = self._living(lambda one: one.owner_user_id == new.owner_user_id)
        if new.name is not None and any(one.name == new.name for one in own):
            raise NameTaken(f"{new.name!r} is taken", name=new.name)
        limits = (("user", reservation.user_limit), ("org", reservation.org_limit))
        for name, (scope, limit) in zip(_scopes(new), limits, strict=True):
            if (usage := self.counter(name).counted) >= limit:
                raise TooManyWeavers("too many", scope=scope, usage=usage, limit=limit)
        self.records[new.id] = new
        if reservation.idempotency_key is not None:
            self._keys[new.owner_user_id, reservation.idempotency_key] = (new, reservation.request_hash)
        return new

    def get(self, weaver_id: str) -> Weaver | None:
        return self.records.get(weaver_id)

    def update(self, weaver: Weaver) -> None:
        before = self.records.get(weaver.id)
        if before is None or before.version != weaver.version - 1:
            raise VersionConflict(weaver.id)
        self.records[weaver.id] = weaver

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        self.update(weaver)  # what was reserved is counted from the living, so this frees it
        self.keep_until[weaver.id] = keep_until

    def list_by_owner(self, owner_user_id: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        return self._page(lambda one: one.owner_user_id == owner_user_id, ended, limit, cursor)

    def list_by_org(self, org_id: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        return self._page(lambda one: one.org_id == org_id, ended, limit, cursor)

    def due(self, now: datetime) -> Iterator[Weaver]:
        moments = [(moment, one.id) for one in self.records.values() if (moment := due_at(one)) and moment <= now]
        return iter([self.records[weaver_id] for _, weaver_id in sorted(moments)])

    def living(self, cluster: str, after: str, until: str | None, limit: int) -> Sequence[Living]:
        found = sorted(one.id for one in self.records.values() if one.ended_at is None and one.cluster == cluster)
        ids_there = [one for one in found if after < one and (until is None or one <= until)]
        return [Living(one, self.records[one].status) for one in ids_there[:limit]]

    def counters(self, after: str, limit: int) -> Sequence[str]:
        scopes = {name for one in self.records.values() for name in _scopes(one)}
        return sorted(name for name in scopes if name > after)[:limit]

    def counter(self, name: str) -> Counter:
        living = len(self._living(lambda one: name in _scopes(one)))
        return Counter(name, living + self.miscounts.get(name, 0), living, self._changes(name))

    def repair(self, counter: Counter) -> None:
        if counter.version != self._changes(counter.name):
            raise VersionConflict(counter.name)
        self.miscounts.pop(counter.name, None)

    def cursor(self) -> Cursor:
        return self._cursor

    def move_cursor(self, cursor: Cursor) -> None:
        if cursor.version != self._cursor.version + 1:
            raise VersionConflict("cursor")
        self._cursor = cursor

    def ping(self) -> None:
        """Always reached."""

    def _changes(self, name: str) -> int:
        """What was ever counted in or out."""
        return sum(1 + (one.ended_at is not None) for one in self.records.values() if name in _scopes(one))

    def _made_before(self, reservation: Reservation) -> Weaver | None:
        new = reservation.weaver
        made, request_hash = self._keys.get((new.owner_user_id, reservation.idempotency_key or ""), (None, ""))
        if made is None or made.created_at + timedelta(hours=24) < new.created_at:
            return None
        if request_hash != reservation.request_hash:
            raise IdempotencyConflict("used for another request")
        return self.records[made.id]

    def _living(self, wanted: Callable[[Weaver], bool]) -> list[Weaver]:
        return [one for one in self.records.values() if one.ended_at is None and wanted(one)]

    def _page(self, wanted: Callable[[Weaver], bool], ended: bool, limit: int, cursor: str | None) -> Page:
        if cursor is not None and not ids.is_full_id(cursor):
            raise InvalidRequest("cursor: is none of ours", field="cursor")
        fits = [one for one in self.records.values() if wanted(one) and (one.ended_at is not None) == ended]
        fits.sort(key=lambda one: one.id, reverse=True)
        rest = [one for one in fits if cursor is None or one.id < cursor]
        return Page(rest[:limit], rest[limit - 1].id if len(rest) > limit else None)


def _scopes(one: Weaver) -> tuple[str, str]:
    return f"owner#{one.owner_user_id}", f"org#{one.org_id}"


AnswerT = TypeVar("AnswerT")
Method = Literal["create_pod", "get_pod", "delete_pod", "list_pods", "pod_events", "ping"]


@dataclass
class FakeCluster:
    """A Cluster. ``failures`` has what a method raises until it is taken out; ``late`` lets it do its work before it raises."""

    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    failures: dict[Method, Exception] = field(default_factory=dict)
    late: bool = False
    calls: list[Method] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def create_pod(self, manifest: dict[str, Any]) -> Pod | None:
        return self._called("create_pod", lambda: self._create(manifest))

    def get_pod(self, name: str) -> Pod | None:
        return self._called("get_pod", lambda: deepcopy(self.pods.get(name)))

    def delete_pod(self, name: str, *, uid: str | None = None, force: bool = False) -> bool:
        return self._called("delete_pod", lambda: self._delete(name, uid, force))

    def list_pods(self, deployment: str, limit: int, token: str | None) -> PodPage:
        return self._called("list_pods", lambda: self._page(deployment, limit, token or ""))

    def pod_events(self, pod: Pod) -> Sequence[Event]:
        return self._called("pod_events", lambda: list(self.events.get(pod["metadata"]["uid"], ())))

    def ping(self) -> None:
        self._called("ping", lambda: None)

    def set_status(self, name: str, status: Mapping[str, Any]) -> None:
        """What the kubelet would write: ``status`` as in a recorded pod."""
        self.pods[name]["status"] = dict(status)

    def settle(self) -> None:
        """Grace periods pass: what is being deleted is gone."""
        self.pods = {name: pod for name, pod in self.pods.items() if "deletionTimestamp" not in pod["metadata"]}

    def _create(self, manifest: dict[str, Any]) -> Pod | None:
        name = manifest["metadata"]["name"]
        if name in self.pods:
            return None
        self.pods[name] = deepcopy(manifest)
        self.pods[name]["metadata"] |= {"uid": f"uid-of-{name}", "creationTimestamp": _rfc3339(self.clock())}
        self.pods[name]["status"] = {"phase": "Pending"}
        return deepcopy(self.pods[name])

    def _delete(self, name: str, uid: str | None, force: bool) -> bool:
        if name not in self.pods or uid not in (None, self.pods[name]["metadata"]["uid"]):
            return False
        self.pods[name]["metadata"].setdefault("deletionTimestamp", _rfc3339(self.clock()))
        if force:
            del self.pods[name]
        return True

    def _page(self, deployment: str, limit: int, after: str) -> PodPage:
        """The token is the last page's last name."""
        mine = [
            name for name, pod in sorted(self.pods.items())
            if name > after and pod["metadata"].get("labels", {}).get(LABEL_DEPLOYMENT) == deployment
        ]  # fmt: skip
        page = [deepcopy(self.pods[name]) for name in mine[:limit]]
        return PodPage(page, mine[limit - 1] if len(mine) > limit else None)

    def _called(self, method: Method, work: Callable[[], AnswerT]) -> AnswerT:
        self.calls.append(method)
        failure = self.failures.get(method)
        if failure and not self.late:
            raise failure
        answer = work()
        if failure:
            raise failure
        return answer


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class FakeTokenStore:
    """A TokenStore."""

    principals: dict[str, Principal] = field(default_factory=dict)

    def principal(self, token_hash: str) -> Principal | None:
        return self.principals.get(token_hash)

    def add(self, token_hash: str, principal: Principal) -> None:
        self.principals[token_hash] = principal


@dataclass
class FakeSigner:
    """A TicketSigner whose tickets are the claims, readable."""

    signed: list[TicketClaims] = field(default_factory=list)

    def sign(self, claims: TicketClaims) -> str:
        self.signed.append(claims)
        return f"ticket-{len(self.signed)}"

    def jwks(self) -> dict[str, Any]:
        return {"keys": []}


class Watched:
    """A port whose every call is announced, before and after it is done: the watcher may act (a race) or raise (a crash).

    Where the answer is read bit by bit, so is every bit: ``before next_due``, ``after next_due``.
    """

    def __init__(self, port: object, watcher: Callable[[str, tuple[Any, ...]], None]) -> None:
        self._port = port
        self._watcher = watcher

    def __getattr__(self, method: str) -> Callable[..., Any]:
        work = getattr(self._port, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._watcher(f"before {method}", args)
            answer = work(*args, **kwargs)
            self._watcher(f"after {method}", args)
            return self._bits(method, args, answer) if isinstance(answer, Iterator) else answer

        return call

    def _bits(self, method: str, args: tuple[Any, ...], answer: Iterator[Any]) -> Iterator[Any]:
        while True:
            self._watcher(f"before next_{method}", args)
            bit = next(answer, self)
            self._watcher(f"after next_{method}", args)
            if bit is self:
                return
            yield bit
