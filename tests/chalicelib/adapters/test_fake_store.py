import pytest

from chalicelib.services.ports import WeaverStore
from tests.chalicelib.adapters.store_contract import StoreContract
from tests.chalicelib.fakes import FakeStore


class TestFakeStore(StoreContract):
    """The fake keeps the contract, so what the services do over it holds over the real one."""

    @pytest.fixture
    def store(self) -> WeaverStore:
        return FakeStore()
