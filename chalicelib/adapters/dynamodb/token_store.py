"""The TokenStore of :mod:`chalicelib.services.ports` on DynamoDB."""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.transaction import read, translated
from chalicelib.domain.permissions import Principal

_PRINCIPAL: Final = TypeAdapter(Principal)


@dataclass(frozen=True, slots=True)
class DynamoTokenStore:
    """One item a token, under its hash."""

    table: Table

    def principal(self, token_hash: str) -> Principal | None:
        item = read(self.table, *_key(token_hash))
        return _PRINCIPAL.validate_json(item.record) if item else None

    def add(self, token_hash: str, principal: Principal) -> None:
        with translated():
            self.table.items(*_key(token_hash), record=_PRINCIPAL.dump_json(principal).decode()).save()


def _key(token_hash: str) -> tuple[str, str]:
    return f"token#{token_hash}", "token"
