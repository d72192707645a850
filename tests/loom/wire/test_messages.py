import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.wire import (
    MAX_COLS,
    MAX_ROWS,
    Ack,
    Exit,
    Notice,
    Resize,
    Resume,
    Stage,
    Status,
    WantRole,
    WireError,
    decode_client,
    decode_server,
    decode_v1_client,
    encode,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
#: Frames that come close to the protocol: its own field names, with any JSON in them.
near_messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["resize", "role", "status", "resume", "ack", "notice", "exit"]) | json_values},
    optional={
        name: json_values | st.sampled_from(["driver", "running", "detached"])
        for name in (
            "rows",
            "cols",
            "status",
            "role",
            "viewers",
            "stages",
            "reason",
            "message",
            "code",
            "text",
            "want",
            "token",
            "bytes",
            "fresh",
        )
    },
).map(json.dumps)
frames = st.text(max_size=60) | json_values.map(json.dumps) | near_messages


@pytest.mark.parametrize(
    "message",
    [
        Status("pending", "driver"),
        Status("pending", "observer", 2, 24, 80, "2026-01-01T00:00:00Z", "Unschedulable", "no node fits: 0/3", ()),
        Status("running", "driver", stages=(Stage("scheduled", "2026-01-01T00:00:00Z"), Stage("ready", "x"))),
        Resume("a.b.c"),
        Ack(0),
        Ack(2**40, fresh=True),
        Notice("émile joined \U0001f44b"),
        Notice("émile left", brief=True),
        Exit("detached"),
        Exit("ended", 137),
    ],
)
def test_server_messages_survive_the_wire(message):
    assert decode_server(encode(message)) == message


def test_a_resize_survives_the_wire():
    assert decode_client(encode(Resize(24, 80))) == Resize(24, 80)
    assert decode_v1_client(encode(Resize(24, 80))) == Resize(24, 80)


@pytest.mark.parametrize("want", ["driver", "observer"])
def test_a_wish_for_a_role_survives_the_wire(want):
    assert decode_client(encode(WantRole(want))) == WantRole(want)


def test_a_resume_token_is_not_in_a_representation():
    assert "secret" not in repr(Resume("secret"))


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (MAX_ROWS, MAX_COLS)])
def test_sizes_within_the_limits(rows, cols):
    assert Resize(rows, cols)


@pytest.mark.parametrize(
    ("rows", "cols"),
    [(0, 80), (24, 0), (-1, 80), (MAX_ROWS + 1, 80), (24, MAX_COLS + 1), (True, 80), (24.0, 80), ("24", 80)],
)
def test_impossible_sizes(rows, cols):
    with pytest.raises(WireError):
        Resize(rows, cols)
    with pytest.raises(WireError):
        decode_client(json.dumps({"type": "resize", "rows": rows, "cols": cols}))


@pytest.mark.parametrize(
    "frame", ["", "ls\n", "[]", "1", "null", '"resize"', "{}", '{"type":"status"}', '{"type":"typo"}']
)
def test_a_client_hears_of_its_mistakes(frame):
    with pytest.raises(WireError):
        decode_client(frame)


def test_clients_skip_what_they_do_not_know():
    assert decode_server('{"type":"hologram","depth":3}') is None


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"exit"}',
        '{"type":"exit","reason":"bored"}',
        '{"type":"exit","reason":"ended","code":"3"}',
        '{"type":"notice","text":3}',
        '{"type":"status","status":"running"}',
        '{"type":"status","status":"running","role":"king"}',
        '{"type":"status","status":"running","role":"driver","stages":[1]}',
        '{"type":"status","status":"running","role":"driver","viewers":"2"}',
    ],
)
def test_malformed_server_messages(frame):
    with pytest.raises(WireError):
        decode_server(frame)


@given(frames)
def test_any_frame_is_a_message_or_a_wire_error(frame):
    for decode in (decode_client, decode_server, decode_v1_client):
        try:
            decode(frame)
        except WireError:
            continue


def test_lone_surrogates_can_be_sent():
    assert encode(Notice("\ud800")).encode()
