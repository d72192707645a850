"""The kubeconfig that a person names, as one file that stands by itself: what every part is then given.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from chalicelib.domain.kubeconfig import KubeconfigError

#: Where entries hold paths, which count from the folder of their own file.
_PATHS: Final = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}
_LISTS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}


def read(named: str) -> dict[str, Any]:
    """The current context, its cluster and user, of one file or of several joined by ``:``, merged as kubectl does.

    Of what two files have, the first one's counts; of several, those that are not there are passed over. Raises KubeconfigError.
    """
    paths = [Path(path).expanduser().absolute() for path in named.split(os.pathsep) if path]
    contents = [_content(path) for path in paths if len(paths) == 1 or path.exists()]
    if not contents:
        raise KubeconfigError(f"kubeconfig: none of {named} is there")
    return _current(contents)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise KubeconfigError(f"kubeconfig {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"kubeconfig {path}: is not YAML") from error
    if not isinstance(content, dict):
        raise KubeconfigError(f"kubeconfig {path}: is not a mapping")
    for plural, singular in _LISTS.items():
        for named in content.get(plural) or ():
            entry = named.get(singular) if isinstance(named, dict) else None
            if isinstance(entry, dict):
                _make_absolute(entry, _PATHS.get(singular, ()), path.parent)
    return content


def _make_absolute(entry: dict[str, Any], keys: Sequence[str], folder: Path) -> None:
    for key in keys:
        if entry.get(key):
            entry[key] = str(folder / entry[key])
    plugin = entry.get("exec")
    if isinstance(plugin, dict) and "/" in str(plugin.get("command", "")):
        plugin["command"] = str(folder / plugin["command"])


def _current(contents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    context = next((content["current-context"] for content in contents if content.get("current-context")), None)
    if not context:
        raise KubeconfigError("kubeconfig: current-context is not set")
    chosen = _first(contents, "contexts", context)
    names = {"contexts": context, **{f"{kind}s": chosen["context"].get(kind) for kind in ("cluster", "user")}}
    entries = {plural: [_first(contents, plural, name)] for plural, name in names.items() if name}
    return {"apiVersion": "v1", "kind": "Config", "current-context": context, **entries}


def _first(contents: Sequence[Mapping[str, Any]], plural: str, name: str) -> dict[str, Any]:
    for content in contents:
        for entry in content.get(plural) or ():
            if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(_LISTS[plural]), dict):
                return entry
    raise KubeconfigError(f"kubeconfig: no {_LISTS[plural]} named {name!r}")


def write(config: Mapping[str, Any], path: Path) -> None:
    """As JSON, which is YAML, too; readable by this user only. Raises OSError."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(config, file, indent=2)
