"""The calls of the control plane's API that ``loom`` makes (DESIGN §5). Weavers are the API's own JSON objects."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import quote, urlencode

from loom.client.config import Config
from loom.client.errors import ProtocolError
from loom.client.http import TIMEOUT, HttpClient, Telling

if TYPE_CHECKING:  # not needed by who lists weavers
    from loom.wire import Role

Weaver: TypeAlias = Mapping[str, Any]


class Ticket(NamedTuple):
    """Permission for one connection to the relay at ``url`` (ws or wss), good for about a minute."""

    url: str
    ticket: str

    def __repr__(self) -> str:
        return f"Ticket(url={self.url!r})"


class Api:
    """One method a call. Each raises ApiError, ConnectionFailed or ProtocolError. ``timeout`` in seconds for each answer."""

    def __init__(self, config: Config, telling: Telling, timeout: float = TIMEOUT) -> None:
        self._http = HttpClient(config, telling, timeout=timeout)

    def create(self, body: Mapping[str, Any]) -> Weaver:
        """The new weaver. Sent with an Idempotency-Key: a retry after a lost answer never makes a second one."""
        key = {"Idempotency-Key": os.urandom(16).hex()}
        return _weaver(self._http.request("POST", "/api/weaver", body, key))

    def get(self, reference: str, *, refresh: bool = False) -> Weaver:
        """The weaver that a full id, short id, name or unique prefix means; ``refresh`` has its pod looked at in any case."""
        return _weaver(self._http.request("GET", _path(reference) + ("?refresh=true" if refresh else "")))

    def extend(self, reference: str, hours: float) -> Weaver:
        """The weaver with a lifetime of ``hours`` from its creation."""
        return _weaver(self._http.request("POST", f"{_path(reference)}/extend", {"lifetime_hours": hours}))

    def delete(self, reference: str) -> None:
        """Ends the weaver; one that is ending already is no error."""
        self._http.request("DELETE", _path(reference))

    def ticket(self, reference: str, role: "Role" = "driver") -> Ticket:
        """A ticket for the weaver's terminal."""
        return self.entry(reference, role)[1]

    def entry(self, reference: str, role: "Role") -> tuple[Weaver, Ticket]:
        """The weaver that a reference means, and a ticket for its terminal."""
        answer = self._http.request("POST", f"{_path(reference)}/ticket", _attaching(role))
        return _weaver(answer.get("weaver") if isinstance(answer, dict) else None), ticket_of(answer)

    def ask_for_entry(self, reference: str, role: "Role") -> None:
        """Send what :meth:`entry` will ask for next: the API works on it meanwhile. Raises nothing."""
        self._http.send_ahead("POST", f"{_path(reference)}/ticket", _attaching(role))

    def cleanup(self, *, dry_run: bool) -> Mapping[str, Any]:
        """What one sweep did, or would do: ``steps``, ``deleted_count``, ``deleted_ids``, and whether there is ``more`` to do."""
        swept = self._http.request("POST", "/api/weavers/cleanup", {"dry_run": dry_run})
        kinds = {"steps": list, "deleted_ids": list, "deleted_count": int}
        if isinstance(swept, dict) and all(isinstance(swept.get(name), kind) for name, kind in kinds.items()):
            return swept
        raise ProtocolError("the API does not tell what the sweep did")

    def weavers(self, query: Sequence[tuple[str, str]]) -> Iterator[Weaver]:
        """All weavers that fit, page after page."""
        cursor: str | None = None
        while True:
            asked = urlencode([*query, *([("cursor", cursor)] if cursor else [])])
            page = self._http.request("GET", f"/api/weavers?{asked}" if asked else "/api/weavers")
            if not isinstance(page, dict) or not isinstance(page.get("weavers"), list):
                raise ProtocolError("the API's list of weavers is none")
            yield from map(_weaver, page["weavers"])
            following = page.get("next_cursor")
            if not following or following == cursor:
                return
            cursor = str(following)


def ticket_of(answer: Any) -> Ticket:
    """The ticket in an answer. Raises ProtocolError."""
    if isinstance(answer, dict) and isinstance(answer.get("url"), str) and isinstance(answer.get("ticket"), str):
        return Ticket(answer["url"], answer["ticket"])
    raise ProtocolError("the API gave no ticket for the relay")


def _attaching(role: "Role") -> Mapping[str, Any]:
    return {"action": "attach", "role": role}


def _weaver(answer: Any) -> Weaver:
    if isinstance(answer, dict) and isinstance(answer.get("id"), str):
        return answer
    raise ProtocolError("the API's answer is not a weaver")


def _path(reference: str) -> str:
    return f"/api/weaver/{quote(reference, safe='')}"
