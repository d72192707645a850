"""AWS's rules for templates and checkov's for safe ones; stages differ in sizes only, so prod stands for all."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cfnlint import api

from tests.infra_aws.stack import expanded, merged

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

#: The last one knows fewest types: no budgets, for one.
REGIONS: Final = ["us-east-1", "eu-central-1", "eu-north-1"]
CHECKOV: Final = Path(".cache/checkov/bin/checkov")
CONFIG: Final = Path("infra/aws/checkov/checkov.yaml")


@pytest.mark.parametrize("form", [merged, expanded])
def test_cfn_lint_finds_nothing(form):
    assert [str(match) for match in api.lint(json.dumps(form("prod")), regions=REGIONS)] == []


def test_nor_in_the_budget_which_is_another_stack():
    template = Path("infra/aws/budget/budget.yaml").read_text()
    assert [str(match) for match in api.lint(template, regions=["us-east-1"])] == []


def test_it_would_find_a_circle_between_the_api_and_its_function():
    template = json.loads(json.dumps(expanded("prod")))
    api_body = template["Resources"]["RestAPI"]["Properties"]["Body"]["paths"]["/health"]["get"]
    api_body["x-amazon-apigateway-integration"]["uri"] = {"Fn::Sub": "${APIHandler.Arn}"}
    assert any("Circular" in str(match) for match in api.lint(json.dumps(template), regions=REGIONS))


def checked(template: Any, folder: Path, *options: str) -> Any:
    """What checkov says: passed and failed checks."""
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    command = [str(CHECKOV), "--file", str(path), "--output", "json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["results"]


@pytest.mark.needs_checkov
def test_checkov_finds_what_is_explained_and_nothing_else(tmp_path):
    skipped = yaml.safe_load(CONFIG.read_text())["skip-check"]
    found = checked(expanded("prod"), tmp_path, "--framework", "cloudformation", "--skip-download")
    assert len(found["passed_checks"]) > 30
    assert {one["check_id"] for one in found["failed_checks"]} == set(skipped)


def test_every_exception_from_checkov_is_explained():
    skipped = yaml.safe_load(CONFIG.read_text())["skip-check"]
    section = Path("docs/iam.md").read_text().split("## Exceptions from checkov")[1]
    assert re.findall(r"^\| `(CKV\w+)` \|", section, re.MULTILINE) == skipped
