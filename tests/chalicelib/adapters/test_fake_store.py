import pytest

from chalicelib.services.ports import WeaverStore
from tests.chalicelib.adapters.reconciliation_contract import ReconciliationContract, Stores
from tests.chalicelib.adapters.store_contract import StoreContract
from tests.chalicelib.fakes import FakeStore


class TestFakeStore(StoreContract):
    """The fake keeps the contract, so what the services do over it holds over the real one."""

    @pytest.fixture
    def store(self) -> WeaverStore:
        return FakeStore()


class TestFakeReconciliationStore(ReconciliationContract):
    """The same fake is both."""

    @pytest.fixture
    def stores(self) -> Stores:
        fake = FakeStore()
        return fake, fake

    def miscount(self, stores: Stores, name: str, by: int) -> None:
        fake = stores[0]
        assert isinstance(fake, FakeStore)
        fake.miscounts[name] = by
