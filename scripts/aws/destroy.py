"""``make destroy``: a stack goes, unless people still work in it; what it leaves behind is told, and what that costs."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.adapters.dynamodb.table import table
from chalicelib.adapters.dynamodb.transaction import translated
from chalicelib.adapters.dynamodb.weaver_items import shards
from chalicelib.domain.errors import WeaverError
from scripts.aws.account import Account, told
from scripts.aws.deploy import Consent, Say
from scripts.aws.errors import OperatingError, Refused
from scripts.aws.prerequisites import bucket_name
from scripts.aws.stack import Stack
from scripts.aws.stage import Stage

_TABLE: Final = "AWS::DynamoDB::Table"
#: Deletion policies by which CloudFormation leaves a resource in the account.
_KEPT: Final = ("Retain", "RetainExceptOnCreate", "Snapshot")
#: What goes on costing (docs/cost.md).
_COSTS: Final[Mapping[str, str]] = {
    _TABLE: "storage and backups, by the GB and month",
    "AWS::KMS::Key": "1 USD a month",
    "AWS::SecretsManager::Secret": "0.40 USD a month",
    "AWS::Logs::LogGroup": "storage, until the retention has removed it all",
}


def destroy(account: Account, stage: Stage, stack: Stack, consent: Consent, say: Say) -> None:
    """Deletes the stage's stack. Raises Refused while weavers live, unless forced; OperatingError."""
    with told():
        if stack.described() is None:
            say(f"nothing to destroy: there is no stack {stage.stack} in {account.region}")
            return
        resources = stack.resources()
        kept = _kept(resources, stack.template("Processed"))
    living = sum(_living(account, one["PhysicalResourceId"]) for one in resources if one["ResourceType"] == _TABLE)
    if living and not consent.force:
        raise Refused(
            f"{living} weavers live in {stage.stack}: wait for their end, or delete them with `loom delete`. With FORCE=1 their "
            "pods run on, for two days at most: nothing is left that would delete them"
        )
    say(f"destroy: {stage.stack} in {account.id} {account.region}, {len(resources)} resources")
    for one in kept:
        say(
            f"  stays: {one['ResourceType']} {one['PhysicalResourceId']}: {_COSTS.get(one['ResourceType'], 'as before')}"
        )
    say(
        f"  stays: the releases in the artifact bucket ({bucket_name(account.id, str(account.region))} unless you named another)"
    )
    if not consent.ask(f"delete the stack {stage.stack}?"):
        raise Refused("not agreed to; nothing was changed")
    stack.protect(on=False)
    stack.delete(say)
    if living:
        say(
            f"pods of {living} weavers are left: kubectl delete pods -n loom-weavers -l loom.dev/deployment={stage.stack}"
        )


def _kept(resources: list[Mapping[str, str]], template: Mapping[str, Any]) -> list[Mapping[str, str]]:
    kept = {name for name, one in template["Resources"].items() if one.get("DeletionPolicy") in _KEPT}
    return [one for one in resources if one["LogicalResourceId"] in kept]


def _living(account: Account, name: str) -> int:
    """Weavers that have not ended, by the index of what is due: it has them all, of all clusters. Raises OperatingError."""
    bound = table(name, region=str(account.region), endpoint=account.client("dynamodb").meta.endpoint_url)
    try:
        with translated():
            return sum(int(bound.due.count(shard)) for shard in shards())
    except WeaverError as error:
        raise OperatingError(f"cannot count the weavers in {name}: {error.message}") from error
