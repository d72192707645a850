"""What a deployment may choose, and what the functions are told of it."""

import pytest

from chalicelib.bootstrap import SETTINGS
from scripts.docs.pages import FOLDER
from scripts.package import own_template
from tests.infra_aws.stack import expanded, merged, of_type

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

#: Settings that mean nothing in a Lambda.
ON_A_LAPTOP = {"LOOM_KUBECONFIG", "LOOM_TICKET_KEY_FILE", "LOOM_ALLOW_HTTP_REPOS"}
PARAMETERS = merged("prod")["Parameters"]
TOLD = merged("prod")["Globals"]["Function"]["Environment"]["Variables"]


def test_every_setting_is_told_to_both_functions_or_is_a_laptops():
    assert {setting.name for setting in SETTINGS} == TOLD.keys() | ON_A_LAPTOP
    assert not TOLD.keys() & ON_A_LAPTOP
    for function in of_type(expanded("prod"), "AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"] == TOLD


@pytest.mark.parametrize(
    "setting", [one for one in SETTINGS if "Ref" in TOLD.get(one.name, ())], ids=lambda one: one.name
)
def test_what_is_not_chosen_is_what_the_code_would_choose(setting):
    parameter = PARAMETERS.get(TOLD[setting.name]["Ref"])
    if parameter and "Default" in parameter:
        assert str(parameter["Default"]) == (setting.default or "")


def test_every_parameter_is_told_with_its_default():
    page = (FOLDER / "aws.md").read_text()
    rows = {
        line.split("|")[1].strip(): line.split("|")[2].strip() for line in page.splitlines() if line.startswith("| `")
    }
    for name, parameter in PARAMETERS.items():
        default = parameter.get("Default")
        told = "required" if default is None else f"`{default}`" if default != "" else "none"
        assert rows.get(f"`{name}`") == told


def test_every_parameter_is_used_and_says_what_it_is():
    whole = str({name: content for name, content in merged("prod").items() if name != "Parameters"})
    for name, parameter in PARAMETERS.items():
        assert f"'Ref': '{name}'" in whole or f"${{{name}}}" in whole
        assert parameter["Description"].endswith(".")


def test_a_name_in_two_files_is_refused(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}\n")
    monkeypatch.setattr(own_template, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"b\.yaml gives Queue in Resources once more"):
        own_template.own_template()
