"""Whose input is what, and how much of it came: the relay's tags, taken out of what comes (see ``loom.wire.tags``).

Each input arrives once, whatever connections bring it and how often they bring it; what others type (``kubectl attach``) has
no tags, and passes as it is.
"""

import re

#: As in :mod:`loom.wire`, which is too dear to import here; a test compares them.
TAG = b"\xff\xfeloom;"
LONGEST_TAG = 64
MOST_INPUTS = 256
_TAG = re.compile(re.escape(TAG) + rb"([0-9a-f]{16});(\d{1,15});(\d{1,9});")


class Tags:
    """``positions``: how much came of each input, who typed last at the end."""

    def __init__(self) -> None:
        self.positions: dict[bytes, int] = {}
        self._held = b""  # of a tag that is not whole yet
        self._id = b""
        self._at = 0  # the position of what comes next, while some of what was tagged is
        self._left = 0

    def feed(self, data: bytes) -> bytes:
        """What of the input, cut anywhere, is for the terminal now."""
        data = self._held + data
        out = []
        while (at := data.find(TAG)) >= 0:
            out.append(self._take(data[: at - _partial(data[self._left : at])]))
            tag = _TAG.match(data, at)
            again = data.find(TAG, at + 1, at + 2 * LONGEST_TAG)
            if tag:
                self._begin(tag[1], int(tag[2]), int(tag[3]))
                data = data[tag.end() :]
            elif again >= 0:  # it was cut short, as one of which not even the beginning was whole
                data = data[again:]
            elif len(data) - at < LONGEST_TAG:
                self._held = data[at:]
                return b"".join(out)
            else:  # none of ours
                out.append(self._take(data[at : at + 1]))
                data = data[at + 1 :]
        cut = len(data) - _partial(data[self._left :])
        out.append(self._take(data[:cut]))
        self._held = data[cut:]
        return b"".join(out)

    def _begin(self, input_id: bytes, start: int, length: int) -> None:
        self._id, self._at, self._left = input_id, start, length
        self.positions[input_id] = max(self.positions.pop(input_id, 0), start)
        if len(self.positions) > MOST_INPUTS:
            del self.positions[next(iter(self.positions))]

    def _take(self, data: bytes) -> bytes:
        """Without what came before."""
        tagged = min(self._left, len(data))
        if not tagged:
            return data
        known = self.positions[self._id] - self._at
        self._at += tagged
        self._left -= tagged
        self.positions[self._id] = max(self.positions[self._id], self._at)
        return data[min(known, tagged) :]


def _partial(data: bytes) -> int:
    """How many bytes at the end may be the beginning of a tag."""
    start = data.rfind(TAG[:1], max(0, len(data) - len(TAG) + 1))
    return len(data) - start if start >= 0 and TAG.startswith(data[start:]) else 0
