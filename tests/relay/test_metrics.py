"""What the relay counts: the format, and the numbers of a real process."""

import asyncio
import itertools
import re

from relay.metrics import Histogram, Metrics
from tests.relay.relay_process import DEADLINE, Relay
from tests.relay.setup import Setup


async def scrape(relay: Relay) -> dict[str, float]:
    async with relay.http.get(f"{relay.url}/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return parsed(await response.text())


def parsed(text: str) -> dict[str, float]:
    """As the format has it: a metric's lines follow its HELP and TYPE; each ends with a newline."""
    values: dict[str, float] = {}
    kind: dict[str, str] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if match := re.fullmatch(r"# (HELP|TYPE) (loom_relay_\w+) (.+)", line):
            kind[match[2]] = match[3]
            continue
        match = re.fullmatch(r'(\w+?)(_bucket|_sum|_count)?(\{\w+="[^"\\\n]*"\})? ([0-9.]+)', line)
        assert match, line
        name = match[1] if kind.get(match[1]) == "histogram" else match[1] + (match[2] or "")
        assert name in kind, line
        values[line.rpartition(" ")[0]] = float(match[4])
    return values


def test_a_histogram_s_buckets_add_up() -> None:
    one = Histogram("h", "what", (0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        one.observe(seconds)
    assert list(one.lines())[2:] == [
        'h_bucket{le="0.1"} 2',
        'h_bucket{le="1.0"} 3',
        'h_bucket{le="+Inf"} 4',
        "h_sum 7.650000",
        "h_count 4",
    ]


def test_nothing_happened_yet() -> None:
    values = parsed(Metrics().text(0, {"driver": 0, "observer": 0}, 0, 0, 0, 0, 0))
    assert set(values.values()) == {0}
    assert "loom_relay_output_bytes_total" in values


async def test_what_happened_is_counted(setup: Setup) -> None:
    driver, stream = await setup.attached(24, 80)
    observer = await setup.viewer(role="observer")
    await observer.resize(10, 40)
    await driver.type(b"ls\r")
    await stream.has_input(b"ls\r")
    await stream.send(b"12345")
    await driver.until_output(b"12345")
    await observer.until_output(b"12345")
    async with setup.relay.http.get(setup.relay.attach_url(setup.weaver_id)) as response:
        assert response.status == 426
    await stream.cut()
    await setup.kubernetes.stream()
    values = await scrape(setup.relay)
    assert values["loom_relay_sessions"] == 1
    assert (values['loom_relay_viewers{role="driver"}'], values['loom_relay_viewers{role="observer"}']) == (1, 1)
    assert values["loom_relay_output_bytes_total"] == 5
    assert values["loom_relay_input_bytes_total"] == 3
    assert values["loom_relay_sent_bytes_total"] >= 10
    assert values["loom_relay_repaints_total"] >= 1
    assert values["loom_relay_upstream_reconnects_total"] == 1
    assert values["loom_relay_queue_peak_bytes"] > 0
    assert values['loom_relay_refused_total{code="upgrade_required"}'] == 1
    assert values["loom_relay_event_streams"] == 0


async def test_an_echo_is_timed_and_other_output_is_not(setup: Setup) -> None:
    driver, stream = await setup.attached()
    await stream.send(b"unasked")
    await driver.until_output(b"unasked")
    assert (await scrape(setup.relay))["loom_relay_echo_seconds_count"] == 0
    async with asyncio.timeout(DEADLINE):
        for number in itertools.count():  # one that takes a second is none
            await driver.type(b"%d." % number)
            await stream.has_input(b"%d." % number)
            await stream.send(b"echo %d." % number)
            await driver.until_output(b"echo %d." % number)
            if count := (await scrape(setup.relay))["loom_relay_echo_seconds_count"]:
                break
    assert count == 1


async def test_metrics_are_not_for_who_comes_through_a_proxy(relay: Relay) -> None:
    async with relay.http.get(f"{relay.url}/metrics", headers={"x-forwarded-for": "10.0.0.1"}) as response:
        assert response.status == 403
