"""A token that an operator makes is one that the API takes."""

import pytest

from chalicelib.adapters.dynamodb.table import table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.domain.permissions import Principal
from chalicelib.services.authenticate import Authenticate
from scripts.aws.errors import Refused
from scripts.aws.token import make_token
from tests.scripts.aws.conftest import REGION, Operator
from tests.scripts.aws.test_deploy import table_of


def test_it_is_known_and_nothing_of_it_is_stored(operator: Operator):
    operator.deploy()
    token = make_token(operator.account, operator.stack, "relay", "support")
    dynamodb = operator.account.client("dynamodb")
    found = table(table_of(operator), region=REGION, endpoint=dynamodb.meta.endpoint_url)
    principal = Authenticate(DynamoTokenStore(found))(f"Bearer {token}")
    assert principal == Principal("relay", "personal-relay", system_role="support")
    assert token not in str(dynamodb.scan(TableName=table_of(operator)))


def test_a_user_that_could_be_in_no_label(operator: Operator):
    for user in ("a b", "x" * 55, "", "alice@example.com"):
        with pytest.raises(Refused, match="is no user id"):
            make_token(operator.account, operator.stack, user, None)


def test_there_must_be_a_stack(operator: Operator):
    with pytest.raises(Refused, match="there is no stack"):
        make_token(operator.account, operator.stack, "alice", None)
