"""Create: reserve in the store, make the pod, answer. It does not wait for the pod (DESIGN §4)."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain import ids, lifetime
from chalicelib.domain.errors import (
    ClusterError,
    ClusterRefused,
    ClusterTimeout,
    Forbidden,
    InvalidRequest,
    RetryLater,
    VersionConflict,
)
from chalicelib.domain.permissions import Principal, may_create_in
from chalicelib.domain.pod_spec import LABEL_WEAVER_ID, PodRequest, in_workspace, weaver_pod
from chalicelib.domain.pod_status import Pod
from chalicelib.domain.weaver import CREATE_FAILED, Resources, Weaver, create_failed, ended, pod_made
from chalicelib.services.clusters import Clusters
from chalicelib.services.ports import Clock, Reservation, WeaverStore
from chalicelib.services.retention import Retention

if TYPE_CHECKING:  # brings pydantic, which most requests do not need
    from chalicelib.domain.create_request import CreateRequest

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """What a deployment decides about new weavers."""

    default_image: str
    clone_image: str
    server_url: str
    deployment: str
    user_limit: int
    org_limit: int


@dataclass(frozen=True, slots=True)
class Launch:
    """The use case."""

    store: WeaverStore
    clusters: Clusters
    clock: Clock
    retention: Retention
    settings: LaunchSettings

    def __call__(self, principal: Principal, request: "CreateRequest", idempotency_key: str | None = None) -> Weaver:
        """A new weaver, pending; with a key used before for the same request, the one made then.

        Raises InvalidRequest, Forbidden, NameTaken, TooManyWeavers, IdempotencyConflict, RetryLater, ClusterError, ClusterTimeout.
        """
        org_id = request.org_id or principal.personal_org_id
        if not may_create_in(principal, org_id):
            raise Forbidden(f"you may not create weavers in org {org_id!r}", field="org_id")
        new = self._new_weaver(principal, org_id, request)
        if request.workdir and in_workspace(request.workdir) and not (new.has_session or request.command):
            message = "workdir: a folder of the clone needs the default image, or a command to run there"
            raise InvalidRequest(message, field="workdir")
        weaver = self.store.reserve(
            Reservation(
                weaver=new,
                user_limit=self.settings.user_limit,
                org_limit=self.settings.org_limit,
                idempotency_key=idempotency_key,
                request_hash=request_hash(request),
            )
        )
        if weaver.reason == CREATE_FAILED:
            raise ClusterError(weaver.message or "the create did not come through")  # the key was used before for it
        if weaver.pod_uid or weaver.status != "pending":
            return weaver  # the key was used before, and that create came through
        return self._with_pod(weaver, request, retry=weaver.id != new.id)

    def _new_weaver(self, principal: Principal, org_id: str, request: "CreateRequest") -> Weaver:
        now = self.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return Weaver(
            id=ids.new_weaver_id(now, secrets.token_bytes(10)),
            owner_user_id=principal.user_id,
            org_id=org_id,
            image=request.image or self.settings.default_image,
            created_at=now,
            lifetime_hours=request.lifetime_hours,
            expires_at=lifetime.expires_at(now, request.lifetime_hours),
            stages={"reserved": now},
            name=request.name,
            repo=request.repo,
            branch=request.branch,
            tags=request.tags,
            resources=Resources(request.resources.memory_limit, request.resources.cpu_limit),
            cluster=self.clusters.chosen(request.cluster),
            has_session=not request.command
            and (request.image or self.settings.default_image) == self.settings.default_image,
        )

    def _with_pod(self, weaver: Weaver, request: "CreateRequest", *, retry: bool) -> Weaver:
        pod_request = PodRequest(
            clone_image=self.settings.clone_image,
            server_url=self.settings.server_url,
            env=request.env,
            command=request.command,
            args=request.args,
            workdir=request.workdir,
            deployment=self.settings.deployment,
        )
        try:
            pod = self._create_or_find(weaver, weaver_pod(weaver, pod_request))
        except (ClusterError, ClusterTimeout) as error:
            # A retry may be refused (a quota) for the very pod that the first attempt made.
            self._undo(weaver, error.message, no_pod=isinstance(error, ClusterRefused) and not retry)
            raise
        return self._written_down(weaver, pod["metadata"]["uid"])

    def _written_down(self, weaver: Weaver, pod_uid: str) -> Weaver:
        """The record with its pod. Whoever was quicker saw the pod, extended the weaver, or ended it; who ended it may not have
        found this pod.
        """
        for _ in range(_ATTEMPTS):
            made = pod_made(weaver, pod_uid)
            try:
                self.store.update(made)
            except VersionConflict:
                weaver = self.store.get(weaver.id) or weaver
            else:
                return made
            if weaver.ended_at or weaver.status == "terminating":
                self.clusters.of(weaver).delete_pod(weaver.pod_name)
                return weaver
            if weaver.pod_uid:
                return weaver
        raise RetryLater("the weaver is being changed by others; try again")

    def _create_or_find(self, weaver: Weaver, manifest: dict[str, object]) -> Pod:
        cluster = self.clusters.of(weaver)
        if pod := cluster.create_pod(manifest):
            return pod
        found = cluster.get_pod(weaver.pod_name)
        if found and found["metadata"].get("labels", {}).get(LABEL_WEAVER_ID) != weaver.id:
            raise ClusterRefused(f"a pod {weaver.pod_name} that is not ours is in the way")
        if not found or found["metadata"].get("deletionTimestamp"):
            raise ClusterError(f"the pod {weaver.pod_name} is being deleted")
        return found

    def _undo(self, weaver: Weaver, message: str, *, no_pod: bool) -> None:
        """Frees the reservation at once when there is certainly no pod; otherwise leaves it to the sweep to find out."""
        now = self.clock()
        going = create_failed(weaver, "API", now, message)
        try:
            self.store.update(going)
            if no_pod:
                self.store.end(ended(going, now), self.retention.until(now))
        except (VersionConflict, RetryLater):
            return  # somebody else is ending it or extended it, or the store is busy: then the sweep undoes it


def request_hash(request: "CreateRequest") -> str:
    """Tells equal requests from different ones, whatever the order of keys (RFC 8259 §4); environment values must not be kept.

    What is as without being said is left out: a field that a newer version of this code knows must not part a retry from its first attempt.
    """
    canonical = json.dumps(request.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
