import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.printable import printable


@given(st.text())
def test_what_is_left_drives_no_terminal(text):
    assert printable(text).isprintable()


@given(st.text().filter(str.isprintable))
def test_harmless_text_stays(text):
    assert printable(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b2J", "2J"),
        ("a\u202eb", "ab"),
        ("é 字 🙂", "é 字 🙂"),
    ],
)
def test_examples(text, left):
    assert printable(text) == left
