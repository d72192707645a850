"""The command line as make calls it: what is asked without anybody there, exit codes, and a token alone on stdout."""

import os
import subprocess
import sys

import pytest

from scripts.docs.pages import ROOT
from tests.scripts.aws.conftest import Operator

DEADLINE = 60


def run(operator: Operator, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """In the operator's checkout, with the environment that the fixture made."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.aws", *arguments],
        cwd=operator.stage.root, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip


def deploy(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(operator, "deploy", f"--stage={operator.stage.name}", f"--bucket={operator.bucket}", *arguments)


def test_a_plan(operator: Operator):
    done = deploy(operator, "--plan")
    assert done.returncode == 0, done.stderr
    assert "add  AWS::DynamoDB::Table" in done.stdout
    assert done.stdout.endswith("deploy: ok\n")
    assert operator.stack.status is None


def test_nobody_there_to_agree(operator: Operator):
    done = deploy(operator)
    assert done.returncode == 1
    assert "carry this out? Nobody is there to answer: say YES=1" in done.stdout
    assert done.stderr == "deploy: failed: not agreed to; nothing was changed\n"
    assert operator.stack.status is None


def test_what_is_missing(stranger: Operator):
    done = deploy(stranger)
    assert done.returncode == 1
    assert done.stderr.startswith("deploy: failed: missing:\n  - the artifact bucket")


def test_no_region(operator: Operator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    done = run(operator, "deploy", "--stage=dev", AWS_CONFIG_FILE="/nonexistent")
    assert done.returncode == 1
    assert "a region: set AWS_REGION" in done.stderr


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_aws_is_away(operator: Operator, command: str):
    done = run(operator, command, "--stage=dev", "--yes", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{command}: failed: AWS was not reached: ")
    assert "Traceback" not in done.stderr


def test_a_stage_that_is_none(operator: Operator):
    done = run(operator, "token", "--stage=../prod", "--user=alice")
    assert done.returncode == 1
    assert "is no name of a stage" in done.stderr


def test_a_token_is_alone_on_stdout(operator: Operator):
    operator.deploy()
    done = run(operator, "token", f"--stage={operator.stage.name}", "--user=alice")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("loom_")
    assert done.stdout.count("\n") == 1


def test_a_profile_that_is_not_there(operator: Operator):
    done = run(operator, "deploy", "--stage=dev", AWS_PROFILE="nowhere")
    assert done.returncode == 1
    assert "no credentials that hold: The config profile (nowhere) could not be found" in done.stderr
    assert "Traceback" not in done.stderr
