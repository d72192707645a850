"""The HTTP side in this process, over a node in memory."""

from tests.local.kube.api.conftest import api

__all__ = ["api"]
