"""Role-based access control over the roles and bindings in the registry (https://kubernetes.io/docs/reference/access-authn-authz/rbac/)."""

from collections.abc import Iterator
from typing import Final

from local.kube.auth.request_info import RequestInfo
from local.kube.auth.users import User
from local.kube.objects import Object
from local.kube.registry import Registry

GROUP: Final = "rbac.authorization.k8s.io"
_MASTERS: Final = "system:masters"


def allowed(registry: Registry, user: User, info: RequestInfo) -> bool:
    return _MASTERS in user.groups or any(_permits(rule, info) for rule in rules_of(registry, user, info.namespace))


def rules_of(registry: Registry, user: User, namespace: str) -> Iterator[Object]:
    """Every rule that is bound to ``user``: for the whole cluster, and for ``namespace`` if it is not empty."""
    for binding in registry.list(f"clusterrolebindings.{GROUP}"):
        if _is_about(binding, user):
            yield from _rules(registry, binding, "")
    for binding in registry.list(f"rolebindings.{GROUP}", namespace) if namespace else ():
        if _is_about(binding, user):
            yield from _rules(registry, binding, namespace)


def _is_about(binding: Object, user: User) -> bool:
    for subject in binding.get("subjects", ()):
        match subject.get("kind"):
            case "User" if subject.get("name") == user.name:
                return True
            case "Group" if subject.get("name") in user.groups:
                return True
            case "ServiceAccount":
                if user.name == f"system:serviceaccount:{subject.get('namespace')}:{subject.get('name')}":
                    return True
            case _:
                continue
    return False


def _rules(registry: Registry, binding: Object, namespace: str) -> list[Object]:
    """None when the role that is bound does not exist, as in Kubernetes."""
    reference = binding["roleRef"]
    in_namespace = reference.get("kind") == "Role"
    resource = f"{'roles' if in_namespace else 'clusterroles'}.{GROUP}"
    role = registry.find(resource, namespace if in_namespace else "", reference.get("name", ""))
    rules: list[Object] = role.get("rules", []) if role else []
    return rules


def _permits(rule: Object, info: RequestInfo) -> bool:
    if not _has(rule, "verbs", info.verb):
        return False
    if not info.resource:
        return any(_is_path(pattern, info.path) for pattern in rule.get("nonResourceURLs", ()))
    resources = rule.get("resources", ())
    any_with_subresource = f"*/{info.subresource}" if info.subresource else "*"
    names = rule.get("resourceNames", ())
    return (
        _has(rule, "apiGroups", info.group)
        and any(wanted in resources for wanted in ("*", info.full_resource, any_with_subresource))
        and (not names or info.name in names)
    )


def _has(rule: Object, field: str, value: str) -> bool:
    values = rule.get(field, ())
    return "*" in values or value in values


def _is_path(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path in (pattern, f"{pattern}/")
