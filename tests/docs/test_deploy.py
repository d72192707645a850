"""The page on deploying: what it tells to type is there to be typed, and its example is one that `make deploy` takes."""

import json
import re

from scripts.aws.__main__ import parser
from scripts.aws.stage import Stage, configuration, missing_parameters, unknown_parameters
from scripts.docs.pages import FOLDER, ROOT
from scripts.package.own_template import own_template

PAGE = (FOLDER / "deploy.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
TEMPLATE = own_template()
#: Of AWS, of Kubernetes and of eksctl: names in backticks that look like a parameter of ours.
OTHERS = {"PodGone"}


def test_targets_and_what_they_are_given():
    commands = re.findall(r"(?:`|\$ |\()make ([a-z-]+)((?: [A-Z_]+=\S*)*)", PAGE)
    assert {"deploy", "rollback", "restore", "destroy", "token", "smoke"} <= {target for target, _ in commands}
    for target, given in commands:
        assert re.search(rf"^{target}: .*## ", MAKEFILE, re.MULTILINE), target
        for name in re.findall(r"([A-Z_]+)=", given):
            assert f"$({name})" in MAKEFILE, name
    assert {name for name in re.findall(r"`([A-Z_]+)=1?`", PAGE) if f"$({name})" not in MAKEFILE} == set()


def test_each_command_has_its_target_and_is_told():
    actions = parser()._subparsers
    assert actions
    [commands] = [action.choices for action in actions._group_actions]
    assert commands
    for name in commands:
        assert f"scripts.aws {name} " in MAKEFILE
        assert f"make {name} " in PAGE


def test_the_example_of_parameters_is_whole(tmp_path):
    [example] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "dev.json"
    path.write_text(example)
    given = Stage("dev").parameters(TEMPLATE, configuration(path).parameters)
    assert unknown_parameters(TEMPLATE, given) == []
    assert missing_parameters(TEMPLATE, given) == {}
    assert json.loads(example)["Parameters"]["EksCluster"] in PAGE.partition("## 3")[0]


def test_parameters_and_outputs_that_are_named_are_the_stacks():
    named = set(re.findall(r"`((?:[A-Z][a-z]+){2,})`", PAGE)) - OTHERS
    assert {"RelayUrl", "SubnetIds", "ServerUrl"} <= named
    assert named <= TEMPLATE["Parameters"].keys() | TEMPLATE["Outputs"].keys()


def test_files_that_are_named_are_there():
    files = set(re.findall(r"infra/[\w./-]+", PAGE)) - {"infra/aws/dev.json"}
    assert len(files) >= 4
    assert {file for file in files if not (ROOT / file).exists()} == set()


def test_what_make_smoke_prints_is_what_the_page_shows():
    source = (ROOT / "scripts" / "aws" / "smoke.py").read_text()
    steps = re.findall(r"^smoke: ok  (.+?)(?:: smoke-\w+)?  \(", PAGE, re.MULTILINE)
    assert len(steps) == len(re.findall(r"with _step\(", source))
    assert [step for step in steps if step not in source] == []
