"""What a month on AWS costs, and why: list prices and usage in, lines with their arithmetic out. docs/cost.md is made of it.

Free tiers, discounts and taxes are left out: what stands here is the most that such a month costs. What a request reads and
writes comes from docs/data-model.md, where a test counts it. Nothing is asked of AWS.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from scripts.prices import PRICES

DAYS: Final = 30
HOURS: Final = 24 * DAYS
SWEEPS: Final = HOURS * 60
_KIB_PER_GB: Final = 1e6


@dataclass(frozen=True, slots=True)
class Month:
    """What is used. Counts are of a month; the second half is how the deployment is made, as the stage ``prod`` is.

    ``reports``: a relay has the API look at a pod that changed. ``listed``: living weavers of whom a list is. ``counters``: of
    users and orgs. ``statuses`` and ``gateway_metrics``: figures for each route. What is measured or guessed: docs/cost.md.
    """

    weavers: int = 0
    tickets: int = 0
    looks: int = 0
    lists: int = 0
    extensions: int = 0
    reports: int = 0
    listed: int = 0
    counters: int = 0
    terminal_gb: float = 0
    routes: int = 0
    sweeps: int = SWEEPS
    architecture: str = "arm64"
    gateway: str = "rest-api"
    memory_mb: int = 1769
    request_seconds: float = 0.12
    sweep_seconds: float = 0.25
    history_days: int = 7
    log_days: int = 90
    statuses: int = 3
    gateway_metrics: int = 5
    keys: int = 2
    alarms: int = 15
    dashboards: int = 1
    relays: int = 2
    traced: bool = True


IDLE: Final = Month()
#: A hundred people who work 22 days, and pipelines: 300 runs a day.
BUSY: Final = Month(
    weavers=15_400, tickets=28_600, looks=22_000, lists=66_000, extensions=4_400, reports=46_200, listed=6, counters=210,
    terminal_gb=44, routes=11, request_seconds=0.12, sweep_seconds=0.4,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Units:
    """What an access pattern costs with ``n`` weavers in what it answers."""

    fixed: float
    each: float
    writes: float

    def reads(self, n: float = 0) -> float:
        """A query that finds nothing is charged for, too."""
        return max(self.fixed + self.each * n, 1.0 if self.each else 0.0)


_ROW: Final = re.compile(r"^\| ([^|]+) \| (?:`\w+`[^|]*)\| [^|]* \|([^|]*)\|([^|]*)\|$", re.MULTILINE)
_EACH: Final = re.compile(r"n ÷ (\d+)")


def units(page: str) -> Mapping[str, Units]:
    """The access patterns of docs/data-model.md."""
    [_, after] = page.split('<div class="patterns" markdown>')
    return {pattern: _units(reads, writes) for pattern, reads, writes in _ROW.findall(after.partition("</div>")[0])}


def _units(reads: str, writes: str) -> Units:
    each = _EACH.search(reads)
    fixed = sum(map(float, re.findall(r"[\d.]+", _EACH.sub("", reads))))
    return Units(fixed, 1 / float(each[1]) if each else 0.0, sum(map(float, re.findall(r"\d+", writes))))


class Use(NamedTuple):
    """So many of one thing a month, and what each of them reads and writes, in DynamoDB's units."""

    what: str
    times: int
    reads: float
    writes: float
    request: bool = True


def uses(month: Month, patterns: Mapping[str, Units]) -> list[Use]:
    """Requests and ticks, and what they do to the table. Each request first asks whose its token is."""

    def use(what: str, times: int, *names: str, n: float = 0) -> Use:
        needed = [patterns[name] for name in names]
        return Use(what, times, sum(one.reads(n) for one in needed), sum(one.writes for one in needed))

    token, get, changed = "whose token it is", "get by id", "a status that changed, an extension"
    found, listing = "get by short id, name or prefix", "list an owner's, or an org's, a page"
    n = month.listed
    return [
        use("create", month.weavers, token, "create, reserving", "create, the pod's uid"),
        use("ticket", month.tickets, token, found, n=n),
        use("describe", month.looks, token, found, n=n),
        use("list", month.lists, token, listing, n=n),
        use("extend", month.extensions, token, found, changed, n=n),
        use("report of a relay", month.reports, token, get, changed),
        use("delete", month.weavers, token, found, "delete, deciding it", n=n),
        *(one._replace(request=False) for one in (
            use("end of a weaver", month.weavers, "delete, when the pod is gone"),
            use("tick", month.sweeps, "what is due, each tick"),
            _reconciling(month, patterns),
        )),
    ]  # fmt: skip


def _reconciling(month: Month, patterns: Mapping[str, Units]) -> Use:
    """Every second tick: a page of pods and their records, and 25 counters at most."""
    pages = patterns["reconcile, records of a page of pods"], patterns["reconcile, the names of the next counters"]
    counter, cursor = patterns["reconcile, one counter"], patterns["reconcile, moving the cursor"]
    reads = 1 + sum(one.reads() for one in pages) + min(month.counters, 25) * counter.reads(month.listed)
    return Use("comparison with pods", month.sweeps // 2, reads, cursor.writes)


class Line(NamedTuple):
    """``quantity`` of what ``price`` names, and how it comes about."""

    price: str
    quantity: float
    arithmetic: str

    @property
    def usd(self) -> float:
        price = PRICES[self.price]
        return self.quantity / price.per * price.usd


#: Log bytes, in KB: a tick's own line, nine metrics, Lambda's three; a request's own, its metric, Lambda's, the gateway's.
_TICK_KB, _REQUEST_KB = 3.5, 1.5
#: CloudWatch stores logs compressed; AWS's own calculator takes 0.15.
_COMPRESSED: Final = 0.15
#: Metrics that each sweep writes, and those of creates, deletes and failures.
_METRICS: Final = 11
#: A record with its two copies, and DynamoDB's own 100 bytes for each.
_RECORD_KIB: Final = 3.0
#: What KMS is asked for by the table's and the logs' encryption: DynamoDB keeps a key for five minutes.
_KMS_REQUESTS: Final = 20_000
_ZONES: Final = 2


def lines(month: Month, patterns: Mapping[str, Units]) -> list[Line]:
    """The control plane and the relays."""
    every = uses(month, patterns)
    requests = sum(use.times for use in every if use.request)
    reads = sum(use.times * use.reads for use in every)
    writes = sum(use.times * use.writes for use in every)
    gb = month.memory_mb / 1024
    seconds = month.sweeps * month.sweep_seconds + requests * month.request_seconds
    logged = (month.sweeps * _TICK_KB + requests * _REQUEST_KB) / 1e6
    stored = month.weavers / DAYS * month.history_days * _RECORD_KIB / _KIB_PER_GB
    metrics = _METRICS + month.routes * (month.statuses + month.gateway_metrics)
    told = f"{_METRICS} + {month.routes} routes × ({month.statuses} statuses + {month.gateway_metrics} of the gateway)"
    counted = f"({month.sweeps:,} × {month.sweep_seconds} s + {requests:,} × {month.request_seconds} s) × {gb:.3g} GB"
    return [
        Line("lambda-requests", month.sweeps + requests, f"{month.sweeps:,} ticks + {requests:,} requests"),
        Line(f"lambda-{month.architecture}", seconds * gb, counted),
        Line(month.gateway, requests, f"{requests:,} requests"),
        Line("reads", reads, "the table above"),
        Line("writes", writes, "the table above"),
        Line("table", stored, f"{month.weavers:,} ÷ {DAYS} × {month.history_days} days × {_RECORD_KIB:g} KiB"),
        Line("backup", stored, "as much"),
        Line("keys", month.keys, "the stack's: tickets, data"),
        Line("signatures", month.tickets, f"{month.tickets:,} tickets"),
        Line("kms", _KMS_REQUESTS, "the table's and the logs' encryption"),
        Line("logs", logged, f"{month.sweeps:,} × {_TICK_KB} KB + {requests:,} × {_REQUEST_KB} KB"),
        Line(
            "logs-kept",
            logged * _COMPRESSED * month.log_days / DAYS,
            f"× {_COMPRESSED} × {month.log_days} ÷ {DAYS} days",
        ),
        Line("metrics", metrics, told),
        Line("alarms", month.alarms, "all of the stack's"),
        Line("dashboards", month.dashboards, "the stack's"),
        Line(
            "traces", _traces(month, requests), "each tick, and a request a second at most" if month.traced else "off"
        ),
        *relay_lines(month),
    ]


def _traces(month: Month, requests: int) -> float:
    """X-Ray's own rule: the first of a second, and 5 % of the others. At these rates that is nearly all."""
    return month.sweeps + requests if month.traced else 0


def relay_lines(month: Month) -> list[Line]:
    """A relay asks for half a processor (infra/kubernetes/relay.yaml), of a node's two; the load balancer has an address a zone."""
    share = month.relays * 0.5 / 2
    return [
        Line("nodes", share * HOURS, f"{month.relays} relays × 0.5 of 2 vCPU × {HOURS} h"),
        Line("load-balancer", HOURS, f"1 × {HOURS} h"),
        Line("lcu", HOURS, f"1 × {HOURS} h: 3,000 open connections, or 1 GB an hour"),
        Line("addresses", _ZONES * HOURS, f"{_ZONES} zones × {HOURS} h"),
        Line("traffic", month.terminal_gb, f"{month.terminal_gb:g} GB of terminals' output"),
    ]


def total(every: Iterable[Line]) -> float:
    """USD."""
    return sum(line.usd for line in every)


class Lever(NamedTuple):
    """What could be changed, by how much that changes the month, in USD, and what else it does."""

    what: str
    usd: float
    but: str


def levers(month: Month, patterns: Mapping[str, Units]) -> list[Lever]:
    """Each alone."""
    now = total(lines(month, patterns))

    def changed(what: str, but: str, **to: object) -> Lever:
        return Lever(what, total(lines(replace(month, **to), patterns)) - now, but)  # type: ignore[arg-type]

    def added(what: str, but: str, *every: Line) -> Lever:
        return Lever(what, total(every), but)

    requests = sum(use.times for use in uses(month, patterns) if use.request)
    return [
        changed("x86_64 functions in place of arm64", "nothing: all of it runs on arm64", architecture="x86_64"),
        changed("functions of 512 MB", "slower starts and sweeps", memory_mb=512),
        changed("an HTTP API in place of the REST API", "no answers of the gateway in our words, no firewall", gateway="http-api"),
        changed("a sweep every five minutes", "weavers end up to five minutes late", sweeps=SWEEPS // 5),
        changed("logs kept for 14 days", "what was before is not known", log_days=14),
        changed("one latency a route, not one a status", "errors are not told apart in it", statuses=1),
        changed("no tracing", "where a slow request spent its time is told by logs alone", traced=False),
        changed("one relay in place of two", "sessions pause when it is replaced", relays=1),
        changed("metrics of the gateway for each method", "those of the API as a whole and our own of each route are there anyway", gateway_metrics=5),
        added("the firewall (`Waf`)", "its three rules", Line("firewall", 1, ""), Line("firewall-rules", 3, ""),
              Line("firewall-requests", requests, "")),
        added("functions in a VPC, with interface endpoints", "KMS and EKS in 2 zones; DynamoDB's gateway endpoint is free",
              Line("endpoints", 2 * _ZONES * HOURS, "")),
        added("functions in a VPC, with NAT gateways", "one in each of 2 zones; 0.045 USD a GB beside", Line("nat", _ZONES * HOURS, "")),
        added("an EKS cluster for Weavers alone", "its nodes come on top", Line("eks", HOURS, "")),
    ]  # fmt: skip
