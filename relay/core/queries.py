"""Takes out of a stream of output what asks terminals to answer, so that exactly one does (DESIGN §6).

A query is known by its text: xterm's control sequences (ctlseqs), kitty's keyboard, graphics and clipboard protocols, iTerm2's
OSC 1337. A terminal leaves any sequence at an ESC, so what begins with ESC is judged without what stands before it. Strings
(OSC, DCS, APC: ECMA-48 §5.6) are taken to end at BEL, ST, CAN, SUB or the next ESC: some terminals act on each of these.
"""

import re
from dataclasses import dataclass
from typing import Final

#: Bytes of an unfinished query that are held back. A longer one is nothing that programs send: it is dropped.
LONGEST: Final = 16 * 1024

_I = r"\x1b [\x00-\x17\x19\x1c-\x1f\x7f]*+"  # ESC, and C0 controls, which are carried out before what it begins goes on
_P = r"[\d;:\x00-\x17\x19\x1c-\x1f\x7f]"  # in a control sequence: parameters, and C0 controls, which do not end it
_O = r"[^\x07\x18\x1a\x1b]"  # in an OSC
_S = r"[^\x18\x1a\x1b]"  # in a DCS or APC
_K = r"[^;\x07\x18\x1a\x1b]{0,256}"  # keys before the payload of an OSC or APC
_VALUES = r"(?:[45]|1\d|2[12]|50|176)"  # OSC that take "?" for a value: colours, pointer, font, application

_SHORT: Final = rf"""
    \[ (?: \?? {_P}*+ (?: [cnx] | \$[puw] | \*y | '\| | \#[|R] | &u )  # DA1, DSR, DECREQTPARM, DECRQM, DECRQCRA, …
         | [>=] {_P}*+ c | > {_P}*+ q                                 # DA2, DA3, XTVERSION
         | \? {_P}*+ [uSm]                                            # kitty keyboard flags, XTSMGRAPHICS, XTQMODKEYS
         | (?: 1[1345689] | 2[01] ) {_P}*+ t                          # XTWINOPS: reports
         | \?2048[hl] )                                               # sizes told unasked: the session's are to be told
    | Z                                                               # DECID
"""
#: Strings, without what ends them.
_LONG: Final = rf"""
      \] (?: {_VALUES} ; (?: {_O}*[;=] )? \?
           | 6[01] (?!\d)                                             # features allowed
           | 99; (?:{_K}:)? p=\?                                      # notifications
           | 1337; (?: ReportCellSize | ReportVariable= | Capabilities ) ) {_O}*
    | P \d* [$+] q {_S}*                                              # DECRQSS, XTGETTCAP
    | _G (?:{_K},)? a=q {_S}*                                         # kitty graphics
"""
#: What reads the viewer's clipboard or files: OSC 52 and kitty's 5522, iTerm2's upload, kitty graphics by name of file or memory.
_READING: Final = rf"""
      \] (?: 52; {_K};\? | 5522; (?:{_K}:)? type=read | 1337;RequestUpload ) {_O}*
    | _G (?:{_K},)? t=[fts] {_S}*
"""
#: What output is full of; only for speed, since none of it is a query.
_COMMON: Final = r"\[ (?: [0-;]*+ [@-HJKPXdfhlmr] | \? (?!2048) [\d;]++ [hl] )"
_QUERY: Final = re.compile(
    rf"{_I} (?! {_COMMON} ) (?: {_SHORT} | (?: (?P<reading>{_READING}) | {_LONG} ) (?: \x07 | \x1b\\ | (?=[\x18\x1a\x1b]) ) )".encode(),
    re.VERBOSE,
)
#: What may become a query, up to the end of the data; the ESC may be the first half of ST.
_UNFINISHED: Final = re.compile(
    rf"""{_I} (?: \[ [>=?]? {_P}* [$*'\#&]? | {_READING} | {_LONG}
            | \] (?: \d{{0,4}} | {_VALUES} ; {_O}* | (?: 52 | 99 | 1337 | 5522 ) ; {_K} ;? )
            | P \d* [$+]? | _ G? | _G {_K} )? \x1b?""".encode(),
    re.VERBOSE,
)
_END_OF = {b"[": re.compile(rb"[@-~\x18\x1a\x1b]"), b"]": re.compile(rb"[\x07\x18\x1a\x1b]")}
_END_OF_STRING = re.compile(rb"[\x18\x1a\x1b]")

#: C1 controls in UTF-8, which some terminals obey and the emulator does not; ENQ, which some answer.
_C1: Final = re.compile(rb"\xc2[\x80-\x9f]|\x05")
_C0: Final = bytes(range(0x20))
_NOT_C0: Final = bytes(range(0x20, 0x100)) + b"\x1b"


@dataclass(frozen=True, slots=True)
class TerminalQuery:
    """A sequence for the emulator alone, whole: it answers, if anything does."""

    text: bytes


class Queries:
    """The filter; it holds back at most one unfinished sequence, everything else passes at once and unchanged."""

    def __init__(self) -> None:
        self._held = b""
        self._dropping: re.Pattern[bytes] | None = None  # until this is found

    def feed(self, data: bytes) -> list[bytes | TerminalQuery]:
        """Output for emulator and viewers, and queries, in the order in which they were written."""
        if self._dropping:
            data = self._drop(data, self._dropping)
        if self._held:
            data, self._held = self._held + data, b""
        if b"\xc2" in data or b"\x05" in data:
            data = self._without_c1(data)
        if b"\x1b" not in data:
            return [data] if data else []
        return self._split(self._without_end(data))

    def _split(self, data: bytes) -> list[bytes | TerminalQuery]:
        out: list[bytes | TerminalQuery] = []
        plain = 0  # where the output begins that is not yet in `out`
        for found in _QUERY.finditer(data):
            if found.start() > plain:
                out.append(data[plain : found.start()])
            plain = found.end()
            if not found["reading"]:
                out += _asked(found[0])
        if plain < len(data):
            out.append(data[plain:])
        return out

    def _without_end(self, data: bytes) -> bytes:
        """Data up to what may be the beginning of a query, which is held back."""
        start = data.rfind(b"\x1b")
        if start == len(data) - 1:
            before = data.rfind(b"\x1b", 0, start)
            start = before if before >= 0 and _UNFINISHED.fullmatch(data, before) else start
        if not _UNFINISHED.fullmatch(data, start):
            return data
        if len(data) - start > LONGEST:
            self._dropping = _END_OF.get(data[start + 1 : start + 2], _END_OF_STRING)
        else:
            self._held = data[start:]
        return data[:start]

    def _drop(self, data: bytes, end: re.Pattern[bytes]) -> bytes:
        found = end.search(data)
        if not found:
            return b""
        self._dropping = None
        return data[found.start() if found[0] == b"\x1b" else found.end() :]

    def _without_c1(self, data: bytes) -> bytes:
        if data.endswith(b"\xc2"):
            data, self._held = data[:-1], b"\xc2"
        return _C1.sub(b"", data)


def _asked(text: bytes) -> list[bytes | TerminalQuery]:
    """The query, and before it the C0 controls in its middle, which viewers' terminals are to carry out, too."""
    rest = text.lstrip(_C0 + b"\x7f")
    controls = text[1 : len(text) - len(rest)].replace(b"\x7f", b"")
    if rest.startswith(b"["):
        controls, rest = controls + rest.translate(None, _NOT_C0), rest.translate(None, _C0)
    query = TerminalQuery(b"\x1b" + rest)
    return [controls, query] if controls else [query]
