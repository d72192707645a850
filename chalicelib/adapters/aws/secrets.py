"""A kubeconfig that is kept in Secrets Manager: for clusters that are not EKS', or not reached by an IAM role."""

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws.clients import Aws, told
from chalicelib.adapters.kubernetes.connection import Connection, connection, read_access
from chalicelib.domain.errors import ClusterError
from chalicelib.domain.kubeconfig import ClusterAccess, KubeconfigError


def connect(aws: Aws, secret: str) -> Connection:
    """The way into the cluster of the kubeconfig in ``secret``, an ARN or a name. Raises ClusterError."""
    return connection(access(aws, secret), Path("/"))


def access(aws: Aws, secret: str) -> ClusterAccess:
    """What the kubeconfig says; it must stand alone, there are no files beside it. Raises ClusterError."""
    try:
        answer = aws.ask("secretsmanager", "get_secret_value", SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        raise ClusterError(f"the secret with the kubeconfig cannot be read: {told(error)}") from error
    try:
        found = read_access(answer.get("SecretString") or answer.get("SecretBinary", b"").decode())
    except (KubeconfigError, UnicodeDecodeError) as error:
        words = error if isinstance(error, KubeconfigError) else "kubeconfig: is not text"
        raise ClusterError(f"the cluster is not configured: the secret's {words}") from error
    for file in (found.ca_file, found.token_file, found.client_cert_file, found.client_key_file):
        if file:
            raise ClusterError(
                "the cluster is not configured: the secret's kubeconfig names files; put the data into it"
            )
    return found
