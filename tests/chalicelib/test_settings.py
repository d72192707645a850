"""Settings that are missing or impossible are told by name, as 503, and never as a fault of the request."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.bootstrap import ControlPlane
from chalicelib.domain.errors import Misconfigured

SERVER = {"LOOM_SERVER_URL": "https://loom.example"}


@pytest.mark.parametrize("name", ["LOOM_USER_LIMIT", "LOOM_ORG_LIMIT", "LOOM_HISTORY_DAYS"])
@pytest.mark.parametrize("value", ["many", "nan", "inf", "-1"])
def test_a_number_that_is_none(name, value):
    with pytest.raises(Misconfigured, match=name):
        _ = ControlPlane({**SERVER, name: value}).launch


def test_a_setting_that_is_missing():
    with pytest.raises(Misconfigured, match="LOOM_SERVER_URL"):
        _ = ControlPlane({}).launch


def test_a_log_level_that_is_none_is_passed_over():
    assert ControlPlane({"LOOM_LOG_LEVEL": "loud"}).log_level == "INFO"
    assert ControlPlane({"LOOM_LOG_LEVEL": "debug"}).log_level == "DEBUG"


EC_KEY = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("content", [None, b"", b"\xff", EC_KEY], ids=["absent", "empty", "binary", "another kind"])
def test_a_ticket_key_that_cannot_be_used(tmp_path: Path, content):
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured, match="LOOM_TICKET_KEY_FILE"):
        ControlPlane({"LOOM_TICKET_KEY_FILE": str(path)}).signer.jwks()


@pytest.mark.parametrize(
    "environment", [{}, {"LOOM_TICKET_KEY_FILE": "key.pem", "LOOM_TICKET_KMS_KEY": "alias/tickets"}]
)
def test_tickets_are_signed_by_one_key(environment):
    with pytest.raises(Misconfigured, match="LOOM_TICKET_KEY_FILE or LOOM_TICKET_KMS_KEY"):
        _ = ControlPlane(environment).signer


def test_clusters_that_contradict_are_told_where_they_are_needed():
    plane = ControlPlane({**SERVER, "LOOM_KUBECONFIG": "kubeconfig", "LOOM_EKS_CLUSTER": "blue"})
    with pytest.raises(Misconfigured, match="LOOM_KUBECONFIG and LOOM_EKS_CLUSTER"):
        _ = plane.launch
