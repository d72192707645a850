"""Tags in the input: with them the relay tells ``loom session`` whose input follows, and where in it that stands.

A tag says that the next ``length`` bytes are those of the input ``input_id`` from position ``start`` on (positions are those
of :mod:`loom.wire.delivery`). The session takes tags out, leaves out what it got before, and can say how much of each
input came: whoever takes over knows exactly what to send again, whatever was lost with the one before.

No terminal sends what tags begin with: it is no UTF-8. Pieces never contain it (:func:`pieces`), so one that was cut short
does not swallow the next tag.
"""

from collections.abc import Iterator
from typing import Final

TAG: Final = b"\xff\xfeloom;"
#: No tag is longer.
LONGEST_TAG: Final = 64


def tag(input_id: str, start: int, length: int) -> bytes:
    """What stands before ``length`` bytes. ``input_id`` is 16 hexadecimal digits. Without bytes, the input up to ``start`` is not for the container."""
    return TAG + b"%s;%d;%d;" % (input_id.encode(), start, length)


def pieces(data: bytes, most: int) -> Iterator[bytes]:
    """``data`` in pieces of at most so many bytes, each of which may follow a tag."""
    while len(data) > most or TAG in data:
        found = data.find(TAG, 0, most)
        cut = found + 1 if found >= 0 else most
        yield data[:cut]
        data = data[cut:]
    if data:
        yield data
