"""Terminal protocol v1, the original: text frames both ways, no handshake, no control messages from the server.

Source: "Attach Terminal (WebSocket)" of the page the product was ordered from. A text frame from the client is stdin,
unless it is exactly a JSON object ``{"type": "resize", "rows": R, "cols": C}``.
"""

import codecs

from loom.wire.messages import Resize, WireError, parse_object


def decode_v1_client(frame: str) -> Resize | bytes:
    """What a v1 client's text frame means: a resize or bytes for stdin.

    A frame that looks like a resize but has an impossible size raises WireError: typing it in would help nobody.
    """
    if frame.startswith("{"):
        try:
            body = parse_object(frame)
        except WireError:
            return frame.encode("utf-8", "surrogatepass")
        if body.keys() == {"type", "rows", "cols"} and body["type"] == "resize":
            return Resize(rows=body["rows"], cols=body["cols"])
    return frame.encode("utf-8", "surrogatepass")


class Utf8Stream:
    """Cuts a byte stream into valid text: a split character is held back until the rest of it has come.

    Bytes that can never become a character (a binary ``cat``) are replaced by U+FFFD: a text frame has no other way.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> str:
        """The text that is complete after ``data``; may be empty."""
        return self._decoder.decode(data)
