import pytest

from tests.chalicelib.services.world import World


@pytest.fixture
def world() -> World:
    return World()
