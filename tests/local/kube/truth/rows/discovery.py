"""What the server tells about itself."""

from typing import Final

from tests.local.kube.truth.table import Rows, agree, deviate, one_of_each, refuse

ROWS: Final[Rows] = one_of_each(
    agree("api.json apis-authentication.k8s.io.json healthz.txt livez.txt readyz.txt"),
    deviate("a version of its own", "version.json"),
    deviate(
        "of the groups, resources and subresources only those that are here; no storage version hashes",
        """
        api-v1.json apis.json apis-authentication.k8s.io-v1.json apis-authorization.k8s.io-v1.json
        apis-networking.k8s.io-v1.json api-aggregated.json api-aggregated-kubectl-accept-header.json
        apis-aggregated.json
        """,
    ),
    deviate("no list of single checks", "readyz-verbose.txt"),
    refuse(
        "404: not in this server", "apis-policy-v1.json apis-coordination.k8s.io-v1.json apis-events.k8s.io-v1.json"
    ),
    refuse(
        "404: no list of paths, and no keys to verify tokens elsewhere", "root-paths.json openid-configuration.json"
    ),
    refuse("the headers of the others, which the tests of each compare", "index.json"),
)
