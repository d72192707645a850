"""The fields of the reviews and of TokenRequest."""

from collections.abc import Mapping
from typing import Final

from local.kube.schema import OBJECT_META, ListOf, MapOf, Struct, Type

_AUTHENTICATION: Final = "authentication.k8s.io/v1"
_AUTHORIZATION: Final = "authorization.k8s.io/v1"
_STRINGS: Final = ListOf("string")


def _review(name: str, version: str, spec: Mapping[str, Type]) -> Struct:
    fields: Mapping[str, Type] = {
        "kind": "string",
        "apiVersion": "string",
        "metadata": OBJECT_META,
        "spec": Struct(f"{name}Spec", spec),
        "status": "dropped",
    }
    return Struct(name, fields, version=version)


TOKEN_REQUEST: Final = _review(
    "TokenRequest",
    _AUTHENTICATION,
    {
        "audiences": _STRINGS,
        "expirationSeconds": "int64",
        "boundObjectRef": Struct(
            "BoundObjectReference", {"kind": "string", "apiVersion": "string", "name": "string", "uid": "string"}
        ),
    },
)
TOKEN_REVIEW: Final = _review("TokenReview", _AUTHENTICATION, {"token": "string", "audiences": _STRINGS})
SELF_SUBJECT_REVIEW: Final = _review("SelfSubjectReview", _AUTHENTICATION, {})

_ACCESS: Final[Mapping[str, Type]] = {
    "resourceAttributes": Struct(
        "ResourceAttributes",
        {
            "namespace": "string", "verb": "string", "group": "string", "version": "string", "resource": "string",
            "subresource": "string", "name": "string",
        },
        frozenset({"fieldSelector", "labelSelector"}),
    ),
    "nonResourceAttributes": Struct("NonResourceAttributes", {"path": "string", "verb": "string"}),
}  # fmt: skip

SELF_SUBJECT_ACCESS_REVIEW: Final = _review("SelfSubjectAccessReview", _AUTHORIZATION, _ACCESS)
SELF_SUBJECT_RULES_REVIEW: Final = _review("SelfSubjectRulesReview", _AUTHORIZATION, {"namespace": "string"})
SUBJECT_ACCESS_REVIEW: Final = _review(
    "SubjectAccessReview",
    _AUTHORIZATION,
    {**_ACCESS, "user": "string", "groups": _STRINGS, "uid": "string", "extra": MapOf(_STRINGS)},
)
