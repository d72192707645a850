"""The messages that the page on failures tells of are those that the code has."""

import ast
import re
from collections.abc import Iterator

import pytest

from scripts.docs.pages import FOLDER
from tests.docs.inventory import sources

#: What Kubernetes says and the code only passes on.
KUBERNETES = {"ErrImagePull", "Unschedulable"}


def messages() -> list[str]:
    """What stands in the first column, in code."""
    page = (FOLDER / "failures.md").read_text()
    tables = re.findall(r"^\| you see \|.*?(?=\n\n)", page, re.MULTILINE | re.DOTALL)
    rows = [row for table in tables for row in table.splitlines()[2:]]
    return [message for row in rows for message in re.findall(r"`([^`]+)`", row.split("|")[1])]


def texts() -> Iterator[str]:
    """Every string in the code, with … for what is put in."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


TEXTS = "\n".join(texts())


def unsaid(message: str) -> list[str]:
    """The parts of the message, between what is put in, that nothing in the code says."""
    parts = [part.strip(" ;:").removeprefix("loom: ") for part in message.split("…")]
    return [part for part in parts if part not in TEXTS and part not in KUBERNETES]


@pytest.mark.parametrize("message", messages())
def test_a_message_is_said(message: str):
    assert unsaid(message) == []


def test_what_nobody_says_is_found():
    assert len(messages()) > 10
    assert unsaid("… was deleted by a fairy") == ["was deleted by a fairy"]
