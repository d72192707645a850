"""What the JSON schema of a create says about texts is what the model checks in its own words."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chalicelib.domain import create_request
from chalicelib.domain.create_request import CreateRequest

#: Their whole rule can be said as a pattern and lengths.
EXACT: dict[str, Any] = {
    name: getattr(create_request, name)
    for name in ("Text", "Argument", "Image", "OrgId", "Branch", "Name", "Workdir", "Cluster")
}
#: Their schema lets some through that the model refuses: amounts out of bounds, URLs that lead nowhere.
WIDER: dict[str, Any] = {name: getattr(create_request, name) for name in ("Repo", "Memory", "Cpu")}

PIECES = ["-", "a", "f0", "Z", "9", ".", "..", "/", "//", "@", "@{", ".lock", "~", " ", "\n", "\t", "\x00", "\x1f", "\x7f", "\x9b",
          "é", "\u2028", "_", "*", "[", "\\", "https://", "HTTP://", "git.example", ":80", "?", "#", "'", "Gi", "m", "12", "0.5"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=8)


def fits(schema: dict[str, Any], text: str) -> bool:
    """Whether ``text`` fits the schema of a string."""
    pattern = schema["pattern"]
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    # In JSON Schema, $ is the end, never the newline before it.
    whole = re.fullmatch(re.sub(r"\$(?=[)|]|$)", r"\\Z", pattern), text)
    return bool(whole) and schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))


def accepted(kind: Any, text: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", EXACT)
@given(text=TEXTS)
@example(text="")
@example(text="x" * 41)
@example(text="x" * 64)
@example(text="x" * 251)
@example(text="x" * 513)
@example(text="/" * 513)
@example(text="x" * 16_385)
def test_what_fits_is_taken_and_nothing_else(name: str, text: str):
    assert accepted(EXACT[name], text) == fits(TypeAdapter(EXACT[name]).json_schema(), text)


@pytest.mark.parametrize("name", WIDER)
@given(text=TEXTS)
@example(text="https://git.example/o/r")
@example(text="HTTPS://[::1]:443/r.git")
@example(text="512Mi")
@example(text="1.5")
@example(text="0" * 22 + "64Mi")
def test_what_is_taken_fits(name: str, text: str):
    if accepted(WIDER[name], text):
        assert fits(TypeAdapter(WIDER[name]).json_schema(), text)


@given(name=TEXTS, value=TEXTS | st.just("x" * 257))
@example(name="k" * 63, value="")
@example(name="k" * 64, value="")
def test_tags(name: str, value: str):
    shown = fits(TypeAdapter(create_request.TagName).json_schema(), name)
    shown &= fits(TypeAdapter(create_request.TagValue).json_schema(), value)
    assert accepted(CreateRequest, {"tags": {name: value}}) == shown  # type: ignore[arg-type]  # a model takes a dict


@given(name=TEXTS | st.sampled_from(["LOOM_A", "loom_", "LOOM", "A_1", "x" * 257]))
def test_names_of_variables(name: str):
    shown = fits(TypeAdapter(create_request.EnvName).json_schema(), name)
    assert accepted(CreateRequest, {"env": {name: ""}}) == shown  # type: ignore[arg-type]  # a model takes a dict
