"""The control plane's API as the relay uses it: public keys, tickets for bearer tokens, and reports that a pod changed."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from chalicelib.domain.tickets import TicketAction
from relay.refusals import Refusal

log = logging.getLogger(__name__)

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
#: Seconds between two looks for a key that is not known: made-up ones must not flood the API.
_KEYS_EVERY: Final = 3.0


class Api:
    """One control plane. ``token`` is the relay's own, for reports and for checking rights again."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self._token = token
        self._http = aiohttp.ClientSession(timeout=_TIMEOUT)
        self._keys: dict[str, PyJWK] = {}
        self._keys_asked = float("-inf")
        self._asking = asyncio.Lock()
        self._reports: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Ends every request."""
        for task in self._reports:
            task.cancel()
        await self._http.close()

    async def key(self, kid: str) -> PyJWK | None:
        """The public key of that id, None when the API does not publish it. Raises Refusal when the API cannot be asked."""
        if kid not in self._keys:
            async with self._asking:
                if kid not in self._keys:
                    await self._fetch_keys()
        return self._keys.get(kid)

    async def ready(self) -> bool:
        """Whether keys were fetched once; tries to when not."""
        if not self._keys:
            async with self._asking:
                await self._fetch_keys()
        return bool(self._keys)

    async def exchange(self, reference: str, authorization: str, action: TicketAction) -> str:
        """A ticket for a caller who has a bearer token: to attach as driver, else to look on. Raises Refusal with the API's own answer."""
        wanted = {"action": action, "role": "driver" if action == "attach" else "observer"}
        url = f"{self.url}/api/weaver/{quote(reference, safe='')}/ticket"
        headers = {"Authorization": authorization}
        try:
            async with self._http.post(url, json=wanted, headers=headers) as response:
                body = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("the API cannot be asked for a ticket: %s", type(error).__name__)
            raise Refusal(502, "server_unreachable", "the API that knows your token does not answer") from error
        if response.status >= 300:
            raise _passed_on(response.status, body)
        return str(body["ticket"]) if isinstance(body, dict) and "ticket" in body else ""

    async def weaver(self, weaver_id: str) -> Mapping[str, Any]:
        """The weaver as the API shows it to the relay. Raises Refusal: 401 when the relay has no token to ask with."""
        if not self._token:
            raise Refusal(401, "unauthorized", "this relay cannot check your rights again: come with a new ticket")
        url = f"{self.url}/api/weaver/{quote(weaver_id, safe='')}"
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._http.get(url, headers=headers) as response:
                body = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("the API cannot be asked for a weaver: %s", type(error).__name__)
            raise Refusal(502, "server_unreachable", "the API that knows your rights does not answer") from error
        if response.status in (401, 403):  # the relay's own trouble, not the viewer's
            log.error("the API refuses the relay's token: %d", response.status)
            raise Refusal(401, "unauthorized", "this relay cannot check your rights again: come with a new ticket")
        if response.status >= 300 or not isinstance(body, Mapping):
            raise _passed_on(response.status, body)
        return body

    def report(self, weaver_id: str) -> None:
        """Has the API look at the weaver's pod now, so that its record is fresh. Nobody waits for it; the sweep would see it too."""
        if self._token:
            task = asyncio.create_task(self._refresh(weaver_id))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)

    async def _refresh(self, weaver_id: str) -> None:
        url = f"{self.url}/api/weaver/{weaver_id}"
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._http.get(url, params={"refresh": "true"}, headers=headers) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("report failed: %s", type(error).__name__, extra={"fields": {"weaver_id": weaver_id}})
            return
        if status >= 400:
            log.warning("report was answered with %d", status, extra={"fields": {"weaver_id": weaver_id}})

    async def _fetch_keys(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._keys_asked < _KEYS_EVERY:
            return
        try:
            async with self._http.get(f"{self.url}/.well-known/jwks.json") as response:
                response.raise_for_status()
                keys = PyJWKSet.from_dict(await response.json(content_type=None)).keys
        except (aiohttp.ClientError, TimeoutError, ValueError, PyJWTError) as error:
            log.warning("the API's keys cannot be read: %s", type(error).__name__)
            raise Refusal(502, "server_unreachable", "the API's keys cannot be read") from error
        self._keys_asked = now
        self._keys = {key.key_id: key for key in keys if key.key_id}


def _passed_on(status: int, body: Any) -> Refusal:
    error = body.get("error") if isinstance(body, Mapping) else None
    if status >= 500 or not isinstance(error, Mapping):
        return Refusal(502, "server_error", f"the API that knows your token answered {status}")
    return Refusal(status, str(error.get("code")), str(error.get("message")), error.get("details") or {})
