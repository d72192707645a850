"""Finding, showing and listing weavers, and bringing a record up to date with its pod."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.domain import ids
from chalicelib.domain.errors import Forbidden, NotFound, VersionConflict
from chalicelib.domain.permissions import Principal, allowed, may_list_org
from chalicelib.domain.pod_status import WeaverStatus, pod_status
from chalicelib.domain.weaver import Weaver, ended, observed, pod_may_come
from chalicelib.services.clusters import Clusters
from chalicelib.services.ports import Clock, Page, WeaverStore
from chalicelib.services.retention import Retention

#: More living weavers than that are not searched for a short id, a name or a prefix.
_SEARCHED = 1000


@dataclass(frozen=True, slots=True)
class Listing:
    """Which weavers to list. Without ``org_id`` and ``owner_user_id``: one's own."""

    org_id: str | None = None
    owner_user_id: str | None = None
    status: WeaverStatus | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    ended: bool = False
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Describe:
    """The use cases that show."""

    store: WeaverStore
    clusters: Clusters
    clock: Clock
    retention: Retention

    def find(self, principal: Principal, reference: str) -> Weaver:
        """The weaver that ``reference`` means, as recorded; own names go before others'. Raises NotFound, AmbiguousId."""
        if ids.is_full_id(reference):
            weaver = self.store.get(reference)
            if weaver is None or not _may(principal, weaver):
                raise NotFound(f"no weaver {reference!r}")
            return weaver
        visible = self._visible(principal)
        own = [weaver for weaver in visible if weaver.owner_user_id == principal.user_id and weaver.name == reference]
        return own[0] if own else ids.resolve(reference, visible)

    def __call__(self, principal: Principal, reference: str, *, refresh: bool = False) -> Weaver:
        """The weaver as it is now: while it changes by itself, its pod is looked at. ``refresh`` looks in any case."""
        weaver = self.find(principal, reference)
        if weaver.ended_at is None and (refresh or weaver.status in ("pending", "terminating")):
            return self.refreshed(weaver)
        return weaver

    def refreshed(self, weaver: Weaver) -> Weaver:
        """The record brought up to date with its pod, and stored if that changed it."""
        cluster = self.clusters.of(weaver)
        pod = cluster.get_pod(weaver.pod_name)
        now = self.clock()
        try:
            if pod is None:
                if pod_may_come(weaver, now):
                    return weaver
                gone = ended(weaver, now)
                self.store.end(gone, self.retention.until(now))
                return gone
            events = cluster.pod_events(pod) if weaver.status == "pending" else ()
            seen = observed(weaver, pod["metadata"]["uid"], pod_status(pod, events), now)
            if seen is not weaver:
                self.store.update(seen)
        except VersionConflict:
            return self.store.get(weaver.id) or weaver
        return seen

    def list(self, principal: Principal, listing: Listing) -> Page:
        """One page. The filters apply within it, so that it may be short or even empty while there is a next one.

        Raises Forbidden, InvalidRequest for a bad cursor.
        """
        owner = listing.owner_user_id
        if listing.org_id is not None:
            if not may_list_org(principal, listing.org_id):
                raise Forbidden(f"you may not list the weavers of org {listing.org_id!r}", field="org")
            page = self.store.list_by_org(
                listing.org_id, ended=listing.ended, limit=listing.limit, cursor=listing.cursor
            )
        elif owner in (None, principal.user_id) or principal.system_role is not None:
            owner = owner or principal.user_id
            page = self.store.list_by_owner(owner, ended=listing.ended, limit=listing.limit, cursor=listing.cursor)
        else:
            raise Forbidden("to list another user's weavers, name an org of yours as well", field="owner")
        return Page([weaver for weaver in page.weavers if _fits(weaver, listing, owner)], page.next_cursor)

    def _visible(self, principal: Principal) -> Sequence[Weaver]:
        """Living weavers that the principal may describe: own ones first, then those of the principal's orgs."""
        own = self.store.list_by_owner(principal.user_id, ended=False, limit=_SEARCHED, cursor=None)
        visible = {weaver.id: weaver for weaver in own.weavers}
        for org_id in principal.org_roles:
            page = self.store.list_by_org(org_id, ended=False, limit=_SEARCHED, cursor=None)
            visible |= {weaver.id: weaver for weaver in page.weavers}
        return list(visible.values())


def _may(principal: Principal, weaver: Weaver) -> bool:
    return allowed(principal, "describe", owner_user_id=weaver.owner_user_id, org_id=weaver.org_id)


def _fits(weaver: Weaver, listing: Listing, owner: str | None) -> bool:
    return (
        (listing.status is None or weaver.status == listing.status)
        and (owner is None or weaver.owner_user_id == owner)
        and all(weaver.tags.get(key) == value for key, value in listing.tags.items())
    )
