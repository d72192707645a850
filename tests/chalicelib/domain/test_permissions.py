"""The table of DESIGN §5, cell by cell."""

from itertools import product
from typing import get_args

import pytest

from chalicelib.domain.permissions import (
    Action,
    OrgRole,
    Principal,
    SystemRole,
    allowed,
    may_create_in,
    may_list_org,
    may_sweep,
)

ORG, OTHER = "org-blue", "org-red"
OWNER = Principal("user-owner", "org-owner")


def stranger(**roles) -> Principal:
    return Principal("user-x", "org-x", **roles)


WHO = {
    "owner": OWNER,
    "org_owner": stranger(org_roles={ORG: "org_owner"}),
    "org_admin": stranger(org_roles={ORG: "org_admin"}),
    "org_member": stranger(org_roles={ORG: "org_member"}),
    "org_owner elsewhere": stranger(org_roles={OTHER: "org_owner"}),
    "support": stranger(system_role="support"),
    "system_admin": stranger(system_role="system_admin"),
    "support and org_admin": stranger(org_roles={ORG: "org_admin"}, system_role="support"),
    "stranger": stranger(),
}

#: One column an action, in this order; then: create in the org, list the org, sweep by hand.
ACTIONS: tuple[Action, ...] = ("describe", "attach", "observe", "extend", "delete")
TABLE = {
    "owner":                 "yes yes yes yes yes  no  no  no",
    "org_owner":             "yes yes yes yes yes  yes yes no",
    "org_admin":             "yes yes yes yes yes  yes yes no",
    "org_member":            "yes no  no  no  no   yes yes no",
    "org_owner elsewhere":   "no  no  no  no  no   no  no  no",
    "support":               "yes no  yes no  no   no  yes no",
    "system_admin":          "yes yes yes yes yes  yes yes yes",
    "support and org_admin": "yes yes yes yes yes  yes yes no",
    "stranger":              "no  no  no  no  no   no  no  no",
}  # fmt: skip


def test_the_table_is_complete():
    assert set(ACTIONS) == set(get_args(Action))
    assert {*get_args(OrgRole), *get_args(SystemRole)} <= set(WHO)
    assert set(TABLE) == set(WHO)


@pytest.mark.parametrize(("who", "column"), [*product(TABLE, range(len(ACTIONS)))])
def test_who_may_what_to_a_weaver(who, column):
    expected = TABLE[who].split()[column] == "yes"
    assert allowed(WHO[who], ACTIONS[column], owner_user_id=OWNER.user_id, org_id=ORG) is expected


@pytest.mark.parametrize("who", TABLE)
def test_who_may_what_in_an_org(who):
    create, list_it, sweep = (cell == "yes" for cell in TABLE[who].split()[len(ACTIONS) :])
    assert (may_create_in(WHO[who], ORG), may_list_org(WHO[who], ORG), may_sweep(WHO[who])) == (create, list_it, sweep)


@pytest.mark.parametrize("who", TABLE)
def test_everybody_is_at_home_in_their_personal_org(who):
    principal = WHO[who]
    assert may_create_in(principal, principal.personal_org_id)
    assert may_list_org(principal, principal.personal_org_id)
