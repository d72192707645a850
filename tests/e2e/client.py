"""Raw HTTP, as a client in any language could send it."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.loom.pseudo_terminal import DEADLINE

JSON = "application/json"


class Client:
    """One API or relay, asked with one token or none."""

    def __init__(self, url: str, token: str | None) -> None:
        self._address = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(
        self, method: str, path: str, body: object = None, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON body (None when empty), and headers with lower-case names."""
        connection = http.client.HTTPConnection(self._address, timeout=DEADLINE)
        content = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        sent = {
            **self._headers,
            "Content-Type": JSON,
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        connection.request(method, path, content, sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, json.loads(text) if text else None, told
