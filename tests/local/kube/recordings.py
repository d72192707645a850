"""What real Kubernetes answered (``tests/recordings/kubernetes``)."""

import json
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[2] / "recordings" / "kubernetes"


def recorded(name: str) -> Any:
    """One recording, by its path in the folder."""
    return json.loads((RECORDINGS / name).read_text())


def recorded_lines(name: str) -> list[Any]:
    """A recorded stream: one JSON value a line."""
    return [json.loads(line) for line in (RECORDINGS / name).read_text().splitlines()]
