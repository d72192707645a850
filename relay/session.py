"""One weaver's session: follows its pod, attaches once it runs, and keeps the hub fed until the weaver is over."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib.domain.ids import pod_name
from chalicelib.domain.pod_status import ROUTINE
from loom.wire import Exit, Notice, Resize, Role, Snapshot
from relay.core.hub import Hub
from relay.core.presence import GRACE, Presence
from relay.core.viewer import Typing, Viewer
from relay.follower import Observation, PodFollower
from relay.ghostty import GhosttyScreen
from relay.kube import Kube, KubeError
from relay.metrics import Metrics
from relay.resume import LIFETIME
from relay.states import APPEAR, weaver_state
from relay.terminal import Terminal

log = logging.getLogger(__name__)

#: Seconds the pod's status may lag behind the end of its stream.
_STATUS_LAG: Final = 5.0
#: Seconds between attempts to attach again: first, and at most.
_RETRY_FIRST: Final = 0.1
_RETRY_LONGEST: Final = 5.0
#: A container that just started may refuse for a moment: people hear of it when the next attempt is so many seconds away.
_WORTH_TELLING: Final = 1.0
#: Seconds for which a viewer that left may come back.
_KEPT: Final = LIFETIME.total_seconds()
#: Seconds after its time that something is looked for, to be sure that it is due.
_LATER: Final = 0.1
#: Seconds that whoever comes back from another relay waits to hear how much of its input came.
_TOLD_WITHIN: Final = 5.0
#: A container that runs for longer than this has drawn things that nobody here has seen.
_FRESH: Final = timedelta(seconds=5)


@dataclass(eq=False, slots=True)
class Place:
    """What stays of a viewer between its connections: how much it typed. ``reading`` reads its present connection, if any."""

    typing: Typing
    reading: asyncio.Task[None] | None = None
    left_at: float = 0.0  # seconds of the event loop's clock


class Session:
    """``report`` is called when the pod runs, when it is over, and when it waits in trouble; ``now`` is the clock."""

    def __init__(
        self,
        weaver_id: str,
        kube: Kube,
        report: Callable[[str], None],
        now: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self.weaver_id = weaver_id
        self.hub = Hub(GhosttyScreen(self._reply), unknown=True)
        self.expires_at = datetime.min.replace(tzinfo=UTC)  # the weaver's: the latest that a ticket told
        self._places: dict[str, Place] = {}  # by viewer; for as long as it may come back
        self._report = report
        self._now = now
        self._metrics = metrics
        self._presence = Presence()
        self._clock = asyncio.get_running_loop().time
        self._follower = PodFollower(kube, pod_name(weaver_id), self._pod_changed)
        self._terminal = Terminal(kube, pod_name(weaver_id), self._output, self._past_output, self._replay)
        self._continues = False  # another relay had it before
        self._replaying = False
        self._reported = ""
        self._clone_failure_told = False

    # -- what viewers do

    def place(self, viewer_id: str) -> Place | None:
        """What is known of a viewer that was here before."""
        return self._places.get(viewer_id)

    def new_place(self, viewer_id: str, typing: Typing) -> Place:
        """The place of a viewer that is here for the first time."""
        return self._places.setdefault(viewer_id, Place(typing))

    async def came(self, input_id: str) -> int | None:
        """How much of an input the container got by way of another relay; None when nobody can tell."""
        self._continues = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_TOLD_WITHIN):
                seen = await self._follower.until(lambda seen: seen.known)
                if not (seen.runs or seen.over):
                    self._continues = False
                    return 0  # what does not run got nothing
                await self._terminal.joined.wait()
        return self._terminal.positions.get(input_id)

    @property
    def viewer_ids(self) -> list[str]:
        """Everybody who is or was here."""
        return [*self._places]

    def join(self, viewer: Viewer, expires_at: datetime) -> None:
        """A new viewer, whose ticket says when the weaver expires."""
        self.expires_at = max(self.expires_at, expires_at)
        self.hub.join(viewer)
        if not viewer.resumed and (others := self._presence.others(viewer.user_id)):
            viewer.outbox.put(Notice(others, brief=True))
        if came := self._presence.came(viewer.user_id, viewer.role, self._clock()):
            self.hub.tell_others(viewer.user_id, came)

    async def typed(self, viewer: Viewer, data: bytes) -> None:
        """Input of a viewer; returns when there is room for more."""
        if viewer.exit:
            return
        accepted = viewer.typing.accepted
        data = accepted.new(data)
        passed = self.hub.typed(viewer, data)
        await self._terminal.resize(self.hub.size)
        if passed:
            await self._terminal.write(passed, viewer.typing)
        elif data:  # an observer's typing goes nowhere
            await self._terminal.pass_over(len(data), viewer.typing)
        viewer.typing.moved()

    async def want_role(self, viewer: Viewer, want: Role) -> bool:
        """False when the viewer may not have the role; it was told so."""
        granted = self.hub.want_role(viewer, want)
        await self._terminal.resize(self.hub.size)
        return granted

    async def resized(self, viewer: Viewer, size: Resize) -> None:
        """The size of a viewer's terminal; the first also says that the viewer is ready."""
        self.hub.resize(viewer, size)
        self.hub.ready(viewer)
        await self._terminal.resize(self.hub.size)

    async def leave(self, viewer: Viewer) -> None:
        """The viewer's connection is gone."""
        self.hub.leave(viewer)
        if place := self._places.get(viewer.id):
            place.left_at = self._clock()
        asyncio.get_running_loop().call_later(_KEPT + _LATER, self._give_up, viewer.id)
        self._presence.went(viewer.user_id, self._clock())
        asyncio.get_running_loop().call_later(GRACE + _LATER, self._tell_who_left)
        await self._terminal.resize(self.hub.size)

    def _give_up(self, viewer_id: str) -> None:
        """The place of a viewer whose resume token is too old by now."""
        place = self._places.get(viewer_id)
        if place and (not place.reading or place.reading.done()) and self._clock() - place.left_at >= _KEPT:
            del self._places[viewer_id]
            self.hub.forget(viewer_id)

    def _tell_who_left(self) -> None:
        for user_id, text in self._presence.left(self._clock()):
            self.hub.tell_others(user_id, text)

    def send_away(self) -> None:
        """Every viewer is to come back elsewhere, and brings what waits here to be typed."""
        self._terminal.stop_input()
        self.hub.end(Exit("drain"))

    # -- the life of a session

    async def run(self) -> None:
        """Until the weaver is over; the viewers have then been told."""
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follower.run())
            seen = await self._until_running()
            if not seen.over:
                seen = await self._while_running()
            await self._finish(seen)
            following.cancel()

    async def _until_running(self) -> Observation:
        """Raises nothing and waits for ever, but for a pod that does not appear."""
        await self._follower.until(lambda seen: seen.known)
        try:
            async with asyncio.timeout(APPEAR):
                await self._follower.until(lambda seen: seen.existed)
        except TimeoutError:
            self.hub.notice("there is no pod for this weaver")
            return replace(self._follower.seen, existed=True)
        return await self._follower.until(lambda seen: seen.runs or seen.over)

    async def _while_running(self) -> Observation:
        """Attach, and attach again when the stream breaks, until the container is over."""
        pause = _RETRY_FIRST
        redraw = self._continues or self._drew_before()
        while True:
            why = "the terminal's connection to the weaver broke; connecting again"
            finished = False
            try:
                finished = await self._terminal.stay_attached(redraw=redraw)
                if not finished:
                    self._metrics.reconnects.add()
                redraw = True
            except KubeError as error:
                log.warning("attach failed: %s", error, extra={"fields": {"weaver_id": self.weaver_id}})
                why = f"the weaver cannot be attached to yet: {error}"
            try:
                async with asyncio.timeout(_STATUS_LAG if finished else pause):
                    return await self._follower.until(lambda seen: seen.over)
            except TimeoutError:
                if redraw or pause > _WORTH_TELLING:
                    self.hub.notice(why)
            pause = min(pause * 2, _RETRY_LONGEST)

    async def _finish(self, seen: Observation) -> None:
        """Tell everybody how it ended; what the container wrote comes first, also when nobody saw it run."""
        self._terminal.joined.set()  # nobody waits for that any more
        status = seen.status
        if status and "ready" in status.stages and self.hub.state.status != "running":
            self.hub.tell(replace(weaver_state(seen), status="running", reason=None, message=None))
        if self.hub.state.status == "running":
            self.hub.ready_all()
            await self._terminal.show_log()
        if status:
            self.hub.tell(weaver_state(seen))
        self.hub.end(self._exit(seen))

    def _exit(self, seen: Observation) -> Exit:
        status = seen.status
        if status is None or status.status == "terminating":
            was_there = status or self.hub.state.stages
            return Exit("expired" if self._now() >= self.expires_at else "deleted" if was_there else "ended")
        if status.reason == "DeadlineExceeded":
            return Exit("expired")
        return Exit("ended", code=status.exit_code)

    def _drew_before(self) -> bool:
        started_at = self._follower.seen.started_at
        return started_at is not None and self._now() - datetime.fromisoformat(started_at) > _FRESH

    # -- what happens

    def _pod_changed(self, seen: Observation) -> None:
        if seen.over:
            self._report_once("over")  # _finish tells the viewers, in the right order
            return
        if seen.runs:
            self._report_once("running")
        elif seen.status and seen.status.reason not in ROUTINE:
            self._report_once(f"waiting: {seen.status.reason}")
        self.hub.tell(weaver_state(seen))
        if seen.status and seen.status.reason == "CloneFailed" and not self._clone_failure_told:
            self._clone_failure_told = True
            self.hub.notice(f"the repository was not cloned: {seen.status.message}")

    def _report_once(self, what: str) -> None:
        if self._reported != what:
            self._reported = what
            self._report(self.weaver_id)

    def _reply(self, data: bytes) -> None:
        """What the screen answers to programs, but for those that asked before anybody was here."""
        if not self._replaying:
            self._terminal.reply(data)

    def _output(self, data: bytes) -> None:
        self._metrics.output.add(len(data))
        self.hub.output(data)

    def _past_output(self, data: bytes) -> None:
        self.hub.known()  # first: a terminal that shows no session yet keeps what it shows
        self._replaying = True
        self.hub.past_output(data)
        self._replaying = False

    def _replay(self, snapshot: Snapshot) -> None:
        self._replaying = True
        self.hub.replay(GhosttyScreen(self._reply), snapshot.pieces)
        self._replaying = False
        self.hub.known()
