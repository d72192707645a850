"""From a :class:`ClusterAccess` to a connection pool and the headers that say who asks."""

import os
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import urllib3

from chalicelib.adapters.deadline import bound, left
from chalicelib.domain.errors import ClusterError
from chalicelib.domain.kubeconfig import (
    ClusterAccess,
    ExecPlugin,
    KubeconfigError,
    PluginToken,
    cluster_access,
    plugin_token,
    service_account_access,
)

#: Connections kept open: as many as a sweep has steps under way.
_POOL_SIZE: Final = 32
#: Seconds for a credential plugin where nothing else sets a deadline: it may ask somebody over the network.
_PLUGIN_TIMEOUT: Final = 20.0


def load_access(kubeconfig: Path) -> ClusterAccess:
    """The current context of a kubeconfig file. Raises KubeconfigError."""
    try:
        text = kubeconfig.read_text()
    except OSError as error:
        raise KubeconfigError(f"kubeconfig: {error.strerror}") from error
    return read_access(text)


def read_access(text: str) -> ClusterAccess:
    """The current context of a kubeconfig. Raises KubeconfigError."""
    import yaml  # where AWS names the cluster, nobody needs it

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise KubeconfigError("kubeconfig: is not YAML") from error
    if not isinstance(content, dict):
        raise KubeconfigError("kubeconfig: is not a mapping")
    return cluster_access(content)


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
        access = load_access(kubeconfig) if kubeconfig else service_account_access(os.environ)
    except KubeconfigError as error:
        raise ClusterError(f"the cluster is not configured: {error}") from error
    return connection(access, base)


def connection(access: ClusterAccess, base: Path, issue: Callable[[], PluginToken] | None = None) -> Connection:
    """The cluster that ``access`` describes; its relative paths count from ``base``. Raises ClusterError; sends nothing yet.

    ``issue`` makes bearer tokens, as a credential plugin does.
    """
    try:
        pool = _pool(access, base)
    except (OSError, UnicodeDecodeError) as error:  # ssl.SSLError is an OSError
        words = getattr(error, "strerror", None) or error
        raise ClusterError(f"the cluster's certificates cannot be used: {words}") from error
    bound(pool)
    if access.exec_plugin:
        issue = partial(_run_plugin, access.exec_plugin, base)
    return Connection(access.server, pool, Credentials(access, base, issue))


def _pool(access: ClusterAccess, base: Path) -> urllib3.PoolManager:
    if not access.server.startswith("https:"):
        return urllib3.PoolManager(maxsize=_POOL_SIZE)
    context = ssl.create_default_context(
        cafile=str(base / access.ca_file) if access.ca_file else None,
        cadata=access.ca_data.decode() if access.ca_data else None,
    )
    if access.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, access, base)
    return urllib3.PoolManager(
        maxsize=_POOL_SIZE,
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
    """The bearer token of an access: fixed, from a file that is rotated, or issued until it expires."""

    access: ClusterAccess
    base: Path
    issue: Callable[[], PluginToken] | None = None
    _issued: PluginToken | None = None

    def headers(self) -> dict[str, str]:
        """Raises ClusterError when no token can be had."""
        token = self._token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def forget(self) -> bool:
        """Drops what the cluster refused. True when another token may be had for it."""
        had = self._issued is not None
        self._issued = None
        return had

    def _token(self) -> str | None:
        if self.access.token_file:
            try:
                return (self.base / self.access.token_file).read_text().strip()
            except OSError as error:
                raise ClusterError(f"the cluster's token file cannot be read: {error.strerror}") from error
        if self.issue:
            token = self._issued
            if token is None or not token.holds(datetime.now(UTC)):
                token = self._issued = self.issue()
            return token.token  # and not from self: another thread may have dropped it
        return self.access.token


def _run_plugin(plugin: ExecPlugin, base: Path) -> PluginToken:
    command = str(base / plugin.command) if "/" in plugin.command else plugin.command
    try:
        done = subprocess.run(
            [command, *plugin.args], env={**os.environ, **plugin.environment}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=min(_PLUGIN_TIMEOUT, left()), check=True,
        )  # fmt: skip
        return plugin_token(done.stdout)
    except (OSError, subprocess.SubprocessError) as error:
        raise ClusterError(f"the credential plugin {plugin.command!r} failed: {type(error).__name__}") from error
    except KubeconfigError as error:
        raise ClusterError(f"the credential plugin {plugin.command!r} gave no token: {error}") from error
