"""Watches: a list that goes on, one JSON event a line (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes)."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from typing import Final

from aiohttp import web

from local.kube.lists import Selection, typed
from local.kube.objects import Object, dumps
from local.kube.options import ListOptions, bad_watch_version, resource_version
from local.kube.printing.forms import Form
from local.kube.registry import Change, Registry, Subscription
from local.kube.status import ApiError

#: Kubernetes draws 30 to 60 minutes when the client does not say.
_DEFAULT_TIMEOUT: Final = 1800
_BOOKMARK_INTERVAL: Final = 60.0
#: Recorded: the last bookmark comes this long before the end.
_LAST_BOOKMARK: Final = 2.0
_INITIAL_EVENTS_END: Final = {"k8s.io/initial-events-end": "true"}


async def watch(
    request: web.Request, registry: Registry, selection: Selection, options: ListOptions, form: Form
) -> web.StreamResponse:
    """Answers until the timeout, or until the client leaves or falls too far behind. Raises ApiError 500 (recorded)."""
    try:
        version = resource_version(options.resource_version)
    except ValueError as error:
        raise bad_watch_version(error) from error
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    subscription = registry.subscribe()
    try:
        # From here to the first await nothing else runs: no change falls between history and subscription.
        stream = _Stream(registry, selection, options, subscription, form)
        beginning = b"".join(dumps(event) for event in stream.beginning(version))
        await response.prepare(request)
        if beginning:
            await response.write(beginning)
        if not stream.over:
            async for event in stream.events(version or 0):
                await response.write(dumps(event))
    finally:
        subscription.end()
    return response


class _Stream:
    """The events of one watch. ``over`` when there was an error and nothing follows."""

    def __init__(
        self,
        registry: Registry,
        selection: Selection,
        options: ListOptions,
        subscription: Subscription,
        form: Form,
    ) -> None:
        self._registry = registry
        self._selection = selection
        self._options = options
        self._subscription = subscription
        self._form = form
        self.over = False

    def beginning(self, version: int | None) -> Iterator[Object]:
        """What is there now, when the client knows nothing; what happened since, when it knows a version."""
        if not version or self._options.send_initial_events:
            for found in self._registry.list(self._selection.resource):
                if self._selection.matches(found):
                    yield {"type": "ADDED", "object": self._shown(found)}
            if self._options.send_initial_events and self._options.allow_watch_bookmarks:
                yield self._bookmark(_INITIAL_EVENTS_END)
            return
        try:
            for change in self._registry.changes_since(self._selection.resource, version):
                yield from self._seen(change)
        except ApiError as error:
            self.over = True
            yield {"type": "ERROR", "object": error.to_object()}

    async def events(self, after: int) -> AsyncIterator[Object]:
        """What happens from now on. Changes up to version ``after``, which may lie in the future, are left out."""
        clock = asyncio.get_running_loop().time
        end = clock() + (self._options.timeout_seconds or _DEFAULT_TIMEOUT)
        bookmark = self._next_bookmark(clock(), end)
        while clock() < end:
            try:
                async with asyncio.timeout_at(min(bookmark, end)):
                    change = await self._subscription.next()
            except TimeoutError:
                if clock() >= bookmark:
                    yield self._bookmark({})
                    bookmark = self._next_bookmark(clock(), end)
                continue
            if change is None:
                return
            if change.resource == self._selection.resource and change.version > after:
                for event in self._seen(change):
                    yield event

    def _seen(self, change: Change) -> Iterator[Object]:
        """``change`` as someone sees it who knows only what the selection matches (recorded: README 24)."""
        now = change.type != "DELETED" and self._selection.matches(change.object)
        before = change.previous is not None and self._selection.matches(change.previous)
        if now:
            yield {"type": "MODIFIED" if before else "ADDED", "object": self._shown(change.object)}
        elif before and change.previous is not None:
            version = change.object["metadata"]["resourceVersion"]
            metadata = {**change.previous["metadata"], "resourceVersion": version}
            yield {"type": "DELETED", "object": self._shown({**change.previous, "metadata": metadata})}

    def _shown(self, found: Object) -> Object:
        return self._form.event(self._selection.resource, typed(self._selection.resource, found))

    def _next_bookmark(self, now: float, end: float) -> float:
        moment = min(now + _BOOKMARK_INTERVAL, end - _LAST_BOOKMARK)
        return moment if self._options.allow_watch_bookmarks and moment > now else math.inf

    def _bookmark(self, annotations: Object) -> Object:
        metadata: Object = {"resourceVersion": str(self._registry.version)}
        if annotations:
            metadata["annotations"] = annotations
        found = typed(self._selection.resource, {"metadata": metadata})
        if self._selection.resource == "pods":
            found |= {"spec": {"containers": None}, "status": {}}
        return {"type": "BOOKMARK", "object": self._form.bookmark(found)}
