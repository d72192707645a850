"""SnapStart: Lambda resumes many copies of one snapshot of this process. What has died by then, or must differ, is made anew.

Without it, or on this machine, nothing of this happens: the hooks are in Lambda's own runtimes, from Python 3.12 on.
"""

import contextlib
import random

from chalicelib.bootstrap import control_plane


def register() -> None:
    """Has the runtime call :func:`begin_anew` after each restore, where it can."""
    with contextlib.suppress(ImportError):
        from snapshot_restore_py import register_after_restore  # type: ignore[import-not-found]

        register_after_restore(begin_anew)


def begin_anew() -> None:
    """Connections, credentials, clients: all that was built is forgotten, and built at the next use. Pauses are random again:
    else all copies would come back to a busy server at the same moments."""
    control_plane.cache_clear()
    random.seed()
