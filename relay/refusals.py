"""What the relay answers instead of what was asked for, in the error envelope of DESIGN §5."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web


class Refusal(Exception):
    """An error for the client: HTTP status, stable code, one line for a person."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}

    def response(self) -> web.Response:
        """The HTTP answer."""
        body = {"error": {"code": self.code, "message": self.message, "details": dict(self.details)}}
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        if self.status == 426:
            headers |= {"Upgrade": "websocket", "Connection": "Upgrade"}
        return web.json_response(body, status=self.status, headers=headers)
