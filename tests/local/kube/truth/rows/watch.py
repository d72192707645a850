"""Watches."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree

ROWS: Final[Rows] = agree(
    """
    error-resource-version-too-old events-of-one-pod field-selector-phase-running initial-events-resource-version-0
    initial-events-resource-version-unset initial-list-by-send-initial-events label-selector-enter-and-leave
    pod-life-as-partial-metadata pod-life-as-table pod-life-created-running-deleted pod-life-succeeded-then-deleted
    send-initial-events-on-an-empty-set unscheduled-pod-deleted-at-once
    """
)
