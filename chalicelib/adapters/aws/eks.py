"""A cluster of EKS: where it is, as EKS says, and a bearer token that says which IAM role asks.

The token is what ``aws eks get-token`` prints: a signed request for GetCallerIdentity, which the cluster sends to STS to find out
whose it is. Its format is that of https://github.com/kubernetes-sigs/aws-iam-authenticator (``pkg/token/token.go``).
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws.clients import Aws, told
from chalicelib.adapters.jwk import base64url
from chalicelib.adapters.kubernetes.connection import Connection, connection
from chalicelib.domain.errors import ClusterError
from chalicelib.domain.kubeconfig import ClusterAccess, PluginToken

_REQUEST: Final = "/?Action=GetCallerIdentity&Version=2011-06-15"
_PREFIX: Final = "k8s-aws-v1."
#: Signed along, so that a token for one cluster opens no other.
_CLUSTER_HEADER: Final = "x-k8s-aws-id"
#: Seconds, as the URL says it; STS takes it for fifteen minutes whatever that says.
_URL_SECONDS: Final = 60
#: A minute less than those fifteen.
_LIFETIME: Final = timedelta(minutes=14)


def connect(aws: Aws, cluster: str) -> Connection:
    """The way into the cluster of that name, in the region of ``aws``. Raises ClusterError."""
    return connection(access(aws, cluster), Path("/"), partial(bearer_token, aws, cluster))


def access(aws: Aws, cluster: str) -> ClusterAccess:
    """Where the cluster is, and who vouches for it. Raises ClusterError."""
    try:
        described = aws.ask("eks", "describe_cluster", name=cluster)["cluster"]
    except (BotoCoreError, ClientError) as error:
        raise ClusterError(f"the EKS cluster {cluster!r} cannot be described: {told(error)}") from error
    try:
        ca = base64.b64decode(described["certificateAuthority"]["data"], validate=True)
        return ClusterAccess(server=str(described["endpoint"]).rstrip("/"), ca_data=ca)
    except (KeyError, TypeError, binascii.Error) as error:  # until it is made it has neither
        status = described.get("status") or "not ready"
        raise ClusterError(f"the EKS cluster {cluster!r} has no endpoint: it is {status}") from error


def bearer_token(aws: Aws, cluster: str) -> PluginToken:
    """A token for the cluster of that name; nothing is sent for it. Raises ClusterError."""
    until = datetime.now(UTC) + _LIFETIME
    try:
        url = aws.presigned("sts", _REQUEST, {_CLUSTER_HEADER: cluster}, _URL_SECONDS)
    except BotoCoreError as error:
        raise ClusterError(f"no token for the EKS cluster {cluster!r} can be signed: {told(error)}") from error
    return PluginToken(_PREFIX + base64url(url.encode()), until)
