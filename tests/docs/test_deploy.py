"""The page on deploying: what it tells to type is there to be typed, and its example is one that `make deploy` takes."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

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


#: Instead of what the page's command runs: what they are given goes into files.
STUBS = {"make": "echo loom_secret", "openssl": "echo 0123abcd", "kubectl": 'echo "$@" > given; cat > read'}


def relay_secret(folder: Path, **stubs: str) -> int:
    """The exit code of the command of the page that makes the relays' Secret."""
    for name, script in {**STUBS, **stubs}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    [line] = re.findall(r"^\$ (.*create secret generic relay.*)$", PAGE, re.MULTILINE)
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(["bash", "-c", line], cwd=folder, env=environment, check=False).returncode


def test_the_relays_secret_has_what_they_ask_for_and_is_on_no_command_line(tmp_path: Path):
    assert relay_secret(tmp_path) == 0
    [deployment] = [
        one
        for one in yaml.safe_load_all((ROOT / "infra" / "kubernetes" / "relay.yaml").read_text())
        if one["kind"] == "Deployment"
    ]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    wanted = [
        one["valueFrom"]["secretKeyRef"] for one in container["env"] if "secretKeyRef" in one.get("valueFrom", {})
    ]
    made = dict(line.split("=") for line in (tmp_path / "read").read_text().splitlines())
    assert made == {"token": "loom_secret", "resume-key": "0123abcd"}
    assert {(one["name"], one["key"]) for one in wanted} == {("relay", key) for key in made}
    assert not any(value in (tmp_path / "given").read_text() for value in made.values())


def test_without_a_token_there_is_no_secret(tmp_path: Path):
    assert relay_secret(tmp_path, make="exit 2") != 0
    assert not (tmp_path / "given").exists()


@pytest.mark.parametrize(
    "made_before", ["ecr create-repository --repository-name relay", "docker login", "docker build"]
)
def test_the_relays_image_is_pushed_to_where_it_can_be(made_before: str):
    assert 0 < PAGE.index(made_before) < PAGE.index("docker push ")


def test_the_relays_image_is_built_from_the_file_that_is_told_and_for_the_nodes_of_the_sample():
    [build] = re.findall(r"^\$ (docker build .*)$", PAGE, re.MULTILINE)
    [file] = re.findall(r" -f (\S+) ", build)
    assert f"saved there as `{file}`" in PAGE
    [instance] = re.findall(r"instanceType: (\w+)\.", PAGE)
    assert instance.endswith("g") == ("--platform linux/arm64" in build)  # Graviton's, by EC2's naming conventions
