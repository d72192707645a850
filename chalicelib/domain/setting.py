"""An environment variable that configures a part. The table of a part's settings stands beside the code that reads them;
the configuration reference is made from these tables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """``default`` is its value where it is not set or empty; without one, ``otherwise`` says what happens then."""

    name: str
    meaning: str
    default: str | None = None
    otherwise: str = "required"


def defaults(settings: Iterable[Setting]) -> Mapping[str, str]:
    """The value of each setting that has a default."""
    return {setting.name: setting.default for setting in settings if setting.default is not None}
