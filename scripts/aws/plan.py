"""What a change set would do, as a table for people, and what of it nobody should do by mistake. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: What holds something that cannot be made anew -> what would be lost.
IRREPLACEABLE: Final[Mapping[str, str]] = {
    "AWS::DynamoDB::Table": "every record: pods of living weavers would be orphans, and deleted",
    "AWS::DynamoDB::GlobalTable": "every record: pods of living weavers would be orphans, and deleted",
    "AWS::KMS::Key": "what is encrypted with it; if it signs tickets, relays take none until they know the new one",
    "AWS::SecretsManager::Secret": "what was put into the secret",
}
_WORDS: Final = {"Add": "add", "Modify": "change", "Remove": "remove", "Import": "import", "Dynamic": "decide later"}
#: A table's properties by which it grows: AWS says of them that they may replace it, and means attributes whose type changes.
_GROWTH: Final = ("AttributeDefinitions", "GlobalSecondaryIndexes")
_ORDER: Final = ("REPLACE", "remove", "replace?", "change", "add", "import", "decide later")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource, in a word of ``_ORDER``; ``replace?`` where AWS knows only while it does it.

    ``why`` names the properties that change, where it is told.
    """

    what: str
    logical_id: str
    type: str
    why: tuple[str, ...] = ()

    @property
    def loses(self) -> str | None:
        """What would be lost for good; None where nothing is."""
        return IRREPLACEABLE.get(self.type) if self.what in ("REPLACE", "replace?", "remove") else None


def changes(described: Iterable[Mapping[str, Any]]) -> list[Change]:
    """From the ``Changes`` of DescribeChangeSet; what is most worth reading comes first."""
    found = [_change(one["ResourceChange"]) for one in described if one.get("Type", "Resource") == "Resource"]
    return sorted(found, key=lambda change: (_ORDER.index(change.what), change.type, change.logical_id))


def _change(one: Mapping[str, Any]) -> Change:
    what = _WORDS.get(one["Action"], "decide later")
    if what == "change":
        what = {"True": "REPLACE", "Conditional": "replace?"}.get(one.get("Replacement", "False"), what)
    if what == "replace?" and _only_grows(one):
        what = "change"
    targets = (detail.get("Target", {}) for detail in one.get("Details", ()))
    why = {str(target.get("Name") or target.get("Attribute") or "") for target in targets}
    return Change(what, one["LogicalResourceId"], one["ResourceType"], tuple(sorted(why - {""})))


def _only_grows(one: Mapping[str, Any]) -> bool:
    """Whether it is a table that gets or loses an index: AttributeDefinitions are then edited, which need not replace it.

    After CloudFormation's reference of AWS::DynamoDB::Table: "Replacement if you edit an existing AttributeDefinition".
    """
    targets = [detail.get("Target", {}) for detail in one.get("Details", ())]
    risky = {target.get("Name") for target in targets if target.get("RequiresRecreation") != "Never"}
    before, after = (_attributes(one.get(name)) for name in ("BeforeContext", "AfterContext"))
    retyped = any(after.get(name, kind) != kind for name, kind in before.items())
    return one["ResourceType"] == "AWS::DynamoDB::Table" and bool(risky) and risky <= {*_GROWTH} and not retyped


def _attributes(context: str | None) -> Mapping[str, str]:
    """Name -> type, of what DescribeChangeSet tells of a table, JSON in a string; nothing where it tells nothing."""
    told = json.loads(context or "{}").get("Properties", {}).get("AttributeDefinitions", ())
    return {one["AttributeName"]: one["AttributeType"] for one in told}


def table(planned: Sequence[Change]) -> str:
    """The plan, a line for each resource, and the sum of it."""
    if not planned:
        return "  no resource changes"
    widths = [max(len(row[column]) for row in map(_cells, planned)) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(_cells(one), widths, strict=True)) for one in planned]
    told = [f"  {line}  {', '.join(one.why)}".rstrip() for line, one in zip(lines, planned, strict=True)]
    counts = {what: sum(one.what == what for one in planned) for what in _ORDER}
    return "\n".join([*told, "  " + ", ".join(f"{count} {what}" for what, count in counts.items() if count)])


def _cells(change: Change) -> tuple[str, str, str]:
    return change.what, change.type, change.logical_id
