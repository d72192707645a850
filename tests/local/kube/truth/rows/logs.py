"""The log of a container."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        binary follow-of-a-finished-container follow-until-the-container-exits follow-while-the-pod-is-deleted
        init-container insecure-skip-tls-verify-backend limit-bytes-10 limit-bytes-and-timestamps
        long-line-40000-with-newline long-line-40000-with-newline-timestamps long-line-40000-without-newline
        long-line-40000-without-newline-timestamps long-line-limit-bytes-20000 long-line-tail-lines-1
        long-line-tail-lines-2 long-line-tail-lines-4 plain plain-default-container plain-timestamps pod-deleted
        previous-without-previous since-seconds-1 since-seconds-3600 since-time-future tail-lines-0 tail-lines-3
        tty tty-interactive-shell tty-tail-lines-2 tty-timestamps
        """
    ),
    refuse("422: the node restarts nothing", "crash-loop-current crash-loop-previous"),
)
