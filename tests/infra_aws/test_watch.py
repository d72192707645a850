"""Alarms and dashboard name metrics that are really written, with the dimensions that they are written with."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.api.observability import count, gauge
from scripts.docs.pages import FOLDER
from tests.infra_aws.stack import expanded, of_type

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

OPERATIONS = (FOLDER / "operations.md").read_text()
ALARM_ROWS = " ".join(re.findall(r"^\| (`[^|]+) \|", OPERATIONS.split("## Alarms")[1].split("\n## ")[0], re.MULTILINE))
ALARMS = of_type(expanded("prod"), "AWS::CloudWatch::Alarm")
OURS = {name: alarm for name, alarm in ALARMS.items() if alarm.get("Namespace") == "Weavers"}
WRITTEN = set(
    re.findall(
        r'(?:count|gauge)\("(loom_\w+)"', "".join(path.read_text() for path in Path("chalicelib/api").glob("*.py"))
    )
)
DASHBOARD = json.loads(of_type(expanded("prod"), "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"])
#: Rows of the metrics' table with a word about alarms that no stack can know the right threshold of.
LEFT_TO_PEOPLE = {"loom_weavers_active"}


def test_alarms_and_dashboard_name_metrics_that_are_written():
    shown = set(re.findall(r"loom_\w+", json.dumps(DASHBOARD)))
    assert {alarm["MetricName"] for alarm in OURS.values()} | shown <= WRITTEN
    assert WRITTEN - shown == {"loom_weavers_cleanup_total"}


@pytest.mark.parametrize("write", [lambda: count("loom_orphan_pods_total"), lambda: gauge("loom_sweep_lag_seconds", 1)])
def test_alarms_ask_for_the_dimensions_that_metrics_have(write, capsys):
    write()
    line = json.loads(capsys.readouterr().out)
    [metric] = line["_aws"]["CloudWatchMetrics"]
    [dimensions] = metric["Dimensions"]
    for alarm in OURS.values():
        asked = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        assert asked.keys() == set(dimensions)
        assert asked["service"] == line["service"]
        assert asked["deployment"] == {"Ref": "AWS::StackName"}  # what LOOM_DEPLOYMENT is in the stack
        assert alarm["Namespace"] == metric["Namespace"]
    own = {
        json.dumps(one)
        for widget in DASHBOARD["widgets"]
        for one in widget["properties"]["metrics"]
        if one[0] == "Weavers"
    }
    assert all('"service", "control-plane", "deployment", "${AWS::StackName}"' in one for one in own)


def test_what_is_worth_an_alarm_has_one():
    rows = re.findall(
        r"^\| `(loom_\w+)` \| [^|]+ \| (?=\w)", OPERATIONS.split("## Metrics of the relay")[0], re.MULTILINE
    )
    assert {"loom_sweep_lag_seconds", "loom_orphan_pods_total"} <= set(rows)
    assert set(rows) - LEFT_TO_PEOPLE == {alarm["MetricName"] for alarm in OURS.values()}


def test_it_fires_above_what_the_page_says():
    rows = re.findall(r"^\| `(loom_\w+)` \| [^|]+ \| above (\d+)", OPERATIONS, re.MULTILINE)
    assert ("loom_sweep_lag_seconds", "120") in rows
    thresholds = {alarm["MetricName"]: alarm["Threshold"] for alarm in OURS.values()}
    assert {name: thresholds[name] for name, _ in rows} == {name: int(above) for name, above in rows}


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_tells_somebody_and_is_explained(name):
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
    assert alarm["AlarmDescription"]
    assert f"`{name}`" in ALARM_ROWS


def test_silence_is_an_alarm_for_the_sweep_only():
    breaching = {name for name, alarm in ALARMS.items() if alarm["TreatMissingData"] == "breaching"}
    assert breaching == {"SweepsMissing"}


def test_the_functions_the_queue_the_table_and_the_api_are_watched():
    watched = {(alarm.get("Namespace"), alarm.get("MetricName")) for alarm in ALARMS.values()}
    assert watched >= {
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
    }
    functions = [
        (alarm["MetricName"], alarm["Dimensions"][0]["Value"]["Ref"])
        for alarm in ALARMS.values()
        if alarm.get("Namespace") == "AWS/Lambda"
    ]
    assert sorted(functions) == [(metric, of) for metric in ("Errors", "Throttles") for of in ("APIHandler", "Sweep")]
    api = of_type(expanded("prod"), "AWS::ApiGateway::RestApi")["RestAPI"]["Name"]
    dimensions = {one["Name"]: one["Value"] for one in ALARMS["ApiServerErrors"]["Dimensions"]}
    assert dimensions == {"ApiName": api, "Stage": "v1"}
