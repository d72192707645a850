"""What the others are told of who comes and goes."""

from relay.core.presence import GRACE, Presence


def test_who_comes_and_leaves_is_told_once() -> None:
    presence = Presence()
    assert presence.others("ann") is None
    assert presence.came("ann", "driver", 0.0) == "ann came to type"
    assert presence.came("bob", "observer", 1.0) == "bob came to watch"
    assert presence.others("cyd") == "also here: ann, bob"
    presence.went("bob", 2.0)
    assert presence.left(2.0 + GRACE - 0.1) == []
    assert presence.left(2.0 + GRACE) == [("bob", "bob left")]
    assert presence.left(3.0 + GRACE) == []
    assert presence.others("ann") is None


def test_several_connections_of_a_user_are_one() -> None:
    presence = Presence()
    presence.came("ann", "driver", 0.0)
    assert presence.came("ann", "observer", 1.0) is None
    presence.went("ann", 2.0)
    assert presence.left(60.0) == []
    presence.went("ann", 70.0)
    assert presence.left(80.0) == [("ann", "ann left")]


def test_who_comes_back_soon_was_not_away() -> None:
    presence = Presence()
    presence.came("ann", "driver", 0.0)
    presence.went("ann", 100.0)
    assert presence.others("bob") == "also here: ann"
    assert presence.came("ann", "driver", 100.0 + GRACE - 1) is None
    assert presence.left(200.0) == []


def test_who_comes_and_goes_all_the_time_is_told_once_a_minute() -> None:
    presence = Presence()
    told: list[str] = []
    for start in range(0, 240, 12):
        told += filter(None, [presence.came("bot", "observer", start)])
        presence.went("bot", start + 1)
        told += [text for _, text in presence.left(start + 11.5)]
    assert told == ["bot came to watch", "bot left"] * 4
