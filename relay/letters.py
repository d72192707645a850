"""What one viewer is sent beside output and status: acknowledgements of what it typed, and resume tokens."""

import asyncio
from typing import Final

from loom.wire import Ack, Resume
from relay.admission import Admitted
from relay.core.viewer import Viewer
from relay.resume import RENEW_EVERY, ResumeClaims, ResumeTokens

#: Seconds.
_ACKNOWLEDGE_AFTER: Final = 0.02


class Letters:
    """Those of one connection; there is a new token before the last one ends."""

    def __init__(self, viewer: Viewer, admitted: Admitted, tokens: ResumeTokens) -> None:
        self._viewer = viewer
        self._admitted = admitted
        self._tokens = tokens
        self._acknowledged = viewer.typing.accepted.position
        self._soon: asyncio.TimerHandle | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self._closed = False

    def acknowledge_soon(self) -> None:
        """Together with what is typed within a moment: an echo should not wait behind it."""
        if not self._soon and not self._closed:
            self._soon = asyncio.get_running_loop().call_later(_ACKNOWLEDGE_AFTER, self._acknowledge)

    def renew_token(self) -> None:
        """A token that tells the viewer's role of now, and from now on a new one in time."""
        if self._renewal:
            self._renewal.cancel()
        claims = ResumeClaims(
            viewer_id=self._viewer.id,
            input_id=self._viewer.typing.id,
            weaver_id=self._admitted.weaver_id,
            sub=self._admitted.user_id,
            may=self._viewer.may,
            role=self._viewer.role,
        )
        self._viewer.outbox.put(Resume(self._tokens.issue(claims)))
        self._renewal = asyncio.get_running_loop().call_later(RENEW_EVERY.total_seconds(), self.renew_token)

    def close(self) -> None:
        """The connection is gone."""
        self._closed = True
        for timer in (self._soon, self._renewal):
            if timer:
                timer.cancel()

    def _acknowledge(self) -> None:
        self._soon = None
        position = self._viewer.typing.accepted.position
        if position != self._acknowledged:
            self._acknowledged = position
            self._viewer.outbox.put(Ack(position))
