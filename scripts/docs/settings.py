"""The configuration reference, from the tables that the code reads its defaults from."""

from collections.abc import Iterable

from chalicelib import bootstrap
from chalicelib.domain import pod_spec
from chalicelib.domain.setting import Setting
from relay import settings as relay


def of_control_plane() -> str:
    """What the API and the sweep read."""
    return _table(bootstrap.SETTINGS, "default")


def of_relay() -> str:
    """What the relay reads."""
    return _table(relay.SETTINGS, "default")


def of_weavers() -> str:
    """What programs in a weaver find."""
    return _table(pod_spec.ENVIRONMENT, "value")


def _table(settings: Iterable[Setting], value: str) -> str:
    rows = [f"| `{one.name}` | {_value(one)} | {one.meaning} |" for one in settings]
    return "\n".join([f"| variable | {value} | meaning |", "|---|---|---|", *rows])


def _value(setting: Setting) -> str:
    return setting.otherwise if setting.default is None else f"`{setting.default}`"
