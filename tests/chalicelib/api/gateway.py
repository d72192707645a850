"""The app as API Gateway asks it: events in, answers out, the whole control plane over fakes."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalice.local import RouteMatcher

from app import app
from chalicelib.bootstrap import control_plane
from chalicelib.domain.permissions import Principal
from chalicelib.services.authenticate import Authenticate, token_hash
from chalicelib.services.tickets import Tickets
from tests.chalicelib.fakes import FakeSigner, FakeTokenStore
from tests.chalicelib.samples import ALICE
from tests.chalicelib.services.world import World

SERVER_URL, RELAY_URL = "https://loom.example", "wss://relay.example"
ADMIN = Principal("user-root", "org-root", system_role="system_admin")
TOKENS = {"alice": ALICE, "root": ADMIN}


@dataclass(frozen=True)
class Answer:
    """``body`` is JSON, None when empty; the names of headers are lower-case."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> tuple[int, str, str | None]:
        """Status, code and field."""
        error = self.body["error"]
        assert error["message"]
        return self.status, error["code"], error["details"].get("field")


class Gateway:
    """What API Gateway hands over, and what it takes back. ``world`` is the deployment."""

    def __init__(self) -> None:
        control_plane.cache_clear()
        os.environ["LOOM_SERVER_URL"], os.environ["LOOM_RELAY_URL"] = SERVER_URL, RELAY_URL
        self.deploy(World())

    def deploy(self, world: World) -> None:
        """The use cases are those of ``world`` from now on."""
        self.world = world
        hashes = {token_hash(token): principal for token, principal in TOKENS.items()}
        vars(control_plane()).update(
            launch=world.launch,
            describe=world.describe,
            extend=world.extend,
            stop=world.stop,
            sweep=world.sweep,
            store=world.describe.store,
            clusters=world.describe.clusters,
            authenticate=Authenticate(FakeTokenStore(hashes)),
            signer=(signer := FakeSigner()),
            tickets=Tickets(signer, world.clock, issuer=SERVER_URL, relay_url=RELAY_URL),
        )

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        query: Mapping[str, list[str]] | None = None,
        reference: str | None = None,
        token: str | None = "alice",
        binary: bool = False,
        **headers: str,
    ) -> Answer:
        """The answer. ``reference`` stands for ``{id}`` in the path, decoded; ``binary`` sends the body in base64."""
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        match = RouteMatcher(list(app.routes)).match_route(path.replace("{id}", "x"))
        event = {
            "requestContext": {"httpMethod": method, "resourcePath": match.route, "path": path, "identity": {}},
            "headers": {
                "content-type": "application/json",
                **({"authorization": f"Bearer {token}"} if token else {}),
                **{name.replace("_", "-"): text for name, text in headers.items()},
            },
            "pathParameters": {name: reference or text for name, text in match.captured.items()},
            "multiValueQueryStringParameters": query or None,
            "stageVariables": None,
            "body": sent and (base64.b64encode(sent).decode() if binary else sent.decode(errors="replace")),
            "isBase64Encoded": binary,
        }
        answer = app(event, None)
        headers = {name.lower(): text for name, text in answer["headers"].items()}
        return Answer(answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None, headers)
