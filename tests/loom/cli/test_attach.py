"""``loom attach`` on a real terminal, against a relay that a test scripts."""

import json
import os
import signal
import threading

import pytest
from websockets.sync.server import ServerConnection

from loom.cli.terminal import RESET
from loom.wire import SUBPROTOCOL_V2, Exit, Notice, Status
from tests.loom.stand_in import TICKET, TOKEN, WEAVER, Answer, Api, entry, refusal

DETACHED = "detached from otter; come back with: loom attach a1b2c3d4"


def test_typing_and_output_pass_both_ways_unchanged(relay, on_terminal):
    every_byte = bytes(set(range(256)) - {0x10})

    def script(session):
        session.run()
        session.until_typed(every_byte)
        session.say(b"seen\r\n")
        session.until_typed(b"more")
        session.say(Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(every_byte)
    loom.expect("seen\r\n")
    loom.type(b"more")
    loom.expect(DETACHED)
    assert loom.ends() == 0


def test_ticket_and_subprotocol_reach_the_relay(relay, on_terminal):
    relay.script = lambda session: session.say(Exit("detached"))
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 0
    assert relay.headers["Authorization"] == f"Bearer {TICKET}"
    assert relay.headers["Sec-WebSocket-Protocol"] == SUBPROTOCOL_V2
    assert TICKET not in loom.rest()
    assert TOKEN not in loom.rest()


@pytest.mark.parametrize("writes", [[b"\x10\x11"], [b"\x10", b"\x11"], [b"echo \x10", b"\x11ignored"]])
def test_ctrl_p_ctrl_q_detaches(relay, on_terminal, writes):
    closed = threading.Event()

    def script(session):
        session.run()
        for _ in session.connection:
            pass
        closed.set()

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    for keys in writes:
        loom.type(keys)
    loom.expect(DETACHED)
    assert loom.ends() == 0
    assert closed.wait(30)


@pytest.mark.parametrize("keys", [b"\x10x", b"\x10\x10x", b"\x10\r", b"\x11\x10z"])
def test_a_ctrl_p_that_another_key_follows_is_passed_on(relay, on_terminal, keys):
    def script(session):
        session.run()
        session.until_typed(keys)
        session.say(Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(keys)
    assert loom.ends() == 0


def test_a_ctrl_p_alone_is_passed_on_after_a_while(relay, on_terminal):
    def script(session):
        session.run()
        session.until_typed(b"\x10")
        session.say(Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.type(b"\x10")
    assert loom.ends() == 0


def test_the_window_size_is_told_and_followed(relay, on_terminal):
    def script(session):
        session.run()
        session.until_sized(30, 100)
        session.say(b"first\r\n")
        session.until_sized(40, 132)
        session.say(Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter", rows=30, cols=100)
    loom.expect("first")
    loom.resize(40, 132)
    assert loom.ends() == 0


def test_a_flood_arrives_whole_at_a_terminal_that_reads_late(relay, on_terminal):
    flood = b"".join(b"line %06d\r\n" % number for number in range(200_000))

    def script(session):
        session.run()
        for start in range(0, len(flood), 50_000):
            session.say(flood[start : start + 50_000])
        session.say(b"the end", Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    assert loom.ends() == 0
    before, _, after = loom.rest().partition("the end")
    assert before.encode() == flood
    assert DETACHED in after


def test_a_big_paste_arrives_whole_at_a_relay_that_reads_late(relay, on_terminal):
    paste = b"x" * 3_000_000 + b"!"
    go = threading.Event()

    def script(session):
        session.run()
        assert go.wait(30)
        session.until_typed(b"!")
        session.say(f"{len(session.typed)} bytes\r\n".encode(), Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    typist = threading.Thread(target=_type_all, args=(loom, paste))
    typist.start()
    go.set()
    loom.expect(f"{len(paste)} bytes")
    typist.join()
    assert loom.ends() == 0


def _type_all(loom, keys):
    for start in range(0, len(keys), 4096):
        loom.type(keys[start : start + 4096])


@pytest.mark.parametrize(
    ("left", "text", "code"),
    [
        (Exit("detached"), DETACHED, 0),
        (Exit("ended", 3), "otter ended with exit code 3", 3),
        (Exit("ended", 0), "otter ended with exit code 0", 0),
        (Exit("ended"), "otter ended", 1),
        (Exit("expired"), "otter has expired", 1),
        (Exit("deleted"), "otter was deleted", 1),
        (Exit("slow"), "too slow for what otter wrote; come back with: loom attach a1b2c3d4", 2),
    ],
)
def test_why_it_ended_is_told_and_the_terminal_is_as_before(relay, on_terminal, left, text, code):
    def script(session):
        session.run(b"\x1b[?1049h\x1b[?1000hfull screen")
        session.read()  # the size: from here on the terminal is raw
        session.say(left)

    relay.script = script
    loom = on_terminal("attach", "otter")
    before = loom.modes_before
    assert loom.ends() == code
    assert text in loom.rest()
    assert RESET in loom.rest().encode()
    assert loom.modes() == before


def deleted_by_dev(api: Api) -> None:
    """From now on the API's record tells so."""
    message = "deleted before its time by dev via Slack at 2026-11-23 08:30 UTC"
    ending = {"by": "dev", "via": "Slack", "at": "2026-11-23T08:30:00Z"}
    gone = {**WEAVER, "status": "terminating", "reason": "Deleted", "message": message, "ending": ending}
    api.on("GET", f"/api/weaver/{WEAVER['id']}?refresh=true", Answer(200, gone))


def test_who_deleted_it_is_told(relay, api, on_terminal):
    def script(session):
        session.run()
        session.read()
        deleted_by_dev(api)
        session.say(Exit("deleted"))

    relay.script = script
    loom = on_terminal("attach", "otter", cols=120)
    assert loom.ends() == 1
    assert "loom: otter was deleted before its time by dev via Slack at 2026-11-23 08:30 UTC\r\n" in loom.rest()


def test_who_deleted_it_while_it_started_is_told_without_a_terminal_too(relay, api, run):
    deleted_by_dev(api)
    relay.script = lambda session: session.say(Exit("deleted"))
    result = run("new")
    assert result.returncode == 1
    assert result.stderr.endswith("loom: otter was deleted before its time by dev via Slack at 2026-11-23 08:30 UTC\n")


def test_an_api_that_does_not_know_holds_up_no_farewell(relay, api, run):
    api.on("GET", f"/api/weaver/{WEAVER['id']}", Answer(502, b"<html>"))
    relay.script = lambda session: session.say(Exit("deleted"))
    assert run("new").stderr.endswith("loom: otter was deleted\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_with_the_terminal_as_before(relay, on_terminal, number):
    raw = threading.Event()

    def script(session):
        session.run()
        session.read()
        raw.set()
        for _ in session.connection:
            pass

    relay.script = script
    loom = on_terminal("attach", "otter")
    assert raw.wait(30)
    assert loom.modes() != loom.modes_before
    os.kill(loom.process.pid, number)
    assert loom.ends() == 128 + number
    assert loom.modes() == loom.modes_before


def test_a_terminal_that_goes_away_ends_it(relay, on_terminal):
    closed = threading.Event()

    def script(session):
        session.run()
        list(session.connection)
        closed.set()

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("$ ")
    loom.hang_up()
    assert closed.wait(30)
    assert loom.process.wait(30) == 128 + signal.SIGHUP


def test_a_notice_is_shown_without_its_escapes(relay, on_terminal):
    def script(session):
        session.run()
        session.read()
        session.say(Notice("émile \x1b[31mjoined"), Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("loom: émile [31mjoined\r\n")
    assert loom.ends() == 0


def test_what_is_brief_is_the_title_for_a_while_and_leaves_the_screen_alone(relay, on_terminal):
    def script(session):
        session.run()
        session.say(Notice("ann came to watch", brief=True))
        session.say(b"the screen", Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    assert loom.expect("the screen").endswith("\x1b[22;2t\x1b]2;loom: ann came to watch\x1b\\")
    loom.expect("\x1b[23;2t")
    assert loom.ends() == 0


def test_an_image_without_session_is_told_before_attaching(api, relay, on_terminal):
    api.on("POST", "/api/weaver/otter/ticket", Answer(200, entry(relay.url, has_session=False)))
    relay.script = lambda session: (session.run(), session.say(Exit("ended", 0)))
    loom = on_terminal("attach", "otter")
    assert "exit and Ctrl+D end the weaver" in loom.expect("$ ")
    assert loom.ends() == 0
    assert "an image needs a main process that keeps running" in loom.rest()


def test_what_was_typed_while_waiting_reaches_the_shell(relay, on_terminal):
    typed = threading.Event()

    def script(session):
        session.say(Status("pending", "driver", reason="Pulling", message="pulling"))
        assert typed.wait(30)
        session.run()
        session.until_typed(b"make test\r")
        session.say(Exit("detached"))

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("Pulling")
    loom.type(b"make test\r")
    typed.set()
    assert loom.ends() == 0
    assert "make test" not in loom.rest()


def test_ctrl_c_while_waiting_leaves_the_weaver(relay, on_terminal, api):
    def script(session):
        session.say(Status("pending", "driver", reason="Pulling", message="pulling"))
        for _ in session.connection:
            pass

    relay.script = script
    loom = on_terminal("attach", "otter")
    loom.expect("Pulling")
    loom.type(b"\x03")
    assert loom.ends() == 130
    assert "come back with: loom attach a1b2c3d4" in loom.rest()
    assert loom.modes() == loom.modes_before
    assert not [asked for asked in api.asked if asked.method == "DELETE"]


def test_messages_of_the_future_are_skipped(relay, on_terminal):
    def script(session):
        session.connection.send(json.dumps({"type": "weather", "sun": True}))
        session.run()
        session.connection.send(json.dumps({"type": "hologram", "bytes": 3}))
        session.say(Exit("detached"))

    relay.script = script
    assert on_terminal("attach", "otter").ends() == 0


def test_nonsense_from_the_relay_is_our_error(relay, on_terminal):
    def script(session):
        session.run()
        session.connection.send('{"type":"exit","reason":"bored"}')
        for _ in session.connection:
            pass

    relay.script = script
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 2
    assert "does not understand" in loom.rest()
    assert loom.modes() == loom.modes_before


def test_a_refusal_by_the_relay_is_told_in_its_words(relay, on_terminal):
    def refuse(connection: ServerConnection):
        return connection.respond(401, json.dumps(refusal(401, "unauthorized", "the ticket is used up").body))

    relay.refuse = refuse
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 2
    assert "the relay refused: the ticket is used up; come back with: loom attach a1b2c3d4" in loom.rest()


def test_one_request_is_enough(api, relay, on_terminal):
    relay.script = lambda session: session.say(Exit("detached"))
    assert on_terminal("attach", "otter").ends() == 0
    assert [(asked.method, asked.path) for asked in api.asked] == [("POST", "/api/weaver/otter/ticket")]


def test_a_request_whose_answer_is_lost_is_repeated(api, relay, on_terminal):
    api.on("POST", "/api/weaver/otter/ticket", Answer(0), Answer(200, entry(relay.url)))
    relay.script = lambda session: session.say(Exit("detached"))
    assert on_terminal("attach", "otter").ends() == 0
    assert len(api.asked) == 2


def test_a_relay_that_is_not_there(api, on_terminal):
    api.on("POST", "/api/weaver/otter/ticket", Answer(200, entry("ws://127.0.0.1:1/x")))
    loom = on_terminal("attach", "otter")
    assert loom.ends() == 2
    assert "cannot reach the relay at 127.0.0.1:1: Connection refused" in loom.rest()


def test_without_a_terminal_it_says_what_it_needs(run, api):
    result = run("attach", "otter")
    assert result.returncode == 1
    assert result.stderr == "loom: attach needs a terminal: both stdin and stdout must be one\n"
    assert api.asked == []
