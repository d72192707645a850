"""The login of the laptop edition, written where ``loom`` looks for it while the edition runs."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.edition import Edition
from loom.client.config import config_path

_MARK: Final = "# Written by `make up`; removed when it ends.\n"
#: Nothing else in it: with ``loom config set``, people may have added contexts of their own.
_OURS: Final = re.compile(re.escape(_MARK) + r'url = "[^"\n]*"\ntoken = "[^"\n]*"\n')


@contextmanager
def written(edition: Edition, own: Path) -> Iterator[Path]:
    """Writes the login to ``loom``'s configuration file, or to ``own`` when the user has a configuration of their own.

    Yields the path that was written; removes it at the end, unless another edition has taken it over.
    """
    path = Path(config_path(os.environ))
    if path.exists() and not _OURS.fullmatch(path.read_text()):
        path = own
    content = f'{_MARK}url = "{edition.url}"\ntoken = "{edition.token}"\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    unfinished.rename(path)
    try:
        yield path
    finally:
        if path.exists() and path.read_text() == content:
            path.unlink()
