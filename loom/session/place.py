"""Where the shell starts and which shell it is: read from the environment and the workspace, decided once at start."""

import os
from collections.abc import Mapping

#: The volume into which the clone's init container clones.
DEFAULT_WORKSPACE = "/workspace"


def workspace(env: Mapping[str, str]) -> str:
    """The workspace volume; ``LOOM_WORKSPACE`` names it where containers cannot have one at /workspace."""
    return env.get("LOOM_WORKSPACE") or DEFAULT_WORKSPACE


def repository_name(repo: str) -> str:
    """The folder a clone of ``repo`` goes into: the last segment of its URL, without ``.git``."""
    return repo.rstrip("/").rpartition("/")[2].removesuffix(".git")


def working_directory(env: Mapping[str, str]) -> str:
    """The first that exists of: ``LOOM_WORKDIR``, which the user chose, the clone, the workspace, the home directory, ``/``."""
    candidates = [env.get("LOOM_WORKDIR"), workspace(env), env.get("HOME")]
    if name := repository_name(env.get("LOOM_REPO", "")):
        candidates.insert(1, f"{workspace(env)}/{name}")
    return next((path for path in candidates if path and os.path.isdir(path)), "/")  # noqa: PTH112  # pathlib: 6 ms


def login_shell(env: Mapping[str, str]) -> list[str]:
    """The command line of a login shell: ``$SHELL`` if it can be run, else bash, else sh."""
    for name in (env.get("SHELL"), "bash"):
        if name and (path := _executable(name, env)):
            return [path, "-l"]
    return ["/bin/sh", "-l"]


def _executable(name: str, env: Mapping[str, str]) -> str | None:
    folders = [""] if "/" in name else os.get_exec_path(env)
    paths = (os.path.join(folder, name) for folder in folders)  # noqa: PTH118  # as above
    return next((path for path in paths if os.access(path, os.X_OK) and not os.path.isdir(path)), None)  # noqa: PTH112
