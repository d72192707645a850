"""Users as Kubernetes knows them: a name, groups, and where the name comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from local.kube.objects import Object

AUTHENTICATED: Final = "system:authenticated"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...]
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_object(self) -> Object:
        """``UserInfo`` of authentication.k8s.io/v1."""
        found: Object = {"username": self.name}
        if self.uid:
            found["uid"] = self.uid
        found["groups"] = list(self.groups)
        return {**found, "extra": {key: list(values) for key, values in self.extra.items()}} if self.extra else found


#: Whoever has the server's own token, the one in the kubeconfig that it writes.
ADMIN: Final = User("kubernetes-admin", ("system:masters", AUTHENTICATED))
ANONYMOUS: Final = User("system:anonymous", ("system:unauthenticated",))


def service_account(
    namespace: str, name: str, uid: str = "", extra: Mapping[str, tuple[str, ...]] | None = None
) -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid, extra or {})


def named(name: str, groups: tuple[str, ...] = ()) -> User:
    """Somebody to impersonate: a service account has its groups by itself."""
    prefix, _, account = name.rpartition("system:serviceaccount:")
    if not prefix and account.count(":") == 1:
        namespace, _, name = account.partition(":")
        return service_account(namespace, name)
    return User(name, (*groups, AUTHENTICATED))
