"""What a kubeconfig says about one cluster, as a plain value. Reading files and making TLS contexts is the adapters' work.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

#: Where Kubernetes puts a pod's own credentials.
SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"


class KubeconfigError(ValueError):
    """The kubeconfig cannot be used; the message names the entry."""


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that prints an ExecCredential (client-go credential plugins).

    ``command`` is as written: with a slash in it, it counts from the kubeconfig. ``cluster`` is what a plugin that asks for it is told.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    cluster: Mapping[str, Any] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its environment has beside that of the process that runs it."""
        spec = {"interactive": False, **({"cluster": dict(self.cluster)} if self.cluster else {})}
        asked = {"apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec}
        return {**self.env, "KUBERNETES_EXEC_INFO": json.dumps(asked)}


@dataclass(frozen=True, slots=True)
class PluginToken:
    """A bearer token and until when it holds; None: until it is refused."""

    token: str = field(repr=False)
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def plugin_token(output: str | bytes) -> PluginToken:
    """The token of an ExecCredential, which a plugin printed. Raises KubeconfigError.

    Source: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
    """
    try:
        status = json.loads(output)["status"]
        token, until = status["token"], status.get("expirationTimestamp")
        at = datetime.fromisoformat(until) if until else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KubeconfigError("it printed no ExecCredential with a token in its status") from error
    if not isinstance(token, str) or not token:
        raise KubeconfigError("it printed an ExecCredential whose token is empty")
    return PluginToken(token, at.replace(tzinfo=UTC) if at and not at.tzinfo else at)


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """How to reach a cluster and as whom. ``*_file`` are paths as written: relative ones count from the kubeconfig.

    Of each pair (data, file) at most one is set; the data is decoded. Secrets are kept out of ``repr``.
    """

    server: str
    namespace: str | None = None
    ca_data: bytes | None = None
    ca_file: str | None = None
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    client_cert_data: bytes | None = None
    client_cert_file: str | None = None
    client_key_data: bytes | None = field(default=None, repr=False)
    client_key_file: str | None = None
    exec_plugin: ExecPlugin | None = None


def cluster_access(kubeconfig: Mapping[str, Any], context: str | None = None) -> ClusterAccess:
    """The access that ``context`` (default: the current one) describes. Raises KubeconfigError."""
    name = context or kubeconfig.get("current-context")
    if not name:
        raise KubeconfigError("kubeconfig: current-context is not set")
    chosen = _entry(kubeconfig, "contexts", "context", name)
    cluster = _entry(kubeconfig, "clusters", "cluster", chosen.get("cluster", ""))
    user = _entry(kubeconfig, "users", "user", chosen["user"]) if chosen.get("user") else {}
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith(("http://", "https://")):
        raise KubeconfigError(f"kubeconfig: cluster {chosen.get('cluster')!r} has no http(s) server")
    _refuse_what_would_be_ignored(cluster, user)
    ca_data = _data(cluster, "certificate-authority-data")
    cert_data = _data(user, "client-certificate-data")
    key_data = _data(user, "client-key-data")
    return ClusterAccess(
        server=server.rstrip("/"),
        namespace=chosen.get("namespace"),
        ca_data=ca_data,
        ca_file=None if ca_data else cluster.get("certificate-authority"),
        insecure_skip_tls_verify=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=cluster.get("tls-server-name"),
        token=None if user.get("tokenFile") else user.get("token"),
        token_file=user.get("tokenFile"),
        client_cert_data=cert_data,
        client_cert_file=None if cert_data else user.get("client-certificate"),
        client_key_data=key_data,
        client_key_file=None if key_data else user.get("client-key"),
        exec_plugin=_exec_plugin(chosen.get("user", ""), user.get("exec"), cluster),
    )


def service_account_access(environment: Mapping[str, str], folder: str = SERVICE_ACCOUNT) -> ClusterAccess:
    """The access of the pod whose environment this is, as its service account. Raises KubeconfigError outside a pod."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise KubeconfigError("no setting says where it is, and this is no pod of a cluster")
    address = f"[{host}]" if ":" in host else host
    return ClusterAccess(server=f"https://{address}:{port}", ca_file=f"{folder}/ca.crt", token_file=f"{folder}/token")


def _refuse_what_would_be_ignored(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    """To leave one of these out would mean to ask another server, or as somebody else."""
    for entry, names in ((cluster, ("proxy-url",)), (user, ("as", "as-groups", "auth-provider", "username"))):
        for name in names:
            if entry.get(name):
                raise KubeconfigError(f"kubeconfig: {name} is not supported")


def _entry(kubeconfig: Mapping[str, Any], plural: str, singular: str, name: str) -> Mapping[str, Any]:
    entries = kubeconfig.get(plural) or ()
    for entry in entries if isinstance(entries, Sequence) else ():
        if isinstance(entry, Mapping) and entry.get("name") == name:
            found = entry.get(singular) or {}
            if not isinstance(found, Mapping):
                raise KubeconfigError(f"kubeconfig: the {singular} named {name!r} is not a mapping")
            return found
    raise KubeconfigError(f"kubeconfig: no {singular} named {name!r}")


def _data(entry: Mapping[str, Any], key: str) -> bytes | None:
    if not entry.get(key):
        return None
    try:
        return base64.b64decode(entry[key], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise KubeconfigError(f"kubeconfig: {key} is not base64") from error


def _exec_plugin(user: str, entry: Mapping[str, Any] | None, cluster: Mapping[str, Any]) -> ExecPlugin | None:
    if not entry:
        return None
    try:
        if entry.get("interactiveMode") == "Always":
            raise KubeconfigError(f"kubeconfig: exec of user {user!r} wants a terminal, and a server has none")
        return ExecPlugin(
            command=entry["command"],
            args=tuple(entry.get("args") or ()),
            env={pair["name"]: pair["value"] for pair in entry.get("env") or ()},
            api_version=entry.get("apiVersion", "client.authentication.k8s.io/v1"),
            cluster={name: cluster[name] for name in _TOLD_TO_PLUGINS if cluster.get(name)}
            if entry.get("provideClusterInfo")
            else None,
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise KubeconfigError(f"kubeconfig: exec of user {user!r} is incomplete: {error}") from error


#: The fields of an ExecCredential's ``spec.cluster``, which are named as in a kubeconfig.
_TOLD_TO_PLUGINS: Final = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data")
