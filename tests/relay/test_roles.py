"""Who may do what in a session, and who hears of whom, through the real relay process."""

import json

from tests.relay.setup import Setup


async def test_an_observer_can_do_nothing_to_the_session_by_any_message(setup: Setup) -> None:
    driver, stream = await setup.attached(24, 80)
    observer = await setup.viewer(role="observer")
    await observer.resize(10, 10)
    await observer.want("driver")
    await observer.until(type="notice", text="you may watch this session, and not type in it")
    await observer.want("observer")
    await observer.type(b"typed")
    for frame in (
        {"type": "resize", "rows": 9, "cols": 9},
        {"type": "role", "want": "owner"},
        {"type": "input", "data": "typed"},
        {"type": "ack", "bytes": 5},
        {"type": "exit", "reason": "ended"},
        ["resize"],
    ):
        await observer.websocket.send_str(json.dumps(frame))
    await observer.until(type="notice", text="a text frame must be a JSON object")  # the answer to the last one
    await driver.type(b"x")
    await stream.has_input(b"x")
    assert bytes(stream.input) == b"x"
    assert set(stream.sizes) <= {(24, 80), (23, 80)}  # the latter makes programs draw anew
    assert {message["role"] for message in observer.messages if message["type"] == "status"} == {"observer"}


async def test_an_observer_of_version_1_types_and_resizes_nothing(setup: Setup) -> None:
    driver, stream = await setup.attached(24, 80)
    ticket = setup.control_plane.ticket(setup.weaver_id, role="observer")
    observer = await setup.relay.viewer(setup.weaver_id, ticket, protocol=None)
    await observer.websocket.send_str("typed")
    await observer.websocket.send_bytes(b"typed")
    await observer.websocket.send_str(json.dumps({"type": "resize", "rows": 9, "cols": 9}))
    await observer.websocket.close()  # what it sent was taken before
    await driver.type(b"x")
    await stream.has_input(b"x")
    assert bytes(stream.input) == b"x"
    assert set(stream.sizes) <= {(24, 80), (23, 80)}  # the latter makes programs draw anew


async def test_a_driver_takes_over(setup: Setup) -> None:
    first, stream = await setup.attached(24, 80)
    second = await setup.viewer()
    await second.resize(50, 132)
    await first.type(b"x")
    await stream.has_input(b"x")
    await second.want("driver")
    await stream.has_size(50, 132)
    await first.until(rows=50, cols=132, role="driver")
    await first.type(b"y")
    await stream.has_size(24, 80)


async def test_people_hear_who_is_there_who_comes_and_who_goes(setup: Setup) -> None:
    ann, stream = await setup.attached()
    bob = await setup.viewer(role="observer", sub="bob")
    await bob.until(type="notice", text="also here: user-1", brief=True)
    await ann.until(type="notice", text="bob came to watch", brief=True)
    again = await setup.relay.comes_back(
        setup.weaver_id, await bob.token(), setup.control_plane.ticket(setup.weaver_id, sub="bob")
    )
    await again.until(type="ack")
    await again.websocket.close()
    await ann.until(type="notice", text="bob left", brief=True)
    await stream.send(b"end")
    await ann.until_output(b"end")
    assert [message["text"] for message in ann.messages if message["type"] == "notice"] == [
        "bob came to watch",
        "bob left",
    ]
    assert b"bob" not in ann.output
