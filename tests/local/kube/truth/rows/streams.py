"""Exec and attach over WebSocket."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        base64-v5-offered bearer-token-as-subprotocol-garbage exec-no-credentials several-offered-unknown-first several-offered-v5-first unsupported-subprotocol-offered v3-offered-only
        v4-exec-cat-half-close v4-exec-exit-7 v4-exec-killed-by-signal v4-exec-shell-127 v4-exec-stdout-stderr-exit-0
        v4-exec-terminated-by-sigterm v4-exec-tty v4-exec-unknown-command v4-exec-wc-half-close
        v5-attach-non-tty-container-exits-3 v5-attach-stdin-once v5-attach-stdin-to-a-container-without-stdin
        v5-attach-tty-again-after-all-left v5-attach-tty-beside-one-without-tty-parameter v5-attach-tty-container-exits-4
        v5-attach-tty-container-without-tty-parameter v5-attach-tty-first-attacher v5-attach-tty-pod-deleted
        v5-attach-tty-read-only-watches-another v5-attach-tty-second-attacher v5-attach-tty-with-stderr-requested
        v5-exec-cat-half-close v5-exec-client-closes-1000 v5-exec-close-channel-no-payload
        v5-exec-close-channel-resize-channel-4 v5-exec-close-channel-stdout-channel-1 v5-exec-close-channel-two-bytes
        v5-exec-close-channel-unknown-channel-9 v5-exec-exit-7 v5-exec-killed-by-signal v5-exec-large-output-200k
        v5-exec-no-output v5-exec-odd-frames-from-the-client v5-exec-only-stdout-wanted v5-exec-shell-127
        v5-exec-stderr-only-wanted v5-exec-stdout-stderr-exit-0 v5-exec-terminated-by-sigterm v5-exec-tty
        v5-exec-tty-bad-resize-empty v5-exec-tty-bad-resize-not-json v5-exec-tty-bad-resize-strings
        v5-exec-tty-bad-resize-too-big v5-exec-tty-ctrl-d v5-exec-tty-half-close v5-exec-tty-pod-deleted
        v5-exec-tty-unknown-command v5-exec-tty-without-resize-stty-size v5-exec-unknown-command v5-exec-wc-half-close
        """
    ),
    refuse(
        "501: the subprotocols before v4, and base64, are not spoken",
        "base64-v1 base64-v4 no-subprotocol-offered v1-offered-only-channel.k8s.io",
    ),
    refuse(
        "the client's handshake reaches the node itself, as with ExtendWebSocketsToKubelet; no API server translates",
        " ".join(
            f"translated-by-the-api-server/{name}"
            for name in (
                "no-subprotocol-offered", "several-offered-unknown-first", "several-offered-v4-first",
                "unsupported-subprotocol-offered", "v4-exec-container-finished", "v4-exec-exit-7",
                "v5-attach-container-finished", "v5-attach-tty-container-exits-4", "v5-exec-cat-half-close",
                "v5-exec-client-closes-1000", "v5-exec-container-finished", "v5-exec-exit-7",
                "v5-exec-tty-bad-resize-not-json", "v5-exec-unknown-command",
            )
        ),
    ),
)  # fmt: skip
