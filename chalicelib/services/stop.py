"""Delete: idempotent, and true in every state."""

import logging
from dataclasses import dataclass

from chalicelib.domain.errors import ClusterError, ClusterTimeout, Forbidden, RetryLater, VersionConflict
from chalicelib.domain.permissions import Principal, allowed
from chalicelib.domain.weaver import Via, Weaver, deleted, ended, pod_may_come
from chalicelib.services.clusters import Clusters
from chalicelib.services.describe import Describe
from chalicelib.services.ports import Clock, WeaverStore
from chalicelib.services.retention import Retention

_ATTEMPTS = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    """The use case."""

    store: WeaverStore
    clusters: Clusters
    clock: Clock
    retention: Retention
    describe: Describe

    def __call__(self, principal: Principal, reference: str, via: Via = "API") -> Weaver:
        """The weaver on its way out, or gone. Raises NotFound, AmbiguousId, Forbidden, RetryLater.

        The end is decided by a conditional write, then the pod is deleted. What fails after the decision, the sweep finishes.
        """
        weaver = self.describe.find(principal, reference)
        if not allowed(principal, "delete", owner_user_id=weaver.owner_user_id, org_id=weaver.org_id):
            raise Forbidden("you may not delete this weaver")
        for _ in range(_ATTEMPTS):
            if weaver.ended_at:
                return weaver
            going = deleted(weaver, principal.user_id, via, self.clock())
            try:
                if going is not weaver:
                    self.store.update(going)
                return self.finish(going)
            except VersionConflict:
                weaver = self.store.get(weaver.id) or weaver
            except (ClusterError, ClusterTimeout):
                _log.warning("pod not deleted yet, the sweep will", extra={"weaver_id": weaver.id}, exc_info=True)
                return going
        raise RetryLater("the weaver is being changed by others; try again")

    def finish(self, weaver: Weaver, *, force: bool = False) -> Weaver:
        """Deletes the pod of a terminating weaver; ends the weaver once there is none and none may come.

        Raises VersionConflict, ClusterError, ClusterTimeout.
        """
        now = self.clock()
        if self.clusters.of(weaver).delete_pod(weaver.pod_name, force=force) or pod_may_come(weaver, now):
            return weaver
        gone = ended(weaver, now)
        self.store.end(gone, self.retention.until(now))
        return gone
