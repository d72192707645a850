from collections.abc import Iterator

import pytest

from chalicelib.bootstrap import control_plane
from tests.chalicelib.api.gateway import Gateway


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    for name in ("LOOM_SERVER_URL", "LOOM_RELAY_URL"):
        monkeypatch.setenv(name, "")  # put back afterwards
    yield Gateway()
    control_plane.cache_clear()
