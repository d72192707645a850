"""What ``loom session`` says: pure functions from environment, files' contents and time to lines."""

from collections.abc import Mapping
from datetime import datetime

from loom.printable import printable

#: How much of a failed clone's log is shown.
_LOG_LINES = 8


def banner(env: Mapping[str, str], now: datetime) -> list[str]:
    """Two lines for a new terminal: which weaver this is, and :func:`reminder`."""
    return [f"weaver {_weaver(env)}{_repo(env)}", reminder(env, now)]


def reminder(env: Mapping[str, str], now: datetime) -> str:
    """One line for every fresh shell: how to leave, and when the weaver ends if ``LOOM_EXPIRES_AT`` says so."""
    leave = "exit or Ctrl+D leaves it running"
    expires_at = _time(env.get("LOOM_EXPIRES_AT", ""))
    return f"{leave}; it ends {_ending(expires_at, now)}" if expires_at else leave


def clone_failure(status: str, log: str) -> list[str]:
    """The last lines of a clone that failed; nothing when ``status``, its exit code as text, is 0 or unknown."""
    code = status.strip()
    if code in ("", "0"):
        return []
    lines = [line for line in (printable(line) for line in log.splitlines()) if line]
    return [f"the repository could not be cloned (exit code {printable(code)}):", *lines[-_LOG_LINES:]]


def _weaver(env: Mapping[str, str]) -> str:
    short_id = env.get("LOOM_WEAVER_ID", "").replace("-", "")[-8:]
    name = env.get("LOOM_WEAVER_NAME", "")
    return f"{name} ({short_id})" if name and short_id else name or short_id or "(unknown)"


def _repo(env: Mapping[str, str]) -> str:
    repo = env.get("LOOM_REPO", "").removesuffix(".git").partition("://")[2]
    branch = env.get("LOOM_BRANCH", "")
    return f" · {printable(repo)}{'@' + printable(branch) if branch else ''}" if repo else ""


def _time(text: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


def _ending(expires_at: datetime, now: datetime) -> str:
    minutes = int((expires_at - now).total_seconds() // 60)
    if minutes < 1:
        return "within a minute"
    left = f"{minutes // 60}h{minutes % 60:02}m" if minutes >= 60 else f"{minutes}m"
    return f"in {left} (at {expires_at:%H:%M %Z})"
