"""The TokenStore of :mod:`chalicelib.services.ports` on DynamoDB."""

import json
from dataclasses import asdict, dataclass

from chalicelib.adapters.dynamodb.records import recorded
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.transaction import read, translated
from chalicelib.domain.permissions import Principal


@dataclass(frozen=True, slots=True)
class DynamoTokenStore:
    """One item a token, under its hash."""

    table: Table

    def principal(self, token_hash: str) -> Principal | None:
        item = read(self.table, *_key(token_hash))
        return recorded(Principal, json.loads(item.record)) if item else None

    def add(self, token_hash: str, principal: Principal) -> None:
        with translated():
            self.table.items(*_key(token_hash), record=json.dumps(asdict(principal))).save()


def _key(token_hash: str) -> tuple[str, str]:
    return f"token#{token_hash}", "token"
