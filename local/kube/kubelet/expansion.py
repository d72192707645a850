"""``$(NAME)`` in a container's environment, command and args.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_REFERENCE: Final = re.compile(r"\$(?:(?P<dollar>\$)|\((?P<name>[^)]*)\))")


def expand(text: str, values: Mapping[str, str]) -> str:
    """``$(NAME)`` becomes the value, or stays when there is none; ``$$`` becomes ``$``."""

    def replacement(match: re.Match[str]) -> str:
        return "$" if match["dollar"] else values.get(match["name"], match[0])

    return _REFERENCE.sub(replacement, text)


def environment(variables: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """From names and values; a value that is to be expanded may refer to the variables before it."""
    values: dict[str, str] = {}
    for name, value, is_expanded in variables:
        values[name] = expand(value, values) if is_expanded else value
    return values
