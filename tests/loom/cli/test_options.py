import pytest

from loom.cli.options import checked_reference, environment, lifetime_hours, seconds, tags
from loom.client.errors import UsageError


@pytest.mark.parametrize(
    ("text", "hours"),
    [("4", 4.0), ("0.5", 0.5), ("30m", 0.5), ("2h", 2.0), ("1d", 24.0), ("1h30m", 1.5), ("1.5h", 1.5), ("90s", 0.025)],
)
def test_lifetimes(text, hours):
    assert lifetime_hours(text) == pytest.approx(hours)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "nan", "inf", "1e999", "0m", "h", "2 h", "1h30", "soon", "1.2.3h", "٣h"]
)
def test_what_is_no_lifetime(text):
    with pytest.raises(UsageError, match="--ttl"):
        lifetime_hours(text)


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("0", 0), ("0.5", 0.5), ("2m", 120), ("1m30s", 90), ("1h", 3600)]
)
def test_seconds(text, value):
    assert seconds(text, "--timeout") == pytest.approx(value)


def test_tags_split_at_the_first_sign():
    assert tags(["a:b", "c=d", "e:f=g", "h=i:j", "k:"]) == {"a": "b", "c": "d", "e": "f=g", "h": "i:j", "k": ""}


@pytest.mark.parametrize("text", ["", "a", ":b", "=b"])
def test_what_is_no_tag(text):
    with pytest.raises(UsageError, match="--tag"):
        tags([text])


def test_environment_values_are_given_or_ones_own():
    assert environment(["A=1", "B=x=y", "C=", "D"], {"D": "mine"}) == {"A": "1", "B": "x=y", "C": "", "D": "mine"}


@pytest.mark.parametrize("text", ["=value", "", "NOT_SET"])
def test_what_is_no_environment(text):
    with pytest.raises(UsageError, match="--env") as error:
        environment([text], {})
    assert "value" not in str(error.value).replace("NAME=value", "").replace("NOT_SET=value", "").replace(
        "own value", ""
    )


@pytest.mark.parametrize("text", ["a", "otter-2", "a1b2c3d4", "019a0000-0000-7000-8000-0000a1b2c3d4"])
def test_references(text):
    assert checked_reference(text) == text
