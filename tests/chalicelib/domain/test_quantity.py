import pytest

from chalicelib.domain.quantity import quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("500m", 0.5),
        ("2k", 2e3),
        ("2M", 2e6),
        ("2G", 2e9),
        ("2T", 2e12),
        ("2Ki", 2048),
        ("2Mi", 2 * 2**20),
        ("1.5Gi", 1.5 * 2**30),
        ("1Ti", 2**40),
        ("0", 0),
    ],
)
def test_quantities(text, number):
    assert quantity(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text", ["", "Gi", "1 Gi", "1gi", "1GiB", "+1", "-1", ".5", "1e3", "0x1", "1" * 25, "1\n", "٣"]
)
def test_what_is_no_quantity(text):
    with pytest.raises(ValueError, match="quantity"):
        quantity(text)
