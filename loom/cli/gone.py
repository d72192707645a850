"""Waiting until deleted weavers are really gone, their pods with them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count

from loom.cli.in_place import InPlace
from loom.cli.pace import Pace
from loom.cli.times import span
from loom.client.api import Api
from loom.client.errors import ApiError, LoomError, TimedOut
from loom.printable import printable

_NOT_FOUND = "weaver_not_found"
#: Seconds between two looks: a pod has five to go in peace.
_INTERVAL = 0.5


def until_gone(
    api: Api,
    going: Mapping[str, str],
    timeout: float,
    shown: InPlace,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[str, LoomError | None]]:
    """Each full id of ``going``, whose values are what to call them, when it is gone; with an error when it is not known to be.

    ``timeout`` in seconds for all of them. An API that is away meanwhile is asked again.
    """
    pace, started = Pace(_INTERVAL), clock()
    left: dict[str, str] = dict.fromkeys(going, "")
    for attempt in count():
        for weaver_id in [*left]:
            refused = None
            try:
                left[weaver_id] = _state(api, weaver_id)
            except LoomError as error:
                left[weaver_id], refused = "", error
            if not left[weaver_id]:
                del left[weaver_id]
                yield weaver_id, refused
        passed = clock() - started
        if not left or passed >= timeout:
            break
        if shown.possible or not attempt:
            _tell([going[weaver_id] for weaver_id in left], passed, shown)
        pause(min(pace.answered(), timeout - passed))
    for weaver_id, state in left.items():
        told = f"not gone after {span(timeout)} ({state}); look again with: loom describe {weaver_id}"
        yield weaver_id, TimedOut(told)


def _state(api: Api, weaver_id: str) -> str:
    """What is told of one that is still there, or why nothing is for now; nothing of one that is gone. Raises LoomError."""
    try:
        weaver = api.get(weaver_id)
    except LoomError as error:
        if isinstance(error, ApiError) and error.code == _NOT_FOUND:
            return ""
        if not error.passing:
            raise
        return str(error)
    if weaver.get("ended_at"):
        return ""
    return printable(": ".join(str(weaver[name]) for name in ("status", "message") if weaver.get(name)))


def _tell(names: Sequence[str], passed: float, shown: InPlace) -> None:
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    text = f"waiting until {told} {'is' if len(names) == 1 else 'are'} gone"
    if shown.possible:
        shown.draw(f"{text} {span(passed)}")
    else:
        shown.line(text)
