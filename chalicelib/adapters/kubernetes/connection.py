"""From a :class:`ClusterAccess` to a connection pool and the headers that say who asks."""

import json
import os
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import urllib3
import yaml

from chalicelib.domain.errors import ClusterError
from chalicelib.domain.kubeconfig import ClusterAccess, ExecPlugin, KubeconfigError, cluster_access

#: Where Kubernetes puts a pod's own credentials.
_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
#: Seconds to connect and to wait for an answer: together well below the 29 s in which API Gateway wants one.
TIMEOUT: Final = urllib3.Timeout(connect=3, read=8)
_PLUGIN_TIMEOUT: Final = 20  # seconds


def load_access(kubeconfig: Path) -> ClusterAccess:
    """The current context of a kubeconfig file. Raises KubeconfigError."""
    try:
        content = yaml.safe_load(kubeconfig.read_text())
    except OSError as error:
        raise KubeconfigError(f"kubeconfig: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise KubeconfigError("kubeconfig: is not YAML") from error
    if not isinstance(content, dict):
        raise KubeconfigError("kubeconfig: is not a mapping")
    return cluster_access(content)


def in_cluster_access() -> ClusterAccess:
    """The service account of the pod this process runs in. Raises KubeconfigError outside one."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise KubeconfigError("no LOOM_KUBECONFIG is set and this is no pod of a cluster")
    address = f"[{host}]" if ":" in host else host
    return ClusterAccess(
        server=f"https://{address}:{port}",
        ca_file=str(_SERVICE_ACCOUNT / "ca.crt"),
        token_file=str(_SERVICE_ACCOUNT / "token"),
    )


@dataclass(frozen=True, slots=True)
class Connection:
    """A way into the cluster at ``server``."""

    server: str
    pool: urllib3.PoolManager
    credentials: "Credentials"


def connect(kubeconfig: Path | None) -> Connection:
    """The cluster of the kubeconfig, or the one this process runs in. Raises ClusterError; sends nothing yet."""
    base = kubeconfig.parent if kubeconfig else Path("/")  # from where the kubeconfig's relative paths count
    try:
        access = load_access(kubeconfig) if kubeconfig else in_cluster_access()
        return Connection(access.server, _pool(access, base), Credentials(access, base))
    except KubeconfigError as error:
        raise ClusterError(f"the cluster is not configured: {error}") from error
    except OSError as error:  # ssl.SSLError is one
        raise ClusterError(f"the cluster's certificates cannot be used: {error.strerror or error}") from error


def _pool(access: ClusterAccess, base: Path) -> urllib3.PoolManager:
    if not access.server.startswith("https:"):
        return urllib3.PoolManager(timeout=TIMEOUT, retries=False)
    context = ssl.create_default_context(
        cafile=str(base / access.ca_file) if access.ca_file else None,
        cadata=access.ca_data.decode() if access.ca_data else None,
    )
    if access.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, access, base)
    return urllib3.PoolManager(
        timeout=TIMEOUT,
        retries=False,
        ssl_context=context,
        server_hostname=access.tls_server_name,
        assert_hostname=False if access.insecure_skip_tls_verify else access.tls_server_name,
    )


def _load_client_certificate(context: ssl.SSLContext, access: ClusterAccess, base: Path) -> None:
    """OpenSSL reads certificates from files only, so data is written to a private folder for that moment."""
    if not (access.client_cert_data or access.client_cert_file):
        return
    with tempfile.TemporaryDirectory() as folder:
        paths: list[str] = []
        pairs = ((access.client_cert_data, access.client_cert_file), (access.client_key_data, access.client_key_file))
        for number, (data, file) in enumerate(pairs):
            path = base / file if file else Path(folder, str(number))
            if data:
                path.write_bytes(data)
            paths.append(str(path))
        context.load_cert_chain(*paths)


@dataclass(slots=True)
class Credentials:
    """The bearer token of an access: fixed, from a file that is rotated, or from a plugin until it expires."""

    access: ClusterAccess
    base: Path
    _plugin_token: str | None = field(default=None, repr=False)
    _plugin_until: datetime | None = None

    def headers(self) -> dict[str, str]:
        """Raises ClusterError when no token can be had."""
        token = self._token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _token(self) -> str | None:
        if self.access.token_file:
            try:
                return (self.base / self.access.token_file).read_text().strip()
            except OSError as error:
                raise ClusterError(f"the cluster's token file cannot be read: {error.strerror}") from error
        if self.access.exec_plugin:
            if not self._plugin_token or (self._plugin_until and self._plugin_until <= datetime.now(UTC)):
                self._plugin_token, self._plugin_until = _run_plugin(self.access.exec_plugin, self.base)
            return self._plugin_token
        return self.access.token


def _run_plugin(plugin: ExecPlugin, base: Path) -> tuple[str, datetime | None]:
    """Token and expiry of an ExecCredential (https://kubernetes.io/docs/reference/config-api/client-authentication.v1/)."""
    command = str(base / plugin.command) if "/" in plugin.command else plugin.command
    asked = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    env = {**os.environ, **plugin.env, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    try:
        done = subprocess.run(
            [command, *plugin.args], env=env, capture_output=True, timeout=_PLUGIN_TIMEOUT, check=True, text=True
        )
        status: dict[str, Any] = json.loads(done.stdout)["status"]
        until = status.get("expirationTimestamp")
        return status["token"], datetime.fromisoformat(until) if until else None
    except (OSError, subprocess.SubprocessError) as error:
        raise ClusterError(f"the credential plugin {plugin.command!r} failed: {type(error).__name__}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"the credential plugin {plugin.command!r} gave no token") from error
