"""A stage of this deployment, and what its file of parameters says: ``infra/aws/<stage>.json``.

The file is what CodePipeline calls a template configuration: ``{"Parameters": {…}, "Tags": {…}}``. It holds no secrets.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.aws.errors import Refused

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True)
class Stage:
    """``root`` is the checkout."""

    name: str
    root: Path = Path()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Refused(f"{self.name!r} is no name of a stage; say STAGE=dev, staging or prod")

    @property
    def stack(self) -> str:
        """The CloudFormation stack's name."""
        return f"weavers-{self.name}"

    @property
    def configuration_file(self) -> Path:
        return self.root / "infra" / "aws" / f"{self.name}.json"

    @property
    def package(self) -> Path:
        """What `make package` made of it."""
        return self.root / "dist" / "lambda" / self.name

    def parameters(self, template: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, str]:
        """What is given, and the stage itself where the template asks for it."""
        own = {"Stage": self.name} if "Stage" in template.get("Parameters", {}) else {}
        return {**given, **own}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a stage's file says; values as CloudFormation takes them, which is as text."""

    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def configuration(path: Path) -> Configuration:
    """What the file says. Raises Refused."""
    try:
        said = json.loads(path.read_text())
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from error
    if not isinstance(said, dict) or not said.keys() <= {"Parameters", "Tags"}:
        raise Refused(f'{path} must be {{"Parameters": {{…}}, "Tags": {{…}}}}')
    return Configuration(*(_texts(path, name, said.get(name, {})) for name in ("Parameters", "Tags")))


def _texts(path: Path, name: str, values: Any) -> Mapping[str, str]:
    if not isinstance(values, dict):
        raise Refused(f"{path}: {name} must be an object")
    return {key: _text(value) for key, value in values.items()}


def _text(value: Any) -> str:
    """CloudFormation's lists are text with commas; its booleans are lower-case."""
    if isinstance(value, list):
        return ",".join(_text(one) for one in value)
    return json.dumps(value) if isinstance(value, bool) else str(value)


def missing_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, str]:
    """Name -> description of the template's parameters that have no default and are not given, or are given as nothing."""
    declared: Mapping[str, Any] = template.get("Parameters", {})
    wanted = {name: one for name, one in declared.items() if "Default" not in one and not given.get(name)}
    return {name: str(one.get("Description", one["Type"])) for name, one in wanted.items()}


def unknown_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """Those that are given and the template does not have: a misspelled one would leave a default in force."""
    return sorted(given.keys() - template.get("Parameters", {}).keys())
