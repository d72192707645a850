"""``make smoke``: does a deployment work, as its users would find it? One weaver: made, attached to, used, deleted, gone.

Through loom's own client, over HTTPS and a real WebSocket. Whatever happens, what was made is deleted; should even that fail,
it ends by itself after a quarter of an hour.
"""

import secrets
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from loom.cli.gone import until_gone
from loom.cli.in_place import InPlace
from loom.client.api import Api
from loom.client.config import Config
from loom.client.errors import ApiError, LoomError, ProtocolError
from loom.client.http import HttpClient
from loom.client.link import Link, Lost
from loom.client.relay import connect
from loom.printable import printable
from loom.wire import Exit, Resize, Status

#: Hours that the weaver would live if nobody could delete it.
_LIFETIME: Final = 0.25
_UNHEALTHY: Final = 503
#: A path that no version has.
_NOWHERE: Final = "/api/smoke/nothing-here"
#: Wide enough that no line of ours is wrapped.
_SIZE: Final = Resize(rows=24, cols=100)


class SmokeFailed(LoomError):
    """The deployment does not do what it should; the message says what was waited for."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the weaver must run (the first on a node waits for its image), must answer, must be gone."""

    running: float = 300.0
    answer: float = 30.0
    gone: float = 120.0


def smoke(config: Config, say: Callable[[str], None], patience: Patience, image: str | None = None) -> None:
    """All of it, a line for each step. ``image`` instead of the default one; it needs a ``sh``. Raises LoomError."""
    api = Api(config, lambda _what: nullcontext())
    name = f"smoke-{secrets.token_hex(4)}"
    with _step(say, "the API answers, and reaches Kubernetes and DynamoDB"):
        _healthy(config)
    with _step(say, "a path that is not there is answered as an error of ours, without the token"):
        refused_cleanly(config)
    weaver_id: str | None = None
    try:
        with _step(say, f"a weaver is made: {name}"):
            weaver_id = str(api.create(_body(name, image))["id"])
        _use(api, weaver_id, say, patience)
    except BaseException:
        _tidy(api, weaver_id or name, say)
        raise
    with _step(say, "it is deleted, and its pod is gone"):
        api.delete(weaver_id)
        for _, error in until_gone(api, {weaver_id: name}, patience.gone, InPlace.on_stderr()):
            if error:
                raise error


def _body(name: str, image: str | None) -> Mapping[str, Any]:
    """An image that somebody names need not have `loom session`: then a plain shell is its main process."""
    body = {"name": name, "lifetime_hours": _LIFETIME, "tags": {"made-by": "smoke"}}
    return {**body, "image": image, "command": ["sh"]} if image else body


def _healthy(config: Config) -> None:
    health = HttpClient(config, lambda _what: nullcontext()).request("GET", "/health", also=_UNHEALTHY)
    checks = health.get("checks") if isinstance(health, dict) else None
    if not isinstance(checks, dict):
        raise ProtocolError(f"{config.url}/health is not that of a control plane; is the URL right, with its stage?")
    wrong = [f"{name}: {check.get('message')}" for name, check in checks.items() if not check.get("ok")]
    if wrong:
        raise SmokeFailed(f"the control plane is unhealthy: {printable('; '.join(wrong))}")


def refused_cleanly(config: Config) -> None:
    """API Gateway answers such a path itself, and to a token says what it read of it, unless its gateway responses are ours.

    Raises LoomError, which does not repeat a token either.
    """
    try:
        HttpClient(config, lambda _what: nullcontext()).request("GET", _NOWHERE)
    except ApiError as error:
        if config.token and config.token in f"{error} {error.details}":
            raise SmokeFailed(f"the answer to {_NOWHERE} has the token in it, which may end up in logs") from None
        if (error.status, error.code) != (HTTPStatus.NOT_FOUND, "not_found"):
            raise SmokeFailed(f"{_NOWHERE} was answered {error.status} {error.code}: {error}") from error
        return
    raise SmokeFailed(f"{_NOWHERE} was answered as if it were there")


def _use(api: Api, weaver_id: str, say: Callable[[str], None], patience: Patience) -> None:
    """Wait for the shell over the relay, and have it compute something: an echo of what was typed would not do."""
    with _step(say, "the relay takes us"):
        ticket = api.ticket(weaver_id)
        link = Link(ticket.url, connect(ticket), lambda: api.ticket(weaver_id))
    with closing(link):
        with _step(say, "the weaver runs"):
            _until(link, "the weaver runs", patience.running, lambda _output, status: status == "running")
        mark = secrets.token_hex(4)
        with _step(say, "a command in its terminal is carried out"):
            link.resize(_SIZE)
            link.type(f"echo smoke-$((6 * 7))-{mark}\r".encode())
            expected = f"smoke-42-{mark}".encode()
            _until(link, "the output of a command", patience.answer, lambda output, _status: expected in output)


def _until(link: Link, what: str, seconds: float, done: Callable[[bytes, str], bool]) -> None:
    """Read until ``done`` with all output so far and the weaver's status. Raises LoomError."""
    output, status, waits_for = bytearray(), "", ""
    end = time.monotonic() + seconds
    while not done(bytes(output), status):
        left = end - time.monotonic()
        if left <= 0:
            told = f"; it waits for {waits_for}" if waits_for else ""
            raise SmokeFailed(f"not within {seconds:.0f} s: {what}{told}")
        read, write, at_most = link.watch(reading=True)
        select.select(read, write, [], min(left, at_most))
        for event in link.turn(reading=True):
            match event:
                case bytes():
                    output += event
                case Status(reason=reason, message=message):
                    status = event.status
                    waits_for = printable(": ".join(part for part in (reason, message) if part))
                case Exit(reason=reason):
                    raise SmokeFailed(f"the session is over ({reason}) before {what}")
                case Lost(reason=reason):
                    waits_for = f"the relay: {reason}"


def _tidy(api: Api, reference: str, say: Callable[[str], None]) -> None:
    """After a failure: the answer to the create may be lost, and its weaver there all the same; its name finds it."""
    try:
        api.delete(reference)
    except LoomError as error:
        if isinstance(error, ApiError) and error.code == "weaver_not_found":
            return
        say(f"smoke: {reference} may be left, for {_LIFETIME * 60:.0f} minutes at most: {error}")
    else:
        say("smoke: the weaver was deleted")


@contextmanager
def _step(say: Callable[[str], None], what: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"smoke: FAILED  {what}")
        raise
    say(f"smoke: ok  {what}  ({time.monotonic() - started:.1f} s)")
