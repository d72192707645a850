"""Viewers that are served repaints of the screen instead of bytes, through the real relay process."""

import asyncio

from loom.wire import Resize
from relay.ghostty import GhosttyScreen
from tests.relay.relay_process import DEADLINE, Viewer
from tests.relay.setup import Setup


class Display:
    """What a viewer's terminal shows of all that it was sent."""

    def __init__(self, viewer: Viewer, size: Resize) -> None:
        self._viewer = viewer
        self._screen = GhosttyScreen(lambda _: None)
        self._screen.resize(size.rows, size.cols)
        self._fed = 0

    async def until(self, *lines: str) -> None:
        """It shows these lines at the top, and blanks below."""
        async with asyncio.timeout(DEADLINE):
            while (shown := self._show()) != "\n".join(lines):
                assert await self._viewer.next(), f"closed; it shows\n{shown}"

    def _show(self) -> str:
        self._screen.feed(bytes(self._viewer.output[self._fed :]))
        self._fed = len(self._viewer.output)
        return str(self._screen._terminal.text())


async def test_two_sizes_at_once(setup: Setup) -> None:
    driver, stream = await setup.attached(6, 20)
    small = await setup.viewer(role="observer")
    await small.resize(3, 8)
    large = await setup.viewer(role="observer")
    await large.resize(8, 24)
    await stream.send("one two three four f\r\n日本語日本語 next\r\n".encode())
    await Display(large, Resize(8, 24)).until(
        "one two three four f│", "日本語日本語 next   │", *["                    │"] * 4, "────────────────────┘"
    )
    display = Display(small, Resize(3, 8))
    await display.until("one two", "日本語日")
    await stream.send(b"\x1b[6;20H!")
    await display.until("", "", "       !")
    await small.resize(6, 20)
    await Display(small, Resize(6, 20)).until(
        "one two three four f", "日本語日本語 next", "", "", "", "                   !"
    )
    await stream.send(b"bytes")
    await small.until_output(b"bytes")
    await driver.until_output(b"bytes")


async def test_repaints_come_at_a_bounded_rate_and_the_last_one_is_true(setup: Setup) -> None:
    _, stream = await setup.attached(6, 20)
    watching = await setup.viewer(role="observer")
    await watching.resize(3, 20)
    await watching.until(role="observer", rows=6)
    clock = asyncio.get_running_loop().time
    began = clock()
    for number in range(300):
        await stream.send(b"\r%d" % number)
        if number % 10 == 0:
            await asyncio.sleep(0)
    await stream.send(b"\rlast ")
    await Display(watching, Resize(3, 20)).until("last")
    assert watching.output.count(b"\x1b[?2026h") <= 20 * (clock() - began) + 2


async def test_typing_in_a_terminal_of_another_size_makes_it_the_session_s(setup: Setup) -> None:
    first, stream = await setup.attached(6, 20)
    second = await setup.viewer()
    await second.resize(3, 10)
    await stream.send(b"some words here\x1b[H")
    await Display(second, Resize(3, 10)).until("some words")
    await second.type(b"x")
    await stream.has_size(3, 10)
    await stream.send(b"\x1b[2J\x1b[Hdrawn for it")
    await second.until_output(b"drawn for it")
    await Display(first, Resize(6, 20)).until("drawn for │", "it        │", "          │", "──────────┘")
