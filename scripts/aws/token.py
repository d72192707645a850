"""``make token``: a bearer token for a user, or for the relay. The table keeps its hash; the token itself is shown once."""

import secrets
from typing import Final, get_args

from chalicelib.adapters.dynamodb.table import table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.domain.errors import WeaverError
from chalicelib.domain.permissions import Principal, SystemRole
from chalicelib.domain.pod_spec import LABEL_VALUE
from chalicelib.services.authenticate import token_hash
from scripts.aws.account import Account, told
from scripts.aws.errors import OperatingError, Refused
from scripts.aws.stack import Stack

ROLES: Final[tuple[SystemRole, ...]] = get_args(SystemRole)
#: Each user has an org of their own.
_PERSONAL: Final = "personal-{}"


def make_token(account: Account, stack: Stack, user: str, role: SystemRole | None) -> str:
    """The new token of ``user``. Raises Refused, OperatingError."""
    org = _PERSONAL.format(user)
    if not LABEL_VALUE.fullmatch(org):
        raise Refused(f"{user!r} is no user id: at most 54 letters, digits and -_., as it goes into labels of pods")
    token = f"loom_{secrets.token_urlsafe(32)}"
    endpoint = account.client("dynamodb").meta.endpoint_url
    with told():
        name = stack.table()
    tokens = DynamoTokenStore(table(name, region=str(account.region), endpoint=endpoint))
    try:
        tokens.add(token_hash(token), Principal(user, org, system_role=role))
    except WeaverError as error:
        raise OperatingError(f"cannot write into the table: {error.message}") from error
    return token
