"""Every command that the documentation shows is one that the command line understands."""

import itertools
import re
import shlex

import botocore.session
import pytest
from botocore import xform_name

from loom.cli.options import environment, lifetime_hours, tags
from loom.cli.parser import parse
from loom.client.errors import UsageError
from scripts.docs.pages import FOLDER, ROOT
from tests.docs import inventory

MAKE = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PAGES = {path.name: path.read_text() for path in (*FOLDER.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md")}
SHOWN = [
    (page, line.strip().removeprefix("$ "))
    for page, text in PAGES.items()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines()
    if line.strip().startswith("$ ")
]
OPTIONS = dict(inventory.commands())
#: What is not ours, and not looked at.
OTHERS = {".venv/bin/uv", "docker", "echo", "eksctl", "export", "jq", "kubectl", "printf"}
#: Of AWS' command line, what is none of an API's operations: waiters, and commands of its own.
AWS_OWN = {("s3", "mb"), ("sso", "login"), ("dynamodb", "wait"), ("ecr", "get-login-password")}


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[f"{page}: {line}" for page, line in SHOWN])
def test_it_is_understood(page: str, line: str):
    assert page
    for words in commands(line):
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= MAKE
        elif words[0] == "loom":
            understood(words[1:])
        elif words[0] == "aws":
            assert unknown_to_aws(words[1:]) == set()
        else:
            assert words[0] in OTHERS, f"who tests {line!r}?"


@pytest.mark.parametrize("page", PAGES)
def test_what_stands_in_a_sentence_is_there(page: str):
    for words in re.findall(r"`(loom [a-z][^`\n]*)`", PAGES[page]):
        path = " ".join(itertools.takewhile(lambda word: word[0].isalpha() and word.islower(), words.split()))
        command = max((each for each in OPTIONS if f"{path} ".startswith(f"{each} ")), key=len)
        assert command != "loom" or path == "loom session", f"there is no {words!r}"
        options = set(re.findall(r"(?<=\s)--[a-z-]+", words.partition(" -- ")[0]))
        assert options <= OPTIONS[command] | OPTIONS["loom"] | {"--help"}, words


def understood(words: list[str]) -> None:
    """The options are there, and their values could be used. Raises UsageError."""
    options = parse(words)
    if getattr(options, "ttl", None):
        assert lifetime_hours(options.ttl) <= 48
    tags(getattr(options, "tag", []))
    environment(getattr(options, "env", []), {"EDITOR": "vi"})


def unknown_to_aws(words: list[str]) -> set[str]:
    """Of ``aws`` SERVICE OPERATION --OPTIONS, what the service's own model does not have."""
    service, operation, *options = words
    if (service, operation) in AWS_OWN:
        return set()
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return {operation}
    members = model.operation_model(names[operation]).input_shape.members
    taken = {f"--{xform_name(name, '-')}" for name in members}
    return {word for word in options if word.startswith("--")} - taken


def test_what_aws_does_not_know_is_found():
    assert unknown_to_aws(["dynamodb", "delete-item", "--table-name", "T", "--kye", "{}"]) == {"--kye"}
    assert unknown_to_aws(["dynamodb", "remove-item"]) == {"remove-item"}


def commands(line: str) -> list[list[str]]:
    """The commands of a pipe, as words, and that whose output a variable is given before; what `xargs` runs stands for itself,
    with a word that it adds.
    """
    if given := re.fullmatch(r"[A-Z]+=\$\((.*?)\) && (.*)", line):
        return [*commands(given[1]), *commands(given[2])]
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|")
    lexer.whitespace_split, lexer.commenters = True, ""
    found = [list(words) for is_pipe, words in itertools.groupby(lexer, lambda word: word == "|") if not is_pipe]
    return [[*words[words.index("loom") :], "REF"] if words[0] == "xargs" else words for words in found]


@pytest.mark.parametrize("line", ["new --brnch main", "pss", "ps --tag", "new --ttl soon", "new -e =x"])
def test_what_is_not_understood_fails(line: str):
    with pytest.raises(UsageError):
        understood(line.split())
