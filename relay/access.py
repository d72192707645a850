"""How the relay reaches its cluster: a kubeconfig or the pod's own service account, and TLS from either."""

import ssl
import tempfile
from pathlib import Path
from typing import Final

import yaml

from chalicelib.domain.kubeconfig import ClusterAccess, KubeconfigError, cluster_access

_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def load_access(kubeconfig: Path | None) -> ClusterAccess:
    """The access that the kubeconfig describes, or the pod's own service account. Raises KubeconfigError."""
    if kubeconfig is None:
        return _in_cluster()
    try:
        body = yaml.safe_load(kubeconfig.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise KubeconfigError(f"kubeconfig {kubeconfig}: {error}") from error
    access = cluster_access(body if isinstance(body, dict) else {})
    if access.exec_plugin:
        raise KubeconfigError(
            "kubeconfig: the relay does not run credential plugins (exec); give it a token, a tokenFile or a client certificate"
        )
    if access.tls_server_name:
        raise KubeconfigError("kubeconfig: the relay does not support tls-server-name")
    return access


def _in_cluster() -> ClusterAccess:
    if not (_SERVICE_ACCOUNT / "token").exists():
        raise KubeconfigError("LOOM_KUBECONFIG is not set and this is not a pod with a service account")
    return ClusterAccess(
        server="https://kubernetes.default.svc",
        ca_file=str(_SERVICE_ACCOUNT / "ca.crt"),
        token_file=str(_SERVICE_ACCOUNT / "token"),
    )


def ssl_context(access: ClusterAccess, folder: Path) -> ssl.SSLContext | bool:
    """What aiohttp takes as ``ssl``. ``folder`` is where relative paths of the kubeconfig count from."""
    if not access.server.startswith("https:"):
        return True
    context = ssl.create_default_context(
        cafile=str(folder / access.ca_file) if access.ca_file else None,
        cadata=access.ca_data.decode() if access.ca_data else None,
    )
    if access.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, access, folder)
    return context


def _load_client_certificate(context: ssl.SSLContext, access: ClusterAccess, folder: Path) -> None:
    """OpenSSL wants files: data of the kubeconfig passes through a private folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as private:
        paths: list[Path] = []
        for name, data, file in (
            ("cert", access.client_cert_data, access.client_cert_file),
            ("key", access.client_key_data, access.client_key_file),
        ):
            path = folder / file if file else Path(private, name)
            if data:
                path.touch(mode=0o600)
                path.write_bytes(data)
            paths.append(path)
        cert, key = paths
        if cert.exists() and key.exists():
            context.load_cert_chain(cert, key)
