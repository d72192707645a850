"""The model of costs, on paper: small months whose bills can be added up by hand."""

from dataclasses import replace

import pytest

from app import app
from scripts.cost import BUSY, HOURS, IDLE, SWEEPS, Line, Month, levers, lines, total, units, uses
from scripts.docs.cost import of_stack, patterns
from scripts.prices import PRICES

PAGE = """
| x | `Query` | consistent | 99 | |
<div class="patterns" markdown>

| pattern | requests | consistency | read units | write units |
|---|---|---|---|---|
| create, reserving | `TransactWriteItems` of 5 | serialisable | | 10, indexes 2 |
| list | `Query` | consistent | n ÷ 4 | |
| due | `Query`, `Query` | eventual | 2 + n ÷ 8 | |
</div>
"""


def quantities(month: Month) -> dict[str, float]:
    return {line.price: line.quantity for line in lines(month, patterns())}


def test_units_are_read_off_the_page():
    found = units(PAGE)
    assert set(found) == {"create, reserving", "list", "due"}
    assert (found["create, reserving"].reads(), found["create, reserving"].writes) == (0, 12)
    assert [found["list"].reads(n) for n in (0, 4, 40)] == [1, 1, 10]
    assert [found["due"].reads(n) for n in (0, 80)] == [2, 12]


def test_every_pattern_of_the_page_is_read():
    assert len(patterns()) == 16


def test_an_idle_month_by_hand():
    """43,200 ticks of 4 queries of half a unit; at every second one the cursor, 4 queries, the counters' names, and a write of 2."""
    found = quantities(IDLE)
    assert found["reads"] == SWEEPS * 2 + SWEEPS / 2 * (1 + 2 + 0.5)
    assert found["writes"] == SWEEPS / 2 * 2
    assert found["lambda-requests"] == SWEEPS == 30 * 24 * 60
    assert found["rest-api"] == found["signatures"] == found["traffic"] == 0


def test_a_weaver_by_hand():
    """Its create: 12 and 8; its delete and its end: 9 and 16. Two requests, which ask for their tokens."""
    idle, one = quantities(IDLE), quantities(replace(IDLE, weavers=1))
    assert one["writes"] - idle["writes"] == 12 + 8 + 9 + 16
    assert one["reads"] - idle["reads"] == 2 * 1 + 1
    assert one["rest-api"] == 2


def test_a_line_is_quantity_times_price():
    assert Line("writes", 2e6, "").usd == pytest.approx(1.25)
    assert Line("signatures", 20_000, "").usd == pytest.approx(0.30)
    assert total([Line("nat", 2 * HOURS, ""), Line("keys", 2, "")]) == pytest.approx(66.80)


def test_levers_are_differences_of_whole_months():
    now = total(lines(BUSY, patterns()))
    [tracing] = [one for one in levers(BUSY, patterns()) if one.what == "no tracing"]
    assert tracing.usd == pytest.approx(total(lines(replace(BUSY, traced=False), patterns())) - now)
    assert tracing.usd < 0


def test_a_busy_month_is_what_the_page_says_of_it():
    assert BUSY.weavers == 100 * 22 * 4 + 300 * 22
    assert BUSY.lists == 100 * 22 * 30
    assert BUSY.terminal_gb == 100 * 22 * 20 / 1000
    assert BUSY.routes == sum(len(methods) for methods in app.routes.values())
    requests = sum(use.times for use in uses(BUSY, patterns()) if use.request)
    assert quantities(BUSY)["rest-api"] == requests
    work = ("lambda-requests", "lambda-arm64", "rest-api", "reads", "writes")
    assert total(line for line in lines(of_stack(BUSY), patterns()) if line.price in work) < 3


def test_every_price_is_used_or_a_lever():
    """One that nothing asks for would be a promise on the page."""
    spare = {"lambda-x86_64", "http-api", "firewall", "firewall-rules", "firewall-requests", "endpoints", "nat", "eks"}
    assert set(quantities(BUSY)) | spare == set(PRICES)
    assert all(price.usd > 0 and price.per >= 1 for price in PRICES.values())
