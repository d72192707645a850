"""In which form a client wants objects: as they are, as a Table, or as their metadata alone."""

from typing import Final, Protocol

from aiohttp import web

from local.kube.objects import Object
from local.kube.printing.partial import partial_metadata, partial_metadata_list
from local.kube.printing.tables import table
from local.kube.responses import media_ranges
from local.kube.status import ApiError

_JSON: Final = ("application/json", "application/*", "*/*")
_META: Final = {"g": "meta.k8s.io", "v": "v1"}


class Form(Protocol):
    """Objects come with kind and apiVersion, lists as ``…List``."""

    def one(self, resource: str, found: Object) -> Object: ...

    def many(self, resource: str, listed: Object) -> Object: ...

    def event(self, resource: str, found: Object) -> Object:
        """The object of a watch event; asked in the order of the events."""

    def bookmark(self, found: Object) -> Object:
        """The object of a bookmark, of which only the metadata counts."""


class Plain:
    def one(self, resource: str, found: Object) -> Object:  # noqa: ARG002  # a Form
        return found

    def many(self, resource: str, listed: Object) -> Object:  # noqa: ARG002  # a Form
        return listed

    def event(self, resource: str, found: Object) -> Object:  # noqa: ARG002  # a Form
        return found

    def bookmark(self, found: Object) -> Object:
        return found


class Partial:
    def one(self, resource: str, found: Object) -> Object:  # noqa: ARG002  # a Form
        return partial_metadata(found)

    def many(self, resource: str, listed: Object) -> Object:  # noqa: ARG002  # a Form
        return partial_metadata_list(listed)

    def event(self, resource: str, found: Object) -> Object:  # noqa: ARG002  # a Form
        return partial_metadata(found)

    def bookmark(self, found: Object) -> Object:
        return partial_metadata(found)


class Table:
    def __init__(self, include_object: str) -> None:
        self._include_object = include_object
        self._has_told_columns = False

    def one(self, resource: str, found: Object) -> Object:
        return self._table(resource, [found], {"resourceVersion": found["metadata"]["resourceVersion"]})

    def many(self, resource: str, listed: Object) -> Object:
        return self._table(resource, listed["items"], listed["metadata"])

    def event(self, resource: str, found: Object) -> Object:
        """Recorded: only the first event defines the columns."""
        shown = self.one(resource, found)
        if self._has_told_columns:
            shown["columnDefinitions"] = None
        self._has_told_columns = True
        return shown

    def bookmark(self, found: Object) -> Object:
        """A row without cells."""
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        row = {"cells": [], "object": partial_metadata(found)}
        only = {"metadata": version, "columnDefinitions": None, "rows": [row]}
        return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", **only}

    def _table(self, resource: str, found: list[Object], metadata: Object) -> Object:
        return table(resource, found, metadata, self._include_object)


def wanted(request: web.Request) -> Form:
    """The first that the client accepts and this server has. Raises ApiError 406."""
    ranges = media_ranges(request)
    for kind, parameters in ranges or [("*/*", {})]:
        if kind not in _JSON:
            continue
        as_what = parameters.pop("as", None)
        if as_what is None:
            return Plain()
        if as_what == "Table" and parameters == _META:
            return Table(request.query.get("includeObject", "Metadata"))
        if as_what in ("PartialObjectMetadata", "PartialObjectMetadataList") and parameters == _META:
            return Partial()
    message = "only the following media types are accepted: application/json"
    raise ApiError(406, "NotAcceptable", message)
