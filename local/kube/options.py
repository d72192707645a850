"""The query parameters of requests, as typed values: ``ListOptions``, ``CreateOptions``, ``DeleteOptions``, ``PodLogOptions``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from local.kube import status
from local.kube.decoding import Decoded
from local.kube.names import invalid
from local.kube.objects import Object, parse_time
from local.kube.status import ApiError, Cause


def integer(query: Mapping[str, str], name: str) -> int | None:
    """None when absent or empty. Raises ApiError 400."""
    text = query.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        raise status.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def boolean(query: Mapping[str, str], name: str) -> bool:
    """Anything but 0 and false is true, as Kubernetes reads query parameters."""
    return name in query and query[name].lower() not in ("0", "false")


def _forbidden(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {why}")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """``resource_version`` is still text: a list and a watch differ in what they answer to a bad one."""

    label_selector: str
    field_selector: str
    limit: int
    continue_token: str
    resource_version: str
    resource_version_match: str
    watch: bool
    timeout_seconds: int | None
    allow_watch_bookmarks: bool
    send_initial_events: bool

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "ListOptions":
        """Raises ApiError 400 and 422."""
        options = cls(
            label_selector=query.get("labelSelector", ""),
            field_selector=query.get("fieldSelector", ""),
            limit=max(integer(query, "limit") or 0, 0),
            continue_token=query.get("continue", ""),
            resource_version=query.get("resourceVersion", ""),
            resource_version_match=query.get("resourceVersionMatch", ""),
            watch=boolean(query, "watch"),
            timeout_seconds=integer(query, "timeoutSeconds"),
            allow_watch_bookmarks=boolean(query, "allowWatchBookmarks"),
            send_initial_events=boolean(query, "sendInitialEvents"),
        )
        options._require_consistent()
        return options

    def _require_consistent(self) -> None:
        match = self.resource_version_match
        if self.send_initial_events and match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        elif match and self.watch and not self.send_initial_events:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        elif match and not self.watch and not self.resource_version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        else:
            return
        raise status.invalid("ListOptions.meta.k8s.io", "", [_forbidden("resourceVersionMatch", why)])


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """``field_validation`` is Strict, Warn or Ignore."""

    dry_run: bool
    field_validation: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "CreateOptions":
        """Raises ApiError 422."""
        validation = query.get("fieldValidation", "")
        dry_run = [query["dryRun"]] if query.get("dryRun") else []
        causes = _dry_run_causes(dry_run)
        if validation not in ("", "Ignore", "Strict", "Warn"):
            supported = 'supported values: "", "Ignore", "Strict", "Warn"'
            message = f'Unsupported value: "{validation}": {supported}'
            causes.append(Cause("FieldValueNotSupported", "fieldValidation", message))
        if causes:
            raise status.invalid("CreateOptions.meta.k8s.io", "", causes)
        return cls(dry_run=bool(dry_run), field_validation=validation or "Warn")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """``grace`` in seconds, None for the pod's own."""

    grace: int | None = None
    dry_run: bool = False
    uid: str | None = None
    resource_version: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], body: Decoded | None) -> "DeleteOptions":
        """A body counts alone, as in Kubernetes; without one the query does. Raises ApiError 400 and 422."""
        if body is None:
            grace = integer(query, "gracePeriodSeconds")
            dry_run = [query["dryRun"]] if query.get("dryRun") else []
            preconditions: Object = {}
        else:
            grace = body.object.get("gracePeriodSeconds")
            dry_run = body.object.get("dryRun", [])
            preconditions = body.object.get("preconditions", {})
        if causes := _dry_run_causes(dry_run):
            raise status.invalid("DeleteOptions.meta.k8s.io", "", causes)
        if grace is not None and grace < 0:
            grace = 1  # recorded: a negative grace is accepted and becomes 1
        return cls(grace, bool(dry_run), preconditions.get("uid"), preconditions.get("resourceVersion"))


def _dry_run_causes(values: Sequence[str]) -> list[Cause]:
    if all(value == "All" for value in values):
        return []
    shown = " ".join(f'"{value}"' for value in values)
    message = f'Unsupported value: [{shown}]: supported values: "All"'
    return [Cause("FieldValueNotSupported", "dryRun", message)]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """``since`` is the moment before which lines are left out; ``since_seconds`` the same, as an age."""

    container: str
    follow: bool
    previous: bool
    timestamps: bool
    tail_lines: int | None
    limit_bytes: int | None
    since_seconds: int | None
    since: datetime | None

    @classmethod
    def of(cls, query: Mapping[str, str], pod_name: str) -> "LogOptions":
        """Raises ApiError 400 and 422."""
        options = cls(
            container=query.get("container", ""),
            follow=boolean(query, "follow"),
            previous=boolean(query, "previous"),
            timestamps=boolean(query, "timestamps"),
            tail_lines=integer(query, "tailLines"),
            limit_bytes=integer(query, "limitBytes"),
            since_seconds=integer(query, "sinceSeconds"),
            since=_time(query, "sinceTime"),
        )
        causes = list(options._causes())
        if "stream" in query:
            causes.append(_forbidden("stream", "may not be specified"))
        if causes:
            raise status.invalid("PodLogOptions", pod_name, causes)
        return options

    def _causes(self) -> list[Cause]:
        causes = []
        if self.tail_lines is not None and self.tail_lines < 0:
            causes.append(invalid("tailLines", self.tail_lines, "must be greater than or equal to 0"))
        for name, value in (("limitBytes", self.limit_bytes), ("sinceSeconds", self.since_seconds)):
            if value is not None and value < 1:
                causes.append(invalid(name, value, "must be greater than 0"))
        if self.since is not None and self.since_seconds is not None:
            causes.append(_forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
        return causes


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise status.bad_request(f"{name}: {error}") from error


def resource_version(text: str) -> int | None:
    """None when absent. Raises ValueError in the words that Kubernetes puts into its errors."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII):
        raise ValueError(
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def bad_list_version(error: ValueError) -> ApiError:
    return status.bad_request(f"invalid resource version: {error}")


def bad_watch_version(error: ValueError) -> ApiError:
    return ApiError(500, None, str(error))
