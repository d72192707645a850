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
