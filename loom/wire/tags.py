"""Tags in the input: with them the relay tells ``loom session`` whose input follows, and where in it that stands.

A tag says that the next ``length`` bytes are those of the input ``input_id`` from position ``start`` on (positions are those
of :mod:`loom.wire.delivery`). The session takes tags out, leaves out what it got before, and can say how much of each
input came: whoever takes over knows exactly what to send again, whatever was lost with the one before.

No terminal sends what tags begin with: it is no UTF-8. Where input contains it all the same, a tag stands in the middle of it:
so what was cut short never swallows the tag behind it.
"""

from typing import Final

TAG: Final = b"\xff\xfeloom;"
#: No tag is longer.
LONGEST_TAG: Final = 64
#: Of so many inputs that came last a session knows how much.
MOST_INPUTS: Final = 256


def tagged(input_id: str, start: int, data: bytes) -> bytes:
    """``data`` with its tags; ``input_id`` is 16 hexadecimal digits. Without data it says that all up to ``start`` has come."""
    first, *rest = data.split(TAG)
    parts = [first, *(TAG[1:] + part for part in rest)]
    out = []
    for number, part in enumerate(parts):
        part += TAG[:1] if number < len(rest) else b""
        out.append(TAG + b"%s;%d;%d;" % (input_id.encode(), start, len(part)) + part)
        start += len(part)
    return b"".join(out)
