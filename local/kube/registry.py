"""The objects, in memory: one resourceVersion for everything, optimistic updates, and a bounded history for watches.

All of it is synchronous, so every change is atomic in the event loop and a watcher that reads the history and subscribes in
one step misses nothing. A stored object is never changed in place: an update stores a new one.
"""

import asyncio
import copy
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from local.kube import status
from local.kube.objects import Object, seconds, utc_now

ChangeType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]

#: A watcher that falls this far behind is ended, as Kubernetes ends it; clients list again.
MAX_BACKLOG: Final = 4096


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one object. ``previous`` is what was stored before, None when it was added."""

    version: int
    resource: str
    type: ChangeType
    object: Object
    previous: Object | None


class Subscription:
    """The changes from now on, in order. :meth:`next` returns None when the subscription was ended."""

    def __init__(self, registry: "Registry") -> None:
        self._registry = registry
        self._changes: asyncio.Queue[Change | None] = asyncio.Queue()

    def push(self, change: Change) -> None:
        if self._changes.qsize() >= MAX_BACKLOG:
            self.end()
        else:
            self._changes.put_nowait(change)

    async def next(self) -> Change | None:
        return await self._changes.get()

    def end(self) -> None:
        self._registry.unsubscribe(self)
        self._changes.put_nowait(None)


class Registry:
    """Objects by resource (``pods``), namespace (empty for cluster-wide ones) and name.

    ``history`` is the number of changes that a watch may go back, ``first_version`` where versions begin: one later than
    any from before a restart makes clients list again (410), instead of waiting for a version that comes late or never.
    """

    def __init__(self, history: int = 8192, first_version: int = 1) -> None:
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._history: deque[Change] = deque(maxlen=history)
        self._subscriptions: set[Subscription] = set()
        self._first_version = first_version
        self.version = first_version

    @property
    def oldest_version(self) -> int:
        """A watch may start from this version or a later one."""
        full = len(self._history) == self._history.maxlen
        return self._history[0].version if full else self._first_version

    def get(self, resource: str, namespace: str, name: str) -> Object:
        """Raises ApiError 404."""
        found = self.find(resource, namespace, name)
        if found is None:
            raise status.not_found(resource, name)
        return found

    def find(self, resource: str, namespace: str, name: str) -> Object | None:
        return self._objects.get(resource, {}).get((namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> list[Object]:
        """In the order of namespace and name, as etcd's keys are."""
        stored = self._objects.get(resource, {})
        return [stored[key] for key in sorted(stored) if namespace in (None, key[0])]

    def list_at(self, resource: str, version: int) -> Sequence[Object]:
        """The objects as they were at ``version``: the changes since then undone. Raises ApiError 410."""
        stored = dict(self._objects.get(resource, {}))
        for change in reversed(self.changes_since(resource, version)):
            if change.previous is None:
                del stored[_key(change.object)]
            else:
                stored[_key(change.object)] = change.previous
        return [stored[key] for key in sorted(stored)]

    def create(self, resource: str, new: Object) -> Object:
        """Stores ``new`` with uid, creationTimestamp and resourceVersion. Raises ApiError 409."""
        namespace, name = _key(new)
        existing = self.find(resource, namespace, name)
        if existing is not None:
            deleting = "deletionTimestamp" in existing["metadata"]
            raise status.already_exists(resource, name, being_deleted=deleting)
        created = self._stamped(identified(new))
        self._objects.setdefault(resource, {})[namespace, name] = created
        self._record(Change(self.version, resource, "ADDED", created, None))
        return created

    def update(self, resource: str, namespace: str, name: str, change: Callable[[Object], None]) -> Object:
        """Applies ``change`` to a copy and stores it; nothing is recorded when nothing changed. Raises ApiError 404."""
        old = self.get(resource, namespace, name)
        new = copy.deepcopy(old)
        change(new)
        if new == old:
            return old
        new = self._stamped(new)
        self._objects[resource][namespace, name] = new
        self._record(Change(self.version, resource, "MODIFIED", new, old))
        return new

    def delete(self, resource: str, namespace: str, name: str) -> Object:
        """The object as last stored, with the version of its end. Raises ApiError 404."""
        old = self.get(resource, namespace, name)
        del self._objects[resource][namespace, name]
        gone = self._stamped(old)
        self._record(Change(self.version, resource, "DELETED", gone, old))
        return gone

    def changes_since(self, resource: str, version: int) -> Sequence[Change]:
        """Raises ApiError 410 when the history does not go back that far."""
        if version < self.oldest_version:
            raise status.expired(f"too old resource version: {version} ({self.oldest_version})")
        return [change for change in self._history if change.version > version and change.resource == resource]

    def subscribe(self) -> Subscription:
        subscription = Subscription(self)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Ends every subscription."""
        for subscription in tuple(self._subscriptions):
            subscription.end()

    def _stamped(self, value: Object) -> Object:
        self.version += 1
        return {**value, "metadata": {**value["metadata"], "resourceVersion": str(self.version)}}

    def _record(self, change: Change) -> None:
        self._history.append(change)
        for subscription in tuple(self._subscriptions):
            subscription.push(change)


def identified(new: Object) -> Object:
    """``new`` with a fresh uid and the time of creation."""
    metadata = dict(new["metadata"])
    first = {key: metadata.pop(key) for key in ("name", "generateName", "namespace") if key in metadata}
    first |= {"uid": str(uuid.uuid4())}
    if "generation" in metadata:
        first["generation"] = metadata.pop("generation")
    return {**new, "metadata": {**first, "creationTimestamp": seconds(utc_now()), **metadata}}


def _key(value: Object) -> tuple[str, str]:
    return value["metadata"].get("namespace", ""), value["metadata"]["name"]
