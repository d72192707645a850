"""Who may what (the table of DESIGN §5), as one function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Action = Literal["describe", "attach", "observe", "extend", "delete"]
OrgRole = Literal["org_owner", "org_admin", "org_member"]
SystemRole = Literal["support", "system_admin"]

_EVERYTHING: Final[frozenset[Action]] = frozenset({"describe", "attach", "observe", "extend", "delete"})
_BY_ORG_ROLE: Final[Mapping[OrgRole, frozenset[Action]]] = {
    "org_owner": _EVERYTHING,
    "org_admin": _EVERYTHING,
    "org_member": frozenset({"describe"}),
}
_BY_SYSTEM_ROLE: Final[Mapping[SystemRole, frozenset[Action]]] = {
    "system_admin": _EVERYTHING,
    "support": frozenset({"describe", "observe"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user with a personal org, roles in orgs, and for few a role in the system."""

    user_id: str
    personal_org_id: str
    org_roles: Mapping[str, OrgRole] = field(default_factory=dict)
    system_role: SystemRole | None = None


def allowed(principal: Principal, action: Action, *, owner_user_id: str, org_id: str) -> bool:
    """Whether ``principal`` may do ``action`` to a weaver of that owner in that org."""
    if principal.user_id == owner_user_id:
        return True
    org_role = "org_owner" if org_id == principal.personal_org_id else principal.org_roles.get(org_id)
    if org_role and action in _BY_ORG_ROLE[org_role]:
        return True
    return principal.system_role is not None and action in _BY_SYSTEM_ROLE[principal.system_role]


def may_create_in(principal: Principal, org_id: str) -> bool:
    """Everybody in their personal org, members in theirs, system admins anywhere."""
    return (
        org_id == principal.personal_org_id or org_id in principal.org_roles or principal.system_role == "system_admin"
    )


def may_list_org(principal: Principal, org_id: str) -> bool:
    """Whoever may describe every weaver of the org."""
    return org_id == principal.personal_org_id or org_id in principal.org_roles or principal.system_role is not None


def may_sweep(principal: Principal) -> bool:
    """Starting a sweep by hand is for system admins: it acts on everybody's weavers."""
    return principal.system_role == "system_admin"
