"""The requests that kubectl 1.36 makes, which depend on every answer that it gets."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, deviate, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        annotate api-resources apply-new attach-output-only attach-tty auth-can-i
        cp-to-pod create create-already-exists create-token create-validate-false delete delete-by-selector delete-force
        delete-no-wait delete-not-found describe describe-warm-cache events-for-pod exec exec-not-found exec-stdin
        exec-tty get-events get-namespaces get-pod-json get-pod-not-found get-pods get-pods-all-namespaces
        get-pods-chunked get-pods-selector-wide get-pods-warm-cache get-pods-watch label
        logs logs-container-tail-timestamps logs-follow patch version wait-delete wait-jsonpath wait-ready
        """
    ),
    deviate("OpenAPI without schemas, so kubectl asks for version 2 as well", "apply-changed apply-unchanged"),
    deviate("there are no managed fields to show", "get-pod-yaml-show-managed-fields"),
    refuse("501: no apply in the server", "apply-server-side"),
    refuse("404: there are no services", "cluster-info"),
    refuse("OpenAPI without schemas", "explain"),
    refuse("SPDY is not spoken", "exec-websockets-off port-forward-websockets-off port-forward"),
    refuse("which requests come after the first depends on how fast the program ends", "run-attach-rm"),
)
