"""The roles that every cluster has from the start, as far as there is something here for them to permit."""

from typing import Final

from local.kube.auth.rbac import GROUP
from local.kube.objects import Object
from local.kube.registry import Registry

_PUBLIC_PATHS: Final = ["/healthz", "/livez", "/readyz", "/version"]
_DISCOVERY_PATHS: Final = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", *_PUBLIC_PATHS]
_ANYTHING: Final[list[Object]] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
_ABOUT_ONESELF: Final[list[Object]] = [
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
]
_EVERYBODY: Final = ("system:authenticated", "system:unauthenticated")

#: Role, its rules, and the groups that have it.
_ROLES: Final[tuple[tuple[str, list[Object], tuple[str, ...]], ...]] = (
    ("cluster-admin", _ANYTHING, ("system:masters",)),
    ("system:basic-user", _ABOUT_ONESELF, ("system:authenticated",)),
    ("system:discovery", [{"verbs": ["get"], "nonResourceURLs": _DISCOVERY_PATHS}], ("system:authenticated",)),
    ("system:public-info-viewer", [{"verbs": ["get"], "nonResourceURLs": _PUBLIC_PATHS}], _EVERYBODY),
)


def install(registry: Registry) -> None:
    for name, rules, groups in _ROLES:
        metadata = {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
        subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
        registry.create(f"clusterroles.{GROUP}", {"metadata": metadata, "rules": rules})
        registry.create(
            f"clusterrolebindings.{GROUP}", {"metadata": metadata, "subjects": subjects, "roleRef": reference}
        )
