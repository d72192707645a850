"""The terminal of a weaver's container, as the relay holds it: one attach stream at a time, joined with what was before it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from loom.wire import LONGEST_TAG, TAKES_TAGS, Resize, Snapshot, WireError, parse_snapshot
from relay.attach import Attach
from relay.beginning import Beginning
from relay.core.channels import STDIN_PIECE
from relay.core.joining import written_before
from relay.core.sent import Piece, Sent
from relay.core.viewer import Typing
from relay.kube import Kube, KubeError

log = logging.getLogger(__name__)

#: Seconds for which the log may be ahead of the stream.
_LOG_AHEAD: Final = 0.03
#: Lines of the log shown for what was written before the relay attached.
_LOG_LINES: Final = 2_000
#: Asks ``loom session`` what the terminal shows; fails where there is none.
_SNAPSHOT: Final = ("loom", "session", "--snapshot")
#: Seconds without output after which a program may have written its prompt before anyone was there.
_SILENCE: Final = 0.15
#: Seconds a program has to notice a size before the next one.
_NOTICED: Final = 0.05
#: A piece of input goes into one frame, so that it is known what was sent.
_PIECE: Final = STDIN_PIECE - LONGEST_TAG
#: Bytes of input that may wait; whoever types more waits too.
_INPUT_LIMIT: Final = 64 * 1024
#: Bytes of waiting input above which programs get no more answers from the screen; what people type still has room.
_REPLIES_LIMIT: Final = 16 * 1024


class _Redraw(Enum):
    """What programs are made to draw anew: they know what is on the screen, and nobody else does."""

    NOTHING = auto()
    ALL = auto()
    IF_SILENT = auto()  # a prompt that nobody saw


class Terminal:
    """``output`` gets what the stream brings, ``past_output`` what the log has from before.

    ``replay`` gets everything that the terminal was shown, in place of what was handed on: output goes on where that ends.
    """

    def __init__(
        self,
        kube: Kube,
        pod_name: str,
        output: Callable[[bytes], None],
        past_output: Callable[[bytes], None],
        replay: Callable[[Snapshot], None],
    ) -> None:
        self._kube = kube
        self._pod_name = pod_name
        self._output = output
        self._past_output = past_output
        self._replay = replay
        self._attach: Attach | None = None
        self.joined = asyncio.Event()  # what is to be known of what was before is known
        self.positions: Mapping[str, int] = {}  # how much of each input came, when ``loom session`` last told
        self._log_shown = False  # all further output comes from streams
        self._silent = False  # the container has not written anything yet
        self._tags = False  # it takes them
        self._beginning: Beginning | None = None  # of the stream, until it is joined
        self._size: Resize | None = None
        self._sized = asyncio.Event()
        self._heard = False  # the present stream has brought output
        self._input: deque[Piece] = deque()
        self._takes_input = True
        self._sent = Sent()
        self._holds_input = False  # until it is known what of it came by way of earlier streams
        self._waiting_input = 0
        self._writing = False
        self._room = asyncio.Event()
        self._room.set()
        self._sending: set[asyncio.Task[None]] = set()

    async def stay_attached(self, *, redraw: bool) -> bool:
        """Attach, and hand on output until the stream ends. True when the server said that it is over, False when it broke.

        With ``redraw`` the terminal shows what the stream does not bring: ``loom session`` is asked for it. Where there is
        none, programs are made to draw it anew; without ``redraw``, only when the stream stays silent: a prompt that was
        written before it began is in no log. Raises KubeError when the terminal cannot be attached to.
        """
        attach = await self._kube.attach(self._pod_name)
        beginning = self._beginning = Beginning()
        joining = asyncio.create_task(self._join(attach, beginning, redraw=redraw))
        self._attach = attach
        self._holds_input = redraw
        self._heard = False
        redrawing = asyncio.create_task(self._have_redrawn(attach, joining))
        try:
            if self._size:
                await _resize(attach, self._size)
            self._send_input_soon()  # not here: output must be read even while input is not taken
            while (data := await attach.read()) is not None:
                await self._take(data)
                if self._beginning and joining.done():
                    break  # it failed, and says so below
            beginning.end()
            await joining
        finally:
            self._attach = self._beginning = None
            redrawing.cancel()
            joining.cancel()
            await attach.close()
        return attach.status is not None and attach.status.success

    async def show_log(self) -> None:
        """What the container wrote, when it ended before it could be attached to. Nothing when it was shown already."""
        if not self._log_shown:
            self._log_shown = True
            self._past_output(written_before(await self._read_log(), b""))

    async def write(self, data: bytes, typing: Typing) -> None:
        """Input of a viewer. Returns when there is room for more; before the first stream it is kept."""
        if self._takes_input:
            for start in range(0, len(data), _PIECE):
                part = data[start : start + _PIECE]
                end = typing.accepted.take(len(part))
                self._enqueue(Piece(part, typing, end - len(part), end))
            await self._send_input()
            await self._room.wait()

    async def pass_over(self, count: int, typing: Typing) -> None:
        """So many bytes of a viewer's input are not for the container: they have come as soon as those before them have."""
        if self._takes_input:
            end = typing.accepted.take(count)
            last = next((at for at in reversed(range(len(self._input))) if self._input[at].typing is typing), None)
            if last is not None and not self._input[last].data:  # one for all of them: drivers need the room
                self._input[last] = Piece(b"", typing, self._input[last].start, end)
            else:
                self._enqueue(Piece(b"", typing, end - count, end))
            await self._send_input()
            await self._room.wait()

    def stop_input(self) -> None:
        """Take no more input. What waits is given back: who typed it sends it to the next relay."""
        self._takes_input = False
        given_back = set()
        for piece in self._input:
            if piece.typing and (piece.data or piece.typing in given_back):
                piece.typing.accepted.give_back(piece.start)
                given_back.add(piece.typing)
            elif piece.typing:  # an observer's: nobody needs it, and that need not be one when it comes again
                piece.typing.accepted.finish(piece.end)
        self._input.clear()
        self._waiting_input = 0
        self._room.set()

    def reply(self, data: bytes) -> None:
        """What the screen answers in the middle of output: sent soon. Lost on a program that asks on and reads nothing."""
        piece = Piece(data)
        if self._waiting_input + piece.cost <= _REPLIES_LIMIT:
            self._enqueue(piece)
            self._send_input_soon()

    async def resize(self, size: Resize | None) -> None:
        """The terminal's size from now on; None and the size it has already do nothing."""
        if size and size != self._size:
            self._size = size
            self._sized.set()
            if self._attach:
                await _resize(self._attach, size)

    # -- inside

    async def _have_redrawn(self, attach: Attach, joining: asyncio.Task[_Redraw]) -> None:
        """Programs draw anew when the size changes, and some only when it really differs from the one they know."""
        redraw = await joining
        await self._sized.wait()
        if redraw is _Redraw.IF_SILENT:
            await asyncio.sleep(_SILENCE)
        if redraw is _Redraw.NOTHING or (redraw is _Redraw.IF_SILENT and self._heard):
            return
        assert self._size  # noqa: S101  # since _sized is set
        rows = self._size.rows
        await _resize(attach, replace(self._size, rows=rows - 1 if rows > 1 else 2))
        await asyncio.sleep(_NOTICED)
        await _resize(attach, self._size)

    async def _take(self, data: bytes) -> None:
        self._heard = True
        if self._beginning:
            await self._beginning.take(data)
        else:
            self._show(data)

    async def _join(self, attach: Attach, beginning: Beginning, *, redraw: bool) -> _Redraw:
        """Show what was there before the stream began, then the stream so far. Returns what programs are to draw anew."""
        if redraw:
            if snapshot := await self._snapshot(beginning):
                return self._take_over(snapshot, beginning)
            self._send_again(self._sent.lost(self.positions))  # all of it: what came is left out there
        past = b"" if self._log_shown else await self._read_log()
        if past:
            await asyncio.sleep(_LOG_AHEAD)
        missing = not redraw and written_before(past, beginning.data)
        if missing and (snapshot := await self._snapshot(beginning)):
            return self._take_over(snapshot, beginning)
        if not self._log_shown:
            # A stream that was refused at once (the container is not quite there) joins nothing: the next one will.
            live = beginning.data
            self._log_shown = bool(past or live or attach.status is None or attach.status.success)
            self._silent = not redraw and not missing
            self._past_output(written_before(past, live))
        self._go_on(beginning)
        return _Redraw.ALL if redraw else _Redraw.IF_SILENT

    def _take_over(self, snapshot: Snapshot, beginning: Beginning) -> _Redraw:
        self._log_shown = self._tags = True
        self._replay(snapshot)
        self.positions = snapshot.positions
        self._send_again(self._sent.lost(snapshot.positions))
        self._go_on(beginning)
        return _Redraw.NOTHING if snapshot.complete else _Redraw.ALL

    async def _snapshot(self, beginning: Beginning) -> Snapshot | None:
        """What the terminal shows where ``beginning`` then begins. None when there is nobody to tell, or the stream broke."""
        try:
            snapshot = parse_snapshot(await self._kube.run(self._pod_name, _SNAPSHOT))
        except (KubeError, WireError) as error:
            log.info("no snapshot: %s", error, extra={"fields": {"pod": self._pod_name}})
            return None
        return snapshot if await beginning.cut(snapshot.mark) else None

    def _send_again(self, lost: list[Piece]) -> None:
        """What the stream before this one lost of the input comes before what was typed since."""
        if lost:
            log.info("input is sent again", extra={"fields": {"pod": self._pod_name}})
            self._input.extendleft(reversed(lost))
            self._waiting_input += sum(piece.cost for piece in lost)

    def _go_on(self, beginning: Beginning) -> None:
        self._beginning = None
        beginning.end()
        self._show(beginning.data)
        self.joined.set()
        if self._holds_input:
            self._holds_input = False
            self._send_input_soon()

    async def _read_log(self) -> bytes:
        try:
            return await self._kube.log(self._pod_name, _LOG_LINES)
        except KubeError as error:
            log.warning("the log cannot be read: %s", error, extra={"fields": {"pod": self._pod_name}})
            return b""

    def _show(self, data: bytes) -> None:
        """Output of the stream. The first ever of a container is its main process's own, and nothing that a program says."""
        if self._silent and data:
            self._silent = False
            self._tags = data.startswith(TAKES_TAGS)
        self._output(data)

    def _enqueue(self, piece: Piece) -> None:
        self._input.append(piece)
        self._waiting_input += piece.cost
        if self._waiting_input > _INPUT_LIMIT:
            self._room.clear()

    def _send_input_soon(self) -> None:
        task = asyncio.create_task(self._send_input())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_input(self) -> None:
        """Sends what waits, in order; whoever comes while another is sending leaves it to them."""
        if self._writing:
            return
        self._writing = True
        try:
            while self._input and self._attach and not self._holds_input:
                piece = self._input.popleft()
                self._waiting_input -= piece.cost
                if self._waiting_input <= _INPUT_LIMIT:
                    self._room.set()
                await self._send_piece(self._attach, piece)
        except asyncio.CancelledError:  # this viewer left; what others typed behind it still has to go
            self._send_input_soon()
            raise
        except ConnectionError:
            log.info("input waits: the stream ended", extra={"fields": {"pod": self._pod_name}})
        finally:
            self._writing = False

    async def _send_piece(self, attach: Attach, piece: Piece) -> None:
        """Raises ConnectionError when the stream is over: the piece then is the first to go into the next one."""
        try:
            await attach.write(piece.tagged() if self._tags else piece.data)
        except ConnectionError:
            if self._takes_input:
                self._input.appendleft(piece)
                self._waiting_input += piece.cost
            raise
        except asyncio.CancelledError:  # the stream has it; only the wait until it had room for more was cut short
            self._has_left(piece)
            raise
        self._has_left(piece)

    def _has_left(self, piece: Piece) -> None:
        """In the stream; :attr:`_sent` remembers it, should the stream break."""
        if self._tags:
            self._sent.add(piece)
        if piece.typing:
            piece.typing.accepted.finish(piece.end)
            piece.typing.moved()


async def _resize(attach: Attach, size: Resize) -> None:
    try:
        await attach.resize(size)
    except ConnectionError:
        log.debug("the stream ended before it took a size")  # the next one begins with it
