"""What a kubeconfig says about one cluster, as a plain value. Reading files and making TLS contexts is the adapters' work.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class KubeconfigError(ValueError):
    """The kubeconfig cannot be used; the message names the entry."""


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that prints an ExecCredential (client-go credential plugins)."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_version: str = "client.authentication.k8s.io/v1"


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
        exec_plugin=_exec_plugin(chosen.get("user", ""), user.get("exec")),
    )


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


def _exec_plugin(user: str, entry: Mapping[str, Any] | None) -> ExecPlugin | None:
    if not entry:
        return None
    try:
        return ExecPlugin(
            command=entry["command"],
            args=tuple(entry.get("args") or ()),
            env={pair["name"]: pair["value"] for pair in entry.get("env") or ()},
            api_version=entry.get("apiVersion", "client.authentication.k8s.io/v1"),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise KubeconfigError(f"kubeconfig: exec of user {user!r} is incomplete: {error}") from error
