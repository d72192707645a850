"""Manifests that the server starts with: namespaces, service accounts, roles and bindings, as ``kubectl apply -f`` would make them."""

from pathlib import Path

from local.kube.decoding import decode_value, require_strict
from local.kube.namespaces import new_namespace
from local.kube.objects import Object
from local.kube.registry import Registry
from local.kube.resources import RESOURCES, STORED, Resource
from local.kube.status import ApiError
from local.kube.stored import name_rule, prepared
from local.kube.validation import metadata_causes
from local.kube.yaml_bodies import load_all

_KINDS = {(resource.api_version, resource.kind): resource for resource in (*STORED, RESOURCES["namespaces"])}


class BadManifest(Exception):
    """A manifest that cannot be loaded, with its file."""


def load_manifests(registry: Registry, path: Path) -> None:
    """Creates every object in ``path``; a namespace that exists is left as it is. Raises OSError and BadManifest."""
    try:
        for document in load_all(path.read_bytes()):
            _create(registry, document)
    except (ValueError, ApiError) as error:
        raise BadManifest(f"{path}: {error}") from error


def _create(registry: Registry, document: Object) -> None:
    """Raises ValueError and ApiError."""
    if not isinstance(document, dict):
        raise ValueError("a document that is no object")  # noqa: TRY004  # the file is malformed
    known = _KINDS.get((document.get("apiVersion", ""), document.get("kind", "")))
    if known is None:
        raise ValueError(f"{document.get('apiVersion')} {document.get('kind')} is not supported")
    decoded = decode_value(known.schema, document)
    require_strict(known.schema, decoded)
    if decoded.refused:
        raise ValueError(decoded.refused[0].sentence())
    metadata = decoded.object.get("metadata", {})
    if causes := metadata_causes(metadata, name_rule(known)):
        raise ValueError(causes[0].sentence())
    if known.plural != "namespaces":
        registry.create(known.name, prepared(known, decoded.object, _namespace(registry, known, metadata)))
    elif registry.find("namespaces", "", metadata["name"]) is None:
        registry.create("namespaces", new_namespace(metadata))


def _namespace(registry: Registry, known: Resource, metadata: Object) -> str:
    """Raises ApiError 404 when it does not exist."""
    if not known.namespaced:
        return ""
    name: str = metadata.get("namespace") or "default"
    registry.get("namespaces", "", name)
    return name
