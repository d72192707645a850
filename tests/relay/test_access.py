"""What the relay makes of a kubeconfig. That servers take it is tested in tests/cluster."""

import ssl
from pathlib import Path

import pytest

from chalicelib.domain.kubeconfig import ClusterAccess, KubeconfigError
from relay.access import load_access, ssl_context
from tests.certificates import Authority


def test_without_a_kubeconfig_it_must_be_a_pod():
    with pytest.raises(KubeconfigError, match="no pod of a cluster"):
        load_access(None, {})
    access = load_access(None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"})
    assert access.server == "https://10.0.0.1:443"


@pytest.mark.parametrize("content", [None, "[", "[]", "{}"])
def test_a_kubeconfig_that_is_none(tmp_path: Path, content):
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KubeconfigError, match="kubeconfig"):
        load_access(path, {})


@pytest.mark.parametrize(
    "access",
    [
        ClusterAccess("https://c", ca_data=b"no certificate"),
        ClusterAccess("https://c", ca_data=b"\xff"),
        ClusterAccess("https://c", ca_file="gone.pem"),
        ClusterAccess("https://c", client_cert_file="gone.pem", client_key_file="gone-key.pem"),
        ClusterAccess("https://c", client_cert_data=Authority().sign("client").certificate),
        ClusterAccess("https://c", client_cert_data=b"no certificate", client_key_data=b"no key"),
    ],
    ids=["no ca", "no text", "ca is gone", "client certificate is gone", "no key", "no client certificate"],
)
def test_certificates_that_cannot_be_used_are_told(tmp_path: Path, access: ClusterAccess):
    with pytest.raises(KubeconfigError, match="the certificates cannot be used"):
        ssl_context(access, tmp_path)


def test_what_is_verified(tmp_path: Path):
    assert ssl_context(ClusterAccess("http://c"), tmp_path) is True
    context = ssl_context(ClusterAccess("https://c", ca_data=Authority().certificate), tmp_path)
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    careless = ssl_context(ClusterAccess("https://c", insecure_skip_tls_verify=True), tmp_path)
    assert isinstance(careless, ssl.SSLContext)
    assert (careless.check_hostname, careless.verify_mode) == (False, ssl.CERT_NONE)
