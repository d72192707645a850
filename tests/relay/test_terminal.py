"""What waits to be typed while nothing takes it."""

from relay.core.viewer import Typing
from relay.terminal import Terminal


def ignored(_: object) -> None:
    """Nothing is shown here."""


async def test_answers_to_a_program_that_reads_nothing_are_bounded() -> None:
    terminal = Terminal(None, "weaver", ignored, ignored, ignored)  # type: ignore[arg-type]  # it attaches to nothing
    for _ in range(10_000):
        terminal.reply(b"\x1b[?62;22c")
    assert 200 < len(terminal._input) <= 256
    await terminal.write(b"x", Typing())  # there is room for what people type
    assert terminal._input[-1].data == b"x"


async def test_what_observers_type_leaves_room_for_drivers() -> None:
    terminal = Terminal(None, "weaver", ignored, ignored, ignored)  # type: ignore[arg-type]  # it attaches to nothing
    one, other = Typing(), Typing()
    for _ in range(5_000):
        await terminal.pass_over(1, one)
        await terminal.pass_over(1, other)
    assert len(terminal._input) == 2
    await terminal.write(b"x", Typing())


async def test_what_waits_is_given_back_but_for_what_nobody_needs() -> None:
    terminal = Terminal(None, "weaver", ignored, ignored, ignored)  # type: ignore[arg-type]  # it attaches to nothing
    driver, observer = Typing(), Typing()
    await terminal.pass_over(10, observer)
    await terminal.pass_over(2, driver)
    await terminal.write(b"abc", driver)
    await terminal.pass_over(5, driver)
    terminal.stop_input()
    assert observer.accepted.last_word() == 10
    assert driver.accepted.last_word() == 2
