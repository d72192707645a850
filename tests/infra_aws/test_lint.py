"""AWS's rules for templates, both as `make package` writes it and as CloudFormation expands it."""

import json

import pytest
from cfnlint import api

from tests.infra_aws.stack import STAGES, expanded, merged

REGIONS = ["us-east-1", "eu-central-1"]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("form", [merged, expanded])
def test_cfn_lint_finds_nothing(form, stage):
    assert [str(match) for match in api.lint(json.dumps(form(stage)), regions=REGIONS)] == []


def test_it_would_find_a_circle_between_the_api_and_its_function():
    template = json.loads(json.dumps(expanded("dev")))
    api_body = template["Resources"]["RestAPI"]["Properties"]["Body"]["paths"]["/health"]["get"]
    api_body["x-amazon-apigateway-integration"]["uri"] = {"Fn::Sub": "${APIHandler.Arn}"}
    assert any("Circular" in str(match) for match in api.lint(json.dumps(template), regions=REGIONS))
