"""The index of the architecture decision records."""

from pathlib import Path


def index(folder: Path) -> str:
    """A link to each record, by its own heading ``# N. What was decided``."""
    return "\n".join(f"- [{_title(path)}](adr/{path.name})" for path in sorted(folder.glob("*.md")))


def _title(path: Path) -> str:
    return path.read_text().partition("\n")[0].removeprefix("# ").replace(". ", "\\. ", 1)
