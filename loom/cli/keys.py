"""Ctrl+P Ctrl+Q and Ctrl+C, found in what is typed: pure, bytes in and bytes out."""

import re

#: Seconds after which a lone Ctrl+P is passed on although no other key followed: it also means "previous line".
HOLD = 1.0

#: Programs may have asked the terminal to write keys as escape sequences: `CSI code ; modifiers [: event] u` of the kitty
#: keyboard protocol (modifiers 5 is Ctrl, the others add caps lock and num lock; event 1 is a press), `CSI 27 ; 5 ; code ~`
#: of xterm's modifyOtherKeys.
_CTRL = rb"(?:5|69|133|197)(?::1)?"
_P = rb"(?:\x10|\x1b\[112;" + _CTRL + rb"u|\x1b\[27;5;112~)"
_Q = rb"(?:\x11|\x1b\[113;" + _CTRL + rb"u|\x1b\[27;5;113~)"
#: What may come between the two: the release of a key (event 3), and the Ctrl keys themselves (57442, 57448).
_BETWEEN = rb"(?:\x1b\[[\d;:]*:3[u~A-Z]|\x1b\[(?:57442|57448)[\d;:]*u)*"
_DETACH = re.compile(_P + _BETWEEN + _Q)
_BEGUN = re.compile(_P + _BETWEEN + rb"(?:\x1b(?:\[[\d;:]{0,16})?)?\Z")

_INTERRUPT = re.compile(rb"\x03|\x1b\[99;" + _CTRL + rb"u|\x1b\[27;5;99~")


def interrupts(typed: bytes) -> bool:
    """Whether Ctrl+C is in what was typed."""
    return _INTERRUPT.search(typed) is not None


class DetachKeys:
    """Holds back a Ctrl+P until what follows tells whether it begins a detach. Nothing that is typed is lost."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def holding(self) -> bool:
        """Whether a Ctrl+P waits for what follows; :meth:`release` after HOLD seconds."""
        return bool(self._held)

    def feed(self, typed: bytes) -> tuple[bytes, bool]:
        """What to pass on, and whether the detach keys followed it."""
        typed = self._held + typed
        self._held = b""
        if detach := _DETACH.search(typed):
            return typed[: detach.start()], True
        if begun := _BEGUN.search(typed):
            self._held = typed[begun.start() :]
            typed = typed[: begun.start()]
        return typed, False

    def release(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return held
