"""The port to the terminal emulator that holds a session's true screen; :mod:`relay.ghostty` implements it."""

from typing import Protocol


class Screen(Protocol):
    """What a terminal of the session's size shows after all output so far."""

    def feed(self, data: bytes) -> None:
        """Takes output of the container, cut anywhere."""

    def resize(self, rows: int, cols: int) -> None:
        """The session has a new size, in character cells."""

    def snapshot(self) -> bytes:
        """VT sequences that bring a cleared terminal of the same size to this state: scrollback, screen, cursor, modes.

        Ends with the beginning of a sequence or character that the output has not finished, so that the output which
        follows can simply be sent after it. Empty as long as nothing was fed.
        """
