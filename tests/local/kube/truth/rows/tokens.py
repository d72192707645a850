"""Service account tokens and what can be asked about them."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, deviate, one_of_each

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        401-loom-audience-token-used-on-the-api-server 403-default-audience-token-used-on-the-api-server projected-token
        selfsubjectreview tokenrequest-bound-to-pod-audience-loom tokenrequest-default-audience
        tokenrequest-not-bound-audience-loom tokenrequest-two-audiences-bound-to-pod
        tokenreview-bad-signature tokenreview-default-audience-no-audiences-asked tokenreview-garbage
        tokenreview-no-audiences-asked tokenreview-not-bound tokenreview-pod-deleted-15-seconds-ago
        tokenreview-pod-terminating tokenreview-projected-pod-deleted tokenreview-projected-valid
        tokenreview-token-with-two-audiences-both-asked tokenreview-truncated tokenreview-valid
        tokenreview-valid-one-of-two-audiences tokenreview-wrong-audience
        """
    ),
    deviate(
        "a token ends with its pod at once, not only after the seconds that a cache goes on",
        "pod-deleted-acceptance-over-time tokenreview-pod-just-deleted",
    ),
)
