"""The tables of the page on costs, from the model and what the stack really has."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from scripts import cost
from scripts.cost import BUSY, IDLE, Lever, Line, Month, Units, Use
from scripts.prices import AS_OF, PRICES, REGION

_ROOT: Final = Path(__file__).parents[2]
_MONTHS: Final = (("idle", IDLE), ("busy", BUSY))


def patterns() -> dict[str, Units]:
    """The access patterns of the data model's page."""
    return dict(cost.units((_ROOT / "docs" / "data-model.md").read_text()))


def of_stack(month: Month) -> Month:
    """The month in the stage ``prod``, with the keys, alarms and dashboards that the stack has."""
    functions = json.loads((_ROOT / ".chalice" / "config.json").read_text())["stages"]["prod"]["lambda_functions"]
    template = "\n".join(path.read_text() for path in sorted((_ROOT / "infra" / "aws").glob("*.yaml")))

    def of(kind: str) -> int:
        return len(re.findall(rf"^    Type: {kind}$", template, re.MULTILINE))

    return replace(
        month,
        memory_mb=functions["api_handler"]["lambda_memory_size"],
        gateway_metrics=month.gateway_metrics if re.search(r"^ +MetricsEnabled: true$", template, re.MULTILINE) else 0,
        keys=of("AWS::KMS::Key"),
        alarms=of("AWS::CloudWatch::Alarm"),
        dashboards=of("AWS::CloudWatch::Dashboard"),
    )


def summary() -> str:
    """A row for each month."""
    rows = []
    for name, month in _MONTHS:
        every = _lines(month)
        relays = cost.total(cost.relay_lines(of_stack(month)))
        whole = cost.total(every)
        rows.append((f"{name} month", _usd(whole - relays), _usd(relays), f"**{_usd(whole)}**"))
    return _table(("", "control plane", "relays", "together, USD"), rows)


def prices() -> str:
    """The prices that were put in, and where AWS tells them."""
    rows = (
        (one.what, f"{one.usd:.10g}", _per(one.per, one.unit), f"[{one.source}](https://aws.amazon.com/{one.source}/)")
        for one in PRICES.values()
    )
    return f"{REGION}, {AS_OF}, USD.\n\n" + _table(("what", "USD", "for", "from"), rows)


def usage() -> str:
    """What each month does to the table."""
    return "\n\n".join(f"### {name.capitalize()} month: the table\n\n{_usage(month)}" for name, month in _MONTHS)


def months() -> str:
    """What each month costs."""
    return "\n\n".join(f"### {name.capitalize()} month: the bill\n\n{_bill(_lines(month))}" for name, month in _MONTHS)


def levers() -> str:
    """What a busy month would cost otherwise."""
    rows = (
        (one.what, f"{one.usd:+.2f}", one.but) for one in sorted(cost.levers(of_stack(BUSY), patterns()), key=_by_usd)
    )
    return _table(("change", "USD a busy month", "what else it does"), rows)


def _by_usd(lever: Lever) -> float:
    return lever.usd


def _lines(month: Month) -> list[Line]:
    return cost.lines(of_stack(month), patterns())


def _usage(month: Month) -> str:
    every = [use for use in cost.uses(of_stack(month), patterns()) if use.times]
    reads, writes = sum(use.times * use.reads for use in every), sum(use.times * use.writes for use in every)
    return _table(
        ("what", "times", "read units each", "write units each"),
        [*map(_use, every), ("together", "", f"{reads:,.0f}", f"{writes:,.0f}")],
    )


def _use(use: Use) -> Sequence[str]:
    return use.what, f"{use.times:,}", f"{use.reads:.4g}", f"{use.writes:.4g}"


def _bill(every: Sequence[Line]) -> str:
    rows = [(PRICES[line.price].what, line.arithmetic, _quantity(line), _usd(line.usd)) for line in every]
    return _table(
        ("what", "how it comes about", "quantity", "USD"), [*rows, ("together", "", "", _usd(cost.total(every)))]
    )


def _quantity(line: Line) -> str:
    return (
        f"{line.quantity:,.0f} {PRICES[line.price].unit}"
        if line.quantity >= 10
        else f"{line.quantity:.3g} {PRICES[line.price].unit}"
    )


def _per(per: float, unit: str) -> str:
    return f"{per:,.0f} {unit}" if per > 1 else f"one of {unit}"


def _usd(usd: float) -> str:
    return f"{usd:,.2f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
