from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from chalicelib.domain.errors import Forbidden, WeaverEnded
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import ended, pod_made
from chalicelib.services.tickets import Tickets
from tests.chalicelib.fakes import FakeClock, FakeSigner
from tests.chalicelib.samples import ALICE, BOB, NOW, terminating, weaver

WEAVER = pod_made(weaver(org_id="org-blue"), "uid")
ACTIONS = ("attach", "exec", "logs", "events", "tcp")
OBSERVING = {("attach", "observer"), ("logs", "observer"), ("events", "observer")}


@pytest.fixture
def tickets() -> Tickets:
    return Tickets(
        FakeSigner(), FakeClock(NOW + timedelta(milliseconds=700)), "https://loom.example", "wss://relay.example"
    )


def test_what_a_ticket_says(tickets):
    ticket = tickets.issue(ALICE, WEAVER, "attach", "driver")
    (claims,) = tickets.signer.signed
    assert ticket.url == f"wss://relay.example/api/weaver/{WEAVER.id}/attach"
    assert ticket.ticket == "ticket-1"
    assert ticket.expires_at == NOW + timedelta(seconds=60)
    assert claims.exp == int(ticket.expires_at.timestamp())
    assert claims.model_dump(exclude={"jti"}) == {
        "iss": "https://loom.example",
        "aud": "loom-relay",
        "sub": ALICE.user_id,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "weaver_id": WEAVER.id,
        "action": "attach",
        "role": "driver",
        "weaver_expires_at": WEAVER.expires_at,
    }


def test_every_ticket_is_another(tickets):
    for _ in range(3):
        tickets.issue(ALICE, WEAVER, "attach", "driver")
    assert len({claims.jti for claims in tickets.signer.signed}) == 3


@pytest.mark.parametrize(("action", "role"), [*product(ACTIONS, ("driver", "observer"))])
@pytest.mark.parametrize(
    ("principal", "may"),
    [
        (ALICE, "everything"),
        (Principal("user-x", "org-x", {"org-blue": "org_owner"}), "everything"),
        (Principal("user-x", "org-x", {"org-blue": "org_admin"}), "everything"),
        (Principal("user-x", "org-x", system_role="system_admin"), "everything"),
        (Principal("user-x", "org-x", system_role="support"), "observe"),
        (Principal("user-x", "org-x", {"org-blue": "org_member"}), "nothing"),
        (Principal("user-x", "org-x", {"org-red": "org_owner"}), "nothing"),
        (BOB, "nothing"),
    ],
    ids=["owner", "org_owner", "org_admin", "system_admin", "support", "org_member", "other org's owner", "stranger"],
)
def test_who_gets_which_ticket(tickets, principal, may, action, role):
    if may == "everything" or (may == "observe" and (action, role) in OBSERVING):
        assert tickets.issue(principal, WEAVER, action, role).ticket
    else:
        with pytest.raises(Forbidden):
            tickets.issue(principal, WEAVER, action, role)
        assert tickets.signer.signed == []


@pytest.mark.parametrize(
    "gone",
    [
        terminating(WEAVER),
        ended(terminating(WEAVER), NOW),
    ],
    ids=["terminating", "ended"],
)
def test_there_is_no_ticket_to_what_is_gone(tickets, gone):
    with pytest.raises(WeaverEnded, match="deleted before its time by user-alice via CLI") as refused:
        tickets.issue(ALICE, gone, "attach", "driver")
    assert refused.value.details["reason"] == "Deleted"
    with pytest.raises(Forbidden):  # who may not connect does not learn how it is
        tickets.issue(BOB, gone, "attach", "driver")


@pytest.mark.parametrize("status", ["pending", "running", "succeeded", "failed"])
def test_any_weaver_with_a_pod_can_be_looked_at(tickets, status):
    assert tickets.issue(ALICE, replace(WEAVER, status=status), "attach", "driver").ticket
