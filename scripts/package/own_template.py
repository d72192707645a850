"""Our part of the stack's template: the files of ``infra/aws`` in one, since Chalice merges one file only."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path("infra/aws")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms of its functions, such as ``!Ref``."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value = _value(loader, node)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


def _value(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    match node:
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
    raise TypeError(node)


_Loader.add_multi_constructor("!", _function)


def own_template() -> dict[str, Any]:
    """All files, section by section. Raises ValueError for a name that two files give."""
    whole: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for section, content in yaml.load(path.read_text(), _Loader).items():  # noqa: S506  # a SafeLoader
            known = whole.setdefault(section, {})
            if twice := known.keys() & content.keys():
                raise ValueError(f"{path} gives {', '.join(sorted(twice))} in {section} once more")
            known.update(content)
    return whole


def write(path: Path) -> None:
    """As Chalice reads it, by its name: JSON."""
    path.write_text(json.dumps(own_template()))
