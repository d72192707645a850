"""Label and field selectors (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api)."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from local.kube import status
from local.kube.objects import Object

Matcher: TypeAlias = Callable[[Object], bool]

_REQUIREMENT: Final = re.compile(
    r"""\s*(?:
        !\s*(?P<absent>[^\s=!,()]+)
      | (?P<key>[^\s=!,()]+)\s*(?:
            (?P<op>==|=|!=)\s*(?P<value>[^\s=!,()]*)
          | \s(?P<set>in|notin)\s*\((?P<values>[^()]*)\)
        )?
    )\s*(?:,|$)""",
    re.VERBOSE,
)

#: Field selectors that the API knows, and how to find the field.
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "pods": ("metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
             "spec.serviceAccountName", "status.phase", "status.podIP", "status.nominatedNodeName"),
    "events": ("metadata.name", "metadata.namespace", "involvedObject.kind", "involvedObject.namespace",
               "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
               "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source",
               "type"),
    "namespaces": ("metadata.name", "status.phase"),
    "nodes": ("metadata.name", "spec.unschedulable"),
    "secrets": ("metadata.name", "metadata.namespace", "type"),
}  # fmt: skip


#: Every object can be selected by these.
_EVERY_OBJECT: Final = ("metadata.name", "metadata.namespace")


def label_matcher(selector: str) -> Matcher:
    """Equality and set requirements, all of which must hold. Raises ApiError 400."""
    tests = [_label_test(match) for match in _requirements(selector)]
    return lambda found: all(test(found["metadata"].get("labels") or {}) for test in tests)


def field_matcher(resource: str, selector: str) -> Matcher:
    """``field=value`` and ``field!=value``, all of which must hold. Raises ApiError 400 for a field nobody indexes."""
    tests: list[Matcher] = []
    for part in filter(None, selector.split(",")):
        field, operator, value = _field_requirement(part)
        if field not in _FIELDS.get(resource, _EVERY_OBJECT):
            raise status.bad_request(f"field label not supported: {field}")
        tests.append(_field_test(field, value, equal=operator != "!="))
    return lambda found: all(test(found) for test in tests)


def _requirements(selector: str) -> list[re.Match[str]]:
    found, position = [], 0
    while position < len(selector):
        match = _REQUIREMENT.match(selector, position)
        if match is None or match.end() == position:
            raise status.bad_request(_parse_error(selector, position))
        found.append(match)
        position = match.end()
    return found


def _parse_error(selector: str, position: int) -> str:
    rest = re.match(r"\s*[^\s=!,()]*\s*(?:==|=|!=)?", selector[position:])
    stop = position + (rest.end() if rest else 0)
    found = selector[stop : stop + 1]
    return f"unable to parse requirement: found '{found}', expected: identifier"


def _label_test(match: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    key = match["key"]
    if match["absent"]:
        absent = match["absent"]
        return lambda labels: absent not in labels
    if match["set"]:
        values = {value.strip() for value in match["values"].split(",")}
        if match["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match["op"] == "!=":
        return lambda labels: labels.get(key) != match["value"]
    if match["op"]:
        return lambda labels: labels.get(key) == match["value"]
    return lambda labels: key in labels


def _field_requirement(part: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(?P<field>[^=!]+)(?P<op>==|=|!=)(?P<value>.*)", part)
    if match is None:
        raise status.bad_request(
            f"invalid selector: '{part}'; can't understand '{part}'",
        )
    return match["field"], match["op"], match["value"]


def _field_test(field: str, value: str, *, equal: bool) -> Matcher:
    path = ("source", "component") if field == "source" else tuple(field.split("."))

    def test(found: Object) -> bool:
        current: object = found
        for step in path:
            current = current.get(step) if isinstance(current, Mapping) else None
        return (("" if current is None else str(current)) == value) is equal

    return test
