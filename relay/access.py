"""How the relay reaches its cluster: a kubeconfig or the pod's own service account, and TLS from either."""

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from chalicelib.domain.kubeconfig import ClusterAccess, KubeconfigError, cluster_access, service_account_access


def load_access(kubeconfig: Path | None, environment: Mapping[str, str] = os.environ) -> ClusterAccess:
    """The access that the kubeconfig describes, or that of the pod whose ``environment`` this is. Raises KubeconfigError."""
    if kubeconfig is None:
        return service_account_access(environment)
    try:
        body = yaml.safe_load(kubeconfig.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise KubeconfigError(f"kubeconfig {kubeconfig}: {error}") from error
    return cluster_access(body if isinstance(body, dict) else {})


def ssl_context(access: ClusterAccess, folder: Path) -> ssl.SSLContext | bool:
    """What aiohttp takes as ``ssl``. ``folder`` is where relative paths of the kubeconfig count from. Raises KubeconfigError."""
    if not access.server.startswith("https:"):
        return True
    try:
        context = ssl.create_default_context(
            cafile=str(folder / access.ca_file) if access.ca_file else None,
            cadata=access.ca_data.decode() if access.ca_data else None,
        )
        if access.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        _load_client_certificate(context, access, folder)
    except (OSError, UnicodeDecodeError) as error:  # ssl.SSLError is an OSError
        raise KubeconfigError(f"kubeconfig: the certificates cannot be used: {error}") from error
    return context


def _load_client_certificate(context: ssl.SSLContext, access: ClusterAccess, folder: Path) -> None:
    """OpenSSL wants files: data of the kubeconfig passes through a private folder that is gone afterwards."""
    if not (access.client_cert_data or access.client_cert_file):
        return
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
        certificate, key = paths
        context.load_cert_chain(certificate, key)
