"""One weaver's session without its I/O: who views it, who types, whose size it has, and what everybody is sent.

Output goes to the screen and to every viewer that is *live*. A viewer becomes live when it is ready (it told its size, or
had time to) and the weaver runs: it then gets the screen, and from there on the bytes, so that nothing is lost or doubled.
A viewer that comes back after its connection broke is a new :class:`Viewer` with the same id.
A viewer is *painted* while bytes are not for it: its terminal has not the session's size, or it is *behind*, since its outbox
was full or is taken too late. Whenever it has taken everything it is due for a repaint (:meth:`Hub.repaint`), and in the end for the whole screen.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from loom.wire import Ack, Exit, Notice, PrivateSequences, Resize, Role, ShellEnded, Status
from relay.core.painting import Painter
from relay.core.queries import Queries, TerminalQuery
from relay.core.screen import CLEAR, UNSIZED, Screen
from relay.core.viewer import Viewer, WeaverState

#: A slow viewer gets bytes again once no more of them than this came since its last repaint.
CALM: Final = 4 * 1024
#: What a terminal answers to the graphics of a program, as the emulator does: only one is to.
_GRAPHICS_REPLY: Final = re.compile(rb"(?:\x1b_G[^\x1b]*\x1b\\)+")
#: What terminals send by themselves: focus changes, and replies that were not asked for. It is input, but nobody typed it.
_UNTYPED: Final = re.compile(
    rb"(?:\x1b\[[?>=]?[\d;]*(?:\$y|[cRn])|\x1b\[\?[\d;]*u|\x1b\[[IO]|\x1b[]P_][^\x07\x1b]*(?:\x07|\x1b\\))+"
)


@dataclass(eq=False, slots=True)
class Hub:
    """The session. ``size`` is the session's, None while no driver has told one."""

    screen: Screen
    size: Resize | None = None
    state: WeaverState = field(default_factory=WeaverState)
    viewers: list[Viewer] = field(default_factory=list)
    ended: Exit | None = None
    dismissed: dict[str, Exit] = field(default_factory=dict)  # by viewer: not to come back
    unknown: bool = False  # what was shown so far is being found out: until :meth:`known`, nobody sees anything
    _typer_id: str = ""
    _sizer_id: str = ""  # whose size the session has: who typed last, or took it since then
    _missed_detach: set[str] = field(default_factory=set)  # viewers whose shell ended while they were away
    _private: PrivateSequences = field(default_factory=PrivateSequences)
    _queries: Queries = field(default_factory=Queries)

    # -- viewers

    def join(self, viewer: Viewer) -> None:
        """A viewer that was told nothing yet. It is sent the status; :meth:`ready` starts its output."""
        self.viewers.append(viewer)
        self._tell_all()
        if self.ended:
            self.dismiss(viewer, self.ended)
        elif viewer.id in self._missed_detach:
            self._missed_detach.discard(viewer.id)
            self.dismiss(viewer, Exit("detached"))

    def ready(self, viewer: Viewer) -> None:
        """The viewer told its size, or had time to do so. Repeating it does nothing."""
        viewer.ready = True
        self._go_live(viewer)

    def ready_all(self) -> None:
        """There is no time to wait for sizes: the session is about to end."""
        for viewer in self.viewers:
            self.ready(viewer)

    def leave(self, viewer: Viewer) -> None:
        """The connection is gone. Repeating it does nothing."""
        if viewer not in self.viewers:
            return
        self.viewers.remove(viewer)
        self._take_size()
        self._tell_all()

    def resize(self, viewer: Viewer, size: Resize) -> None:
        """The viewer's terminal has this size; whether the session gets it is decided by who typed last."""
        viewer.size = size
        self._take_size()
        self._tell_all()

    def typed(self, viewer: Viewer, data: bytes) -> bytes:
        """What of the viewer's input goes to the container: nothing of an observer's, and no answer that the screen gave."""
        if viewer.role != "driver" or viewer.exit or _GRAPHICS_REPLY.fullmatch(data):
            return b""
        is_last = viewer.id == self._typer_id == self._sizer_id
        if data and not is_last and not _UNTYPED.fullmatch(data):
            self._typer_id = self._sizer_id = viewer.id
            self._take_size()
            self._tell_all()
        return data

    def want_role(self, viewer: Viewer, want: Role) -> bool:
        """The viewer asks for a role. False when its ticket does not allow it: it is told so.

        Who asks to be a driver wants to work here: the session takes its size, as if it had typed. Others still may type.
        """
        if want == "driver" and viewer.may != "driver":
            viewer.outbox.put(Notice("you may watch this session, and not type in it"))
            return False
        viewer.role = want
        if want == "driver":
            self._sizer_id = viewer.id
        elif viewer.id == self._sizer_id:
            self._sizer_id = ""
        if want == "observer" and viewer.id == self._typer_id:
            self._typer_id = ""
        self._take_size()
        self._tell_all()
        return True

    def fall_behind(self, viewer: Viewer) -> None:
        """The viewer gets what is sent too late: it is shown how things are, and not how they were."""
        viewer.behind = True
        self._paint(viewer)

    def repaint(self, viewer: Viewer) -> None:
        """A stale viewer has taken everything: it gets what changed, or the whole screen and bytes again if they are for it."""
        viewer.behind = viewer.behind and viewer.missed > CALM
        viewer.missed = 0
        fits = self._fits(viewer)
        if viewer.painter and fits and not viewer.behind:
            self._show_screen(viewer)
        elif viewer.painter:
            session = self.size or Resize(*UNSIZED)
            viewer.outbox.put_screen(viewer.painter.paint(self.screen, session, viewer.size or session))
        viewer.stale = viewer.behind and fits  # to see whether it is calm then

    @property
    def painted(self) -> int:
        """How many viewers are served repaints: whoever calls for those takes more time when there are many."""
        return sum(viewer.painter is not None for viewer in self.viewers)

    # -- what comes from the container

    def output(self, data: bytes) -> None:
        """Output as it comes from the container."""
        for piece in self._private.feed(data):
            if isinstance(piece, ShellEnded):
                self._detach_typer()
            else:
                self._take(piece)

    def past_output(self, data: bytes) -> None:
        """Output from before the stream began, out of the log: what it announced is over."""
        for piece in PrivateSequences().feed(data):
            if not isinstance(piece, ShellEnded):
                self._take(piece)

    def replay(self, screen: Screen, pieces: Iterable[bytes | Resize]) -> None:
        """``screen``, which shows nothing yet, takes the place of the present one, after it was shown all of ``pieces``.

        They are what a session's terminal was shown, and output goes on exactly where they end. Nobody is to be answered.
        """
        self.screen, self._private, self._queries = screen, PrivateSequences(), Queries()
        for piece in pieces:
            if isinstance(piece, Resize):
                screen.resize(piece.rows, piece.cols)
                continue
            past = (part for part in self._private.feed(piece) if isinstance(part, bytes))
            for shown in (one for part in past for one in self._queries.feed(part) if isinstance(one, bytes)):
                screen.feed(shown)
        if self.size:
            screen.resize(self.size.rows, self.size.cols)
        for viewer in self.viewers:
            if viewer.painter:
                self._make_stale(viewer)
            elif viewer.live:
                self._show_screen(viewer)

    def known(self) -> None:
        """The screen is as it should be."""
        self.unknown = False
        for viewer in self.viewers:
            self._go_live(viewer)

    def tell(self, state: WeaverState) -> None:
        """The weaver is now like this. Viewers hear of it if anything changed, and get output once it runs."""
        self.state = state
        self._tell_all()
        for viewer in self.viewers:
            self._go_live(viewer)

    def notice(self, text: str) -> None:
        """One line for everybody."""
        for viewer in self.viewers:
            viewer.outbox.put(Notice(text))

    def tell_others(self, user_id: str, text: str) -> None:
        """One line about a user, for everybody else."""
        for viewer in self.viewers:
            if viewer.user_id != user_id:
                viewer.outbox.put(Notice(text, brief=True))

    def end(self, message: Exit) -> None:
        """The session is over for everybody, also for who comes yet, after what they still have to be sent."""
        self.ended = message
        for viewer in list(self.viewers):
            self.dismiss(viewer, message)

    def dismiss(self, viewer: Viewer, message: Exit) -> None:
        """The session is over for this viewer."""
        if viewer.stale:
            viewer.missed = 0
            self.repaint(viewer)
        if not viewer.exit:
            viewer.exit = message
            if message.reason != "drain":
                self.dismissed[viewer.id] = message
            else:
                viewer.outbox.put(Ack(viewer.typing.accepted.last_word()))
            viewer.outbox.put(message)
            viewer.outbox.close()
        self.leave(viewer)

    def forget(self, viewer_id: str) -> None:
        """This viewer cannot come back any more."""
        self.dismissed.pop(viewer_id, None)
        self._missed_detach.discard(viewer_id)

    # -- inside

    def _take(self, data: bytes) -> None:
        """Queries are for the screen alone: viewers' terminals would answer, too."""
        for piece in self._queries.feed(data):
            if isinstance(piece, TerminalQuery):
                self.screen.ask(piece.text)
            else:
                self._show(piece)

    def _show(self, data: bytes) -> None:
        self.screen.feed(data)
        for viewer in self.viewers:
            if viewer.painter:
                viewer.missed += len(data)
                self._make_stale(viewer)
            elif viewer.live and not viewer.outbox.put_output(data):
                self.fall_behind(viewer)

    def _go_live(self, viewer: Viewer) -> None:
        if viewer.ready and not viewer.live and self.state.status == "running" and not self.unknown:
            viewer.live = True
            if self._fits(viewer):
                self._show_screen(viewer)
            else:
                self._paint(viewer)

    def _show_screen(self, viewer: Viewer) -> None:
        snapshot = self.screen.snapshot()
        # At the very start there is none: the viewer's terminal then keeps what it shows, unless that was a session's.
        if snapshot or viewer.resumed or viewer.painter:
            viewer.outbox.put_screen(CLEAR + snapshot)
        viewer.painter = None

    def _fits(self, viewer: Viewer) -> bool:
        """Whether the container's bytes are right for the viewer's terminal, as far as is known."""
        return not viewer.size or not self.size or viewer.size == self.size

    def _paint(self, viewer: Viewer) -> None:
        """No more bytes for this viewer: what it has not taken of them is in the repaint."""
        viewer.painter = viewer.painter or Painter()
        viewer.outbox.discard_output()
        self._make_stale(viewer)

    def _make_stale(self, viewer: Viewer) -> None:
        if not viewer.stale:
            viewer.stale = True
            viewer.outbox.wake()

    def _detach_typer(self) -> None:
        if typer := self._present(self._typer_id):
            self.dismiss(typer, Exit("detached"))
        elif self._typer_id:
            self._missed_detach.add(self._typer_id)
        self._typer_id = ""

    def _present(self, viewer_id: str) -> Viewer | None:
        """The viewer, None while it is away."""
        return next((viewer for viewer in self.viewers if viewer.id == viewer_id), None)

    def _take_size(self) -> None:
        """The size of who has it, or while that viewer is not here of the driver who is here longest."""
        sizer = self._present(self._sizer_id)
        size = _first_size([sizer] if sizer else self.viewers)
        if size and size != self.size:
            self.size = size
            self.screen.resize(size.rows, size.cols)
        for viewer in self.viewers:
            if viewer.painter:
                self._make_stale(viewer)
            elif viewer.live and not self._fits(viewer):
                self._paint(viewer)

    def _tell_all(self) -> None:
        for viewer in self.viewers:
            status = self._status(viewer)
            if status != viewer.told:
                viewer.told = status
                viewer.outbox.put(status)

    def _status(self, viewer: Viewer) -> Status:
        return Status(
            status=self.state.status,
            role=viewer.role,
            viewers=len(self.viewers),
            rows=self.size.rows if self.size else 0,
            cols=self.size.cols if self.size else 0,
            expires_at=viewer.expires_at,
            reason=self.state.reason,
            message=self.state.message,
            stages=self.state.stages,
        )


def _first_size(viewers: Iterable[Viewer]) -> Resize | None:
    return next((viewer.size for viewer in viewers if viewer.role == "driver" and viewer.size), None)
