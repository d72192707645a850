"""The states of a pod."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        create-container-config-error create-container-config-error-missing-key deadline-exceeded deadline-exceeded-in-init
        deadline-exceeded-while-pulling err-image-never-pull err-image-pull evicted-emptydir evicted-ephemeral-storage
        evicted-ephemeral-storage-writable-layer evicted-first-status failed-exit-3
        failed-exit-3-with-message failed-sigkill-137 image-pull-back-off init-failed-exit-128
        init-failed-exit-128-repository-not-found init-failed-no-message init-image-pull-back-off
        init-just-succeeded-main-waiting init-running init-succeeded invalid-image-name oom-killed oom-killed-child-only
        pending-just-created pending-volume-missing-configmap running-no-probe running-not-ready running-ready
        scheduled-container-creating scheduled-pod-initializing start-error start-error-permission-denied
        succeeded-exit-0 terminating terminating-container-ended terminating-exited-0-on-sigterm
        terminating-with-killing-event unschedulable-cpu
        """
    ),
    refuse(
        "422: the node restarts nothing",
        "crash-loop-back-off crash-loop-back-off-command-not-found crash-loop-terminated-between-restarts run-container-error",
    ),
    refuse(
        "422: there is one node, and nothing to choose by (node selectors, gates, finalizers)",
        "unschedulable-node-selector unschedulable-past-its-active-deadline scheduling-gated terminating-held-by-finalizer",
    ),
    refuse(
        "403: there are no priority classes, so nothing is preempted",
        "pending-nominated-by-preemption terminating-preempted",
    ),
    refuse("501: the eviction API", "terminating-evicted-by-api"),
    refuse(
        "the node is this server: it is never lost",
        "node-gone-failed-by-pod-gc node-lost-not-ready node-lost-terminating-by-taint-manager",
    ),
    refuse(
        "an evicted pod's containers are followed to their end, so their state is never unknown",
        "evicted-emptydir-ignoring-sigterm evicted-emptydir-interim-container-waiting",
    ),
    refuse("there are no images, so none of them runs as root", "create-container-config-error-run-as-root"),
    refuse("there are no runtime handlers that fail to make a sandbox", "pending-sandbox-fails"),
    refuse("no pod gets past the scheduler to be rejected by the node", "rejected-by-kubelet-out-of-cpu"),
    refuse("containers resolve names as the host does, so cluster DNS is not missed", "running-with-missing-cluster-dns-warning"),
    refuse("the first status has its containers already", "scheduled-no-container-status"),
    refuse("not tried: it takes longer than a minute", "image-pull-back-off-after-a-minute"),
    refuse("managedFields are not kept", "with-managed-fields"),
)  # fmt: skip
