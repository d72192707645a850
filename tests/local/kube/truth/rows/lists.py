"""Lists, pages, Tables and metadata alone."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        continue-token-decoded delete-collection empty events events-table field-selector-phase-failed label-selector-set
        limit-2-page-1 limit-2-page-2 limit-2-page-3 limit-2-without-selector-page-1-has-remaining-item-count
        partial-object-metadata-list partial-object-metadata-one resource-version-0 resource-version-0-with-limit-1 table
        table-include-object-none table-one-pod
        """
    ),
    refuse("404: events are in the core group only", "events-k8s-io-v1"),
)
