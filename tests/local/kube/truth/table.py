"""The truth table: with which recorded scenarios of real Kubernetes this server agrees, and where it deviates or refuses.

``rows/<folder>.py`` has the ``ROWS`` of one folder of recordings, and ``test_<folder>.py`` the tests of what agrees or
deviates; its ``SCENARIOS`` names them, so that no row says more than was tried. ``python -m tests.local.kube.truth`` writes the
table into ``local/README.md``.
"""

import importlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from tests.local.kube.recordings import RECORDINGS

#: A folder is here once every scenario of it has its row.
FOLDERS: Final = ("pods", "errors", "watch", "lists", "streams", "logs", "tokens", "discovery", "kubectl-traffic")

README: Final = Path(__file__).parents[4] / "local" / "README.md"
BEGIN, END = "<!-- truth table: begin -->\n", "<!-- truth table: end -->\n"


class Verdict(StrEnum):
    AGREE = "agree"
    DEVIATE = "deviate"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Row:
    """``why`` is one clause for a reader of the README; empty when the scenario agrees."""

    verdict: Verdict
    why: str = ""


Rows: TypeAlias = Mapping[str, Row]


def agree(names: str) -> Rows:
    """Names of recordings, separated by white space, that are answered as recorded, in structure if not to the letter."""
    return dict.fromkeys(names.split(), Row(Verdict.AGREE))


def deviate(why: str, names: str) -> Rows:
    """Answered, but not as recorded."""
    return dict.fromkeys(names.split(), Row(Verdict.DEVIATE, why))


def refuse(why: str, names: str) -> Rows:
    """Not supported: the request gets a Status that says so, or the state cannot come about."""
    return dict.fromkeys(names.split(), Row(Verdict.REFUSE, why))


def one_of_each(*groups: Rows) -> Rows:
    """All rows of a folder. Raises ValueError for a scenario that has two."""
    counted = Counter(name for group in groups for name in group)
    if twice := [name for name, times in counted.items() if times > 1]:
        raise ValueError(f"two rows: {twice}")
    return {name: row for group in groups for name, row in group.items()}


def rows(folder: str) -> Rows:
    found: Rows = importlib.import_module(f"tests.local.kube.truth.rows.{module(folder)}").ROWS
    return found


def named(folder: str, verdict: Verdict) -> list[str]:
    """The scenarios of ``folder`` with this verdict."""
    return [name for name, row in rows(folder).items() if row.verdict is verdict]


def module(folder: str) -> str:
    return folder.replace("-", "_").replace("/", "_").replace(".", "_")


def recorded_scenarios(folder: str) -> set[str]:
    """Every scenario that was recorded, whether its file was copied here or not."""
    lines = (RECORDINGS / "index" / "scenarios.txt").read_text().split()
    return {line.removeprefix(f"{folder}/") for line in lines if line.startswith(f"{folder}/")}


def counts(found: Iterable[Row]) -> str:
    counted = Counter(row.verdict for row in found)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)


def markdown() -> str:
    """For the README: the counts, and then what deviates and what is refused, with its reason."""
    tables = {folder: rows(folder) for folder in FOLDERS}
    total = counts(row for table in tables.values() for row in table.values())
    lines = ["| recordings | " + " | ".join(Verdict) + " |", "|---|---|---|---|"]
    for folder, table in tables.items():
        counted = Counter(row.verdict for row in table.values())
        lines.append(f"| `{folder}` | " + " | ".join(str(counted[verdict]) for verdict in Verdict) + " |")
    lines += ["", f"In all: {total}.", ""]
    for verdict in (Verdict.DEVIATE, Verdict.REFUSE):
        lines += [f"| what {verdict.value}s | why |".replace("refuses", "is refused"), "|---|---|"]
        for (folder, why), names in _by_reason(tables, verdict).items():
            lines.append(f"| `{folder}`: {', '.join(sorted(names))} | {why} |")
        lines.append("")
    return "\n".join(lines)


def _by_reason(tables: Mapping[str, Rows], verdict: Verdict) -> Mapping[tuple[str, str], list[str]]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for folder, table in tables.items():
        for name, row in table.items():
            if row.verdict is verdict:
                grouped.setdefault((folder, row.why), []).append(name)
    return grouped


def readme_with_table(text: str) -> str:
    """``text`` with the table between its markers brought up to date."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{markdown()}{END}{after}"
