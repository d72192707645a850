"""``make destroy``: a stack goes, unless people still work in it; what it leaves behind is told, and what that costs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.dynamodb.table import table
from chalicelib.adapters.dynamodb.transaction import translated
from chalicelib.adapters.dynamodb.weaver_items import shards
from chalicelib.domain.errors import WeaverError
from scripts.aws.account import Account, told
from scripts.aws.deploy import Consent, Say
from scripts.aws.errors import OperatingError, Refused
from scripts.aws.prerequisites import bucket_name
from scripts.aws.stack import TABLE, Stack
from scripts.aws.stage import Stage

#: Where weavers are, in a stack that is too old to say.
_NAMESPACE: Final = "loom-weavers"
#: Deletion policies by which CloudFormation leaves a resource in the account.
_KEPT: Final = ("Retain", "RetainExceptOnCreate", "Snapshot")
#: What goes on costing (docs/cost.md).
_COSTS: Final[Mapping[str, str]] = {
    TABLE: "storage and backups, by the GB and month",
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
        resources, namespace = stack.resources(), stack.parameters().get("Namespace", _NAMESPACE)
        kept = _kept(resources, stack.template("Processed"))
        tables = stack.physical_ids(TABLE)
    living = _counted(account, tables, consent, say)
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
    if living != 0:
        pods = "pods of weavers may be" if living is None else f"pods of {living} weavers are"
        say(f"{pods} left: kubectl delete pods -n {namespace} -l loom.dev/deployment={stage.stack}")


def _kept(resources: list[Mapping[str, str]], template: Mapping[str, Any]) -> list[Mapping[str, str]]:
    kept = {name for name, one in template["Resources"].items() if one.get("DeletionPolicy") in _KEPT}
    return [one for one in resources if one["LogicalResourceId"] in kept and one.get("PhysicalResourceId")]


def _counted(account: Account, tables: Sequence[str], consent: Consent, say: Say) -> int | None:
    """Weavers that live; None where the table does not tell, which stops nobody who says FORCE=1. Raises Refused."""
    try:
        return sum(_living(account, name) for name in tables)
    except OperatingError as error:
        if not consent.force:
            raise Refused(
                f"{error}. With FORCE=1 the stack goes all the same, and pods of weavers may be left"
            ) from error
        say(f"  {error}")
        return None


def _living(account: Account, name: str) -> int:
    """Weavers that have not ended, by the index of what is due: it has them all, of all clusters. Raises OperatingError."""
    bound = table(name, region=str(account.region), endpoint=account.client("dynamodb").meta.endpoint_url)
    try:
        with translated():
            return sum(int(bound.due.count(shard)) for shard in shards())
    except WeaverError as error:
        raise OperatingError(f"cannot count the weavers in {name}: {error.message}") from error
