"""``loom attach`` on a real terminal when its connection breaks, against a relay that a test scripts."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.server import ServerConnection

from loom.wire import SUBPROTOCOL_V2, Ack, Exit, Notice, Resume, Status
from loom.wire.delivery import REMEMBERED
from tests.loom.stand_in import TICKET, WEAVER, Answer, Session, refusal

TOKEN = "header.secret-resume-token.signature"
RESUMING = f"{SUBPROTOCOL_V2}, resume.{TOKEN}"
Script = Callable[[Session], None]


def in_turn(*scripts: Script) -> Script:
    """One script for each connection, in the order in which they come."""
    rest = iter(scripts)
    return lambda session: next(rest)(session)


def first(session: Session) -> None:
    session.say(Status("running", "driver"), Resume(TOKEN), b"$ ")
    session.read()  # the size: from here on the terminal is raw


def then_cut(session: Session) -> None:
    first(session)
    session.cut()


def refused(relay, status: int, why: str, message: str, **details: Any) -> None:
    """Who comes with a resume token and nothing else is refused."""

    body = {"error": {"code": why, "message": message, "details": details}}

    def refuse(connection: ServerConnection) -> Response | None:
        if "Authorization" in relay.headers:
            return None
        return connection.respond(status, json.dumps(body))

    relay.refuse = refuse


def tickets_asked(api) -> int:
    return len([asked for asked in api.asked if asked.path.endswith("/ticket")])


def test_it_comes_back_with_its_token_and_sends_what_was_not_accepted(relay, on_terminal, api):
    def breaking(session: Session) -> None:
        first(session)
        session.until_typed(b"abcdef")
        session.say(Ack(2))
        session.cut()

    def again(session: Session) -> None:
        assert relay.headers["Sec-WebSocket-Protocol"] == RESUMING
        assert "Authorization" not in relay.headers
        session.until_sized(24, 80)
        assert session.typed == b""  # only after it knows from where on
        session.say(Ack(4), Status("running", "driver"), b"\x1b[2Jscreen")
        session.until_typed(b"ef")
        session.say(Ack(6), b"more")
        session.until_typed(b"efgh")
        session.say(Exit("detached"))

    relay.script = in_turn(breaking, again)
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(b"abcdef")
    loom.expect("more")
    loom.type(b"gh")
    assert loom.ends() == 0
    assert tickets_asked(api) == 1
    assert TOKEN not in loom.rest()


def test_a_relay_that_drains_is_left_for_the_next(relay, on_terminal):
    def draining(session: Session) -> None:
        first(session)
        session.until_typed(b"abc")
        session.say(Ack(1), Exit("drain"))

    def next_relay(session: Session) -> None:
        session.say(Ack(0, fresh=True), Status("running", "driver"), b"here")
        session.until_typed(b"bc")
        assert session.typed == b"bc"
        session.say(Exit("detached"))

    relay.script = in_turn(draining, next_relay)
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(b"abc")
    assert loom.ends() == 0
    assert "may not have arrived" not in loom.rest()


def test_a_relay_that_knows_nothing_is_not_sent_again_what_may_have_arrived(relay, on_terminal):
    def breaking(session: Session) -> None:
        first(session)
        session.until_typed(b"abc")
        session.cut()

    def another(session: Session) -> None:
        session.say(Ack(0, fresh=True), Status("running", "driver"), b"screen")
        session.until_typed(b"d")
        assert session.typed == b"d"
        session.say(Exit("detached"))

    relay.script = in_turn(breaking, another)
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(b"abc")
    loom.expect("loom: the relay is another one now: the last 3 bytes that were typed may not have arrived")
    loom.type(b"d")
    assert loom.ends() == 0


def test_who_cannot_send_again_what_was_lost_is_told_and_comes_as_somebody_else(relay, on_terminal):
    """More was acknowledged, and did not arrive after all, than a client keeps."""
    pasted = b"0123456789" * (REMEMBERED // 10 + 100)

    def breaking(session: Session) -> None:
        first(session)
        while len(session.typed) < len(pasted):
            session.read()
            session.say(Ack(len(session.typed)))
        session.cut()

    def next_relay(session: Session) -> None:
        session.say(Ack(50))
        with pytest.raises(ConnectionClosed):
            session.until_typed(b"anything")

    def anew(session: Session) -> None:
        assert relay.headers["Sec-WebSocket-Protocol"] == SUBPROTOCOL_V2
        session.say(Status("running", "driver"), b"screen")
        session.until_typed(b"d")
        assert session.typed == b"d"
        session.say(Exit("detached"))

    relay.script = in_turn(breaking, next_relay, anew)
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    for start in range(0, len(pasted), 1000):
        loom.type(pasted[start : start + 1000])
    loom.expect(f"the last {REMEMBERED} bytes that were typed may not have arrived")
    loom.type(b"d")
    assert loom.ends() == 0


def test_with_its_token_refused_it_comes_with_a_new_ticket(relay, on_terminal, api):
    refused(relay, 401, "unauthorized", "come with a new ticket")

    def again(session: Session) -> None:
        assert relay.headers["Sec-WebSocket-Protocol"] == RESUMING  # so that the relay knows who comes
        assert relay.headers["Authorization"] == f"Bearer {TICKET}"
        session.say(Ack(0), Exit("detached"))

    relay.script = in_turn(then_cut, again)
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 0
    assert tickets_asked(api) == 2


def test_a_relay_without_resume_tokens(relay, on_terminal, api):
    def breaking(session: Session) -> None:
        session.run()
        session.until_typed(b"a")
        session.cut()

    def again(session: Session) -> None:
        assert relay.headers["Authorization"] == f"Bearer {TICKET}"
        session.say(Status("running", "driver"), b"screen", Exit("detached"))

    relay.script = in_turn(breaking, again)
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(b"a")
    assert loom.ends() == 0
    assert tickets_asked(api) == 2


def test_an_older_relay_that_takes_over(relay, on_terminal):
    refused(relay, 401, "unauthorized", "a ticket or a bearer token is needed")

    def again(session: Session) -> None:
        session.say(Status("running", "driver"), b"screen")
        session.until_typed(b"x")
        session.say(Exit("detached"))

    relay.script = in_turn(then_cut, again)
    loom = on_terminal("attach", "otter")
    loom.expect("screen")
    loom.type(b"x")
    assert loom.ends() == 0


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "forbidden", "not yours any more"),
        (404, "weaver_not_found", "no such weaver"),
        (409, "weaver_ended", "it is gone"),
    ],
)
def test_a_refusal_for_good_ends_it_in_one_line(relay, on_terminal, status, code, message):
    refused(relay, status, code, message)
    relay.script = in_turn(then_cut)
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 2
    assert f"loom: lost the connection to otter and may not come back: {message}\r\n" in loom.rest()
    assert loom.modes() == loom.modes_before


def test_a_login_that_is_refused_meanwhile(relay, on_terminal, api):
    refused(relay, 401, "unauthorized", "come with a new ticket")
    path = f"/api/weaver/{WEAVER['id']}/ticket"
    ticket = Answer(200, {"url": relay.url, "ticket": TICKET})
    api.on("POST", path, ticket, refusal(403, "forbidden", "you may not attach"))
    relay.script = in_turn(then_cut)
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 2
    assert "may not come back: you may not attach" in loom.rest()


def test_who_was_detached_while_the_connection_was_cut_hears_of_it(relay, on_terminal):
    refused(relay, 409, "viewer_over", "over", reason="ended", code=3)
    relay.script = in_turn(then_cut)
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 3
    assert "otter ended with exit code 3" in loom.rest()


def test_while_there_is_none_it_says_so_and_keeps_what_is_typed(relay, on_terminal):
    back = threading.Event()

    def again(session: Session) -> None:
        session.say(Ack(0), Status("running", "driver"), b"screen")
        session.until_typed(b"kept")
        session.say(Exit("detached"))

    def refuse(connection: ServerConnection) -> Response | None:
        down = "resume" in relay.headers["Sec-WebSocket-Protocol"] and not back.is_set()
        return connection.respond(503, "no relay is ready") if down else None

    relay.refuse = refuse
    relay.script = in_turn(then_cut, again)
    loom = on_terminal("attach", "otter")
    loom.expect("\x1b7\x1b[?6l\x1b[24;1H\x1b[0;7mloom: connection lost, reconnecting…")
    loom.expect("\x1b8")
    loom.type(b"kept")
    back.set()
    loom.expect("\x1b[24;1H\x1b[0m\x1b[K")  # the line is gone
    loom.expect("screen")
    assert loom.ends() == 0


@pytest.mark.parametrize("keys", [b"\x03", b"\x10\x11"], ids=["Ctrl+C", "Ctrl+P Ctrl+Q"])
def test_keys_that_leave_while_there_is_no_connection(relay, on_terminal, keys):
    refused(relay, 503, "draining", "connect again")
    relay.script = in_turn(then_cut)
    loom = on_terminal("attach", "otter")
    loom.expect("reconnecting… 2s")
    loom.type(b"lost")
    loom.expect("reconnecting… 3s")
    loom.type(keys)
    assert loom.ends() == 0
    assert "detached from otter; come back with: loom attach a1b2c3d4" in loom.rest()
    assert "the last 4 bytes that were typed were not delivered" in loom.rest()
    assert loom.modes() == loom.modes_before


def test_a_connection_that_breaks_while_the_weaver_starts(relay, on_terminal):
    def pending(session: Session) -> None:
        session.say(Status("pending", "driver", reason="Pulling", message="pulling"), Resume(TOKEN))
        session.cut()

    def again(session: Session) -> None:
        session.say(Ack(0), Status("running", "driver"), b"$ ", Exit("detached"))

    relay.script = in_turn(pending, again)
    loom = on_terminal("attach", "otter")
    loom.expect("lost the connection to the relay: the connection was cut; connecting again")
    loom.expect("connected to the relay again")
    assert loom.ends() == 0


def test_a_relay_that_acknowledges_what_was_not_typed(relay, on_terminal):
    def script(session: Session) -> None:
        first(session)
        session.say(Ack(3))
        list(session.connection)

    relay.script = script
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 2
    assert "something impossible" in loom.rest()


def test_observing_types_nothing(relay, on_terminal, api):
    closed = threading.Event()

    def script(session: Session) -> None:
        session.say(Status("running", "observer"), b"$ ")
        session.until_sized(24, 80)
        session.say(Notice("ready"))
        for _ in session.connection:
            raise AssertionError("an observer's loom sent something")
        closed.set()

    relay.script = script
    loom = on_terminal("attach", "--observe", "otter")
    loom.expect("observing: what is typed here goes nowhere")
    loom.expect("loom: ready")
    loom.type(b"rm -rf /\r\x10\x11")
    assert loom.ends() == 0
    assert closed.wait(30)
    [asked] = [asked for asked in api.asked if asked.path.endswith("/ticket")]
    assert asked.body["role"] == "observer"
