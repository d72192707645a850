from relay.core.one_use import OneUse


def test_once_until_its_time_is_over() -> None:
    used = OneUse()
    assert used.use("a", until=10, now=0)
    assert not used.use("a", until=10, now=10)
    assert used.use("b", until=20, now=11)
    assert used.use("a", until=30, now=11)
    assert not used.use("b", until=20, now=12)
