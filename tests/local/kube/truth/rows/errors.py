"""Errors, and neighbours of theirs that succeed."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, deviate, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree(
        """
        101-exec-default-container-with-init-containers 101-exec-no-command 101-exec-tty-and-stderr
        101-exec-websocket-with-get-and-create-on-pods-exec
        200-anonymous-version 200-delete-with-grace 200-delete-with-grace-0 200-get-old-resource-version
        200-list-in-a-namespace-that-does-not-exist 200-list-not-older-than-old-resource-version
        200-log-completed 200-log-default-container-with-init-containers
        200-merge-patch-empty 200-merge-patch-status-on-main-resource-ignored 200-namespace-delete-again
        200-namespace-delete-answer 200-negative-limit 200-second-delete-with-longer-grace-changes-nothing
        200-watch-compacted-resource-version 200-watch-resource-version-in-the-future
        200-watch-single-pod-by-get-with-watch
        201-create-with-generate-name-dry-run 201-default-validation-unknown-field 201-dry-run
        201-ignore-unknown-field 201-negative-grace 201-no-content-type 201-service-account-default-not-made-yet
        201-warn-unknown-field 201-yaml-body
        204-log-not-scheduled
        400-port-forward-no-ports 400-port-forward-not-scheduled 400-attach-no-streams 400-attach-not-scheduled 400-attach-unknown-container 400-bad-field-selector
        400-bad-label-selector 400-bad-limit 400-bad-quantity 400-bad-resource-version 400-bad-timeout
        400-continue-with-resource-version 400-empty-body 400-exec-no-streams 400-exec-not-scheduled
        400-exec-post-with-only-create-on-pods-exec 400-exec-post-without-upgrade 400-exec-unknown-container
        400-exec-without-upgrade 400-json-array 400-json-patch-not-an-array 400-label-value-number
        400-log-bad-tail-lines 400-log-container-creating 400-log-image-pull 400-log-pod-initializing
        400-log-previous-without-previous 400-log-unknown-container 400-malformed-json 400-merge-patch-malformed
        400-merge-patch-name 400-merge-patch-not-an-object 400-name-mismatch-on-put 400-namespace-mismatch 400-not-json
        400-other-kind 400-strategic-merge-malformed 400-strict-unknown-field 400-tokenrequest-pod-of-other-account
        400-tokenreview-empty 400-unknown-api-version 400-unknown-kind 400-wrong-type
        401-bad-token 401-bad-token-jwt-shaped 401-bad-token-on-version
        403-anonymous-no-credentials 403-attach-websocket-with-only-get 403-create-in-terminating-namespace
        403-exec-websocket-with-only-create-on-pods-exec 403-exec-websocket-with-only-get-on-pods-exec
        403-pod-security-restricted 403-pod-security-restricted-init-container
        403-pod-security-restricted-privileged 403-portforward-websocket-with-only-get 403-priority-class-missing
        403-rbac-create-pod 403-rbac-exec 403-rbac-get-pod 403-rbac-get-pod-that-does-not-exist
        403-rbac-list-all-namespaces 403-rbac-list-pods 403-rbac-log 403-rbac-tokenreview 403-rbac-unknown-path
        403-rbac-watch-pods 403-service-account-missing
        404-attach-pod 404-get-in-a-namespace-that-does-not-exist 404-namespace 404-namespace-on-create 404-pod
        404-pod-delete 404-pod-exec 404-pod-log 404-pod-patch 404-pod-put 404-tokenrequest-bound-pod-missing
        404-tokenrequest-unknown-account 404-unknown-group 404-unknown-path 404-unknown-resource
        404-unknown-subresource 404-unknown-version
        405-delete-version 405-patch-on-collection 405-post-on-object 405-put-on-collection
        409-already-exists 409-already-exists-while-terminating 409-conflict-merge-patch-stale-resource-version
        409-conflict-put-other-uid 409-conflict-put-stale-resource-version 409-delete-precondition-resource-version
        409-delete-precondition-uid 409-namespace-already-exists 409-tokenrequest-bound-uid-mismatch
        410-list-exact-old-resource-version 410-list-expired-continue 410-list-expired-continue-ns
        413-body-too-large 415-patch-with-application-json
        422-active-deadline-zero 422-annotations-too-long 422-bad-dry-run-value 422-bad-env-name
        422-bad-field-validation-value 422-bad-pull-policy 422-bad-restart-policy 422-duplicate-container-name
        422-duplicate-mount-path 422-image-with-space 422-invalid-annotation-key 422-invalid-label-key
        422-invalid-label-value 422-invalid-name 422-json-patch-missing-path 422-json-patch-test-fails
        422-json-patch-unknown-op 422-label-value-too-long 422-list-exact-without-version 422-log-bad-stream
        422-log-limit-bytes-zero 422-log-negative-tail-lines 422-log-since-seconds-and-since-time
        422-log-since-seconds-zero 422-log-stream-with-tail-lines 422-mount-of-unknown-volume 422-name-too-long
        422-negative-memory 422-no-containers 422-no-image 422-no-kind 422-no-name
        422-patch-lengthens-active-deadline 422-requests-above-limits 422-tokenrequest-too-short
        422-watch-send-initial-events-without-match
        500-attach-completed 500-attach-container-creating 500-create-with-resource-version 500-exec-completed
        500-exec-container-creating 500-exec-image-pull 500-exec-in-finished-init-container
        500-exec-pod-initializing 500-strategic-merge-bad-directive 500-watch-bad-resource-version
        504-get-resource-version-in-the-future 504-list-resource-version-in-the-future
        """
    ),
    deviate("all causes but those of ports, which are not supported", "422-many-causes"),
    deviate("a namespace that terminates has no conditions", "200-get-terminating-namespace"),
    deviate("the message says in Python's words what is wrong with the token", "400-bad-continue"),
    deviate("of a field that is there twice the last one counts, unnoticed", "400-strict-duplicate-field"),
    deviate("only JSON can be had", "406-accept-table-v9 406-accept-xml"),
    deviate("the list of what is accepted has no protobuf in it", "415-form 415-wrong-content-type"),
    deviate("the message does not show the difference", "422-put-changes-immutable-field"),
    refuse("501: no eviction", "201-eviction 429-eviction-blocked-by-budget 429-eviction-budget-not-observed-yet"),
    refuse(
        "the node is in the server and cannot be out of reach",
        "101-attach-kubelet-connection-refused 101-exec-kubelet-connection-refused 404-exec-node-deleted"
        " 404-log-node-deleted 500-exec-node-without-address 500-log-kubelet-connection-refused"
        " 500-log-node-without-address",
    ),
    refuse(
        "there are no quotas and no limit ranges",
        "403-limit-range 403-quota-exceeded 403-quota-exceeded-memory 403-quota-must-specify",
    ),
    refuse("501: no apply in the server", "409-apply-conflict 422-apply-without-field-manager 500-apply-strict-unknown-field"),
    refuse("422: no finalizers", "422-add-finalizer-while-terminating"),
    refuse("501: strategic merge patches have no lists of objects", "422-patch-changes-immutable-field"),
)  # fmt: skip
