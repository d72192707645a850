"""What the relay counts, in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ECHO_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Count:
    """A counter, by the value of its ``label`` if it has one."""

    def __init__(self, name: str, meaning: str, label: str = "") -> None:
        self._name, self._meaning, self._label = name, meaning, label
        self._values: Counter[str] = Counter() if label else Counter({"": 0})

    def add(self, amount: int = 1, label: str = "") -> None:
        """So many more."""
        self._values[label] += amount

    def lines(self) -> Iterable[str]:
        """As Prometheus reads it."""
        return _lines(self._name, self._meaning, "counter", self._values, self._label)


class Histogram:
    """How often something took how many seconds."""

    def __init__(self, name: str, meaning: str, buckets: tuple[float, ...]) -> None:
        self._name, self._meaning, self._buckets = name, meaning, buckets
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """It took so long."""
        self._counts[bisect_left(self._buckets, seconds)] += 1
        self._sum += seconds

    def lines(self) -> Iterable[str]:
        """As Prometheus reads it: each bucket has what the ones before it have, too."""
        yield from _head(self._name, self._meaning, "histogram")
        total = 0
        for bound, count in zip((*map(str, self._buckets), "+Inf"), self._counts, strict=True):
            total += count
            yield f'{self._name}_bucket{{le="{bound}"}} {total}'
        yield f"{self._name}_sum {self._sum:.6f}"
        yield f"{self._name}_count {total}"


class Metrics:
    """The counters of one relay. What is counted by looking (sessions, viewers, queues) is asked for when somebody scrapes."""

    def __init__(self) -> None:
        self.output = Count("loom_relay_output_bytes_total", "bytes that came from containers")
        self.sent = Count("loom_relay_sent_bytes_total", "bytes of output that viewers were sent")
        self.input = Count("loom_relay_input_bytes_total", "bytes that drivers typed")
        self.repaints = Count("loom_relay_repaints_total", "screens, or changes of them, sent in place of bytes")
        self.forwarded = Count(
            "loom_relay_forwarded_bytes_total",
            "bytes that were passed on between viewers and the relays that own their sessions",
        )
        self.slow = Count("loom_relay_slow_closes_total", "viewers that were cut because they took nothing")
        self.waits = Count("loom_relay_input_waits_total", "times that a viewer had to wait because it sent too much")
        self.reconnects = Count("loom_relay_upstream_reconnects_total", "terminals that were attached to again")
        self.refused = Count("loom_relay_refused_total", "requests that were refused, by the error's code", "code")
        self.echo = Histogram(
            "loom_relay_echo_seconds",
            "from what a driver typed to the next output it was sent, within a second",
            _ECHO_BUCKETS,
        )

    def text(
        self,
        sessions: int,
        viewers: Mapping[str, int],
        event_streams: int,
        forwarded: int,
        peers: int,
        queued: int,
        queue_peak: int,
    ) -> str:
        """Everything, with how it is now: ``viewers`` by role; bytes that wait in all, and the most that waited for one viewer."""
        now = (
            *_lines("loom_relay_sessions", "sessions that are kept", "gauge", {"": sessions}),
            *_lines("loom_relay_viewers", "viewers, by role", "gauge", viewers, "role"),
            *_lines("loom_relay_event_streams", "readers of events", "gauge", {"": event_streams}),
            *_lines("loom_relay_forwarded", "viewers that another relay serves", "gauge", {"": forwarded}),
            *_lines("loom_relay_peers", "other relays that live", "gauge", {"": peers}),
            *_lines("loom_relay_queue_bytes", "bytes that wait to be sent to viewers", "gauge", {"": queued}),
            *_lines(
                "loom_relay_queue_peak_bytes",
                "the most that ever waited for one who is here",
                "gauge",
                {"": queue_peak},
            ),
        )
        counted = (
            self.output,
            self.sent,
            self.input,
            self.forwarded,
            self.repaints,
            self.slow,
            self.waits,
            self.reconnects,
            self.refused,
        )
        lines = (*now, *(line for count in counted for line in count.lines()), *self.echo.lines())
        return "\n".join(lines) + "\n"


def _head(name: str, meaning: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _lines(name: str, meaning: str, kind: str, values: Mapping[str, int], label: str = "") -> Iterable[str]:
    yield from _head(name, meaning, kind)
    for value, count in values.items():
        yield f'{name}{{{label}="{value}"}} {count}' if label else f"{name} {count}"
