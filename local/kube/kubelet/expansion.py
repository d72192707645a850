"""``$(NAME)`` in a container's environment, command and args.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from local.kube.objects import Object

_REFERENCE: Final = re.compile(r"\$(?:(?P<dollar>\$)|\((?P<name>[^)]*)\))")


def expand(text: str, values: Mapping[str, str]) -> str:
    """``$(NAME)`` becomes the value, or stays when there is none; ``$$`` becomes ``$``."""

    def replacement(match: re.Match[str]) -> str:
        return "$" if match["dollar"] else values.get(match["name"], match[0])

    return _REFERENCE.sub(replacement, text)


def environment(variables: Iterable[Object], image: Mapping[str, str]) -> dict[str, str]:
    """The environment over that of the ``image``. A variable may refer to those before it, not to the image's."""
    values: dict[str, str] = {}
    for variable in variables:
        values[variable["name"]] = expand(variable.get("value", ""), values)
    return {**image, **values}
