"""``loom`` over TLS, where reading and writing have other rules than on a plain socket."""

import ipaddress
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from loom.wire import Exit
from tests.certificates import Authority
from tests.loom.conftest import LOOM, user_env
from tests.loom.pseudo_terminal import PseudoTerminal
from tests.loom.stand_in import api_server, relay_server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_flood_and_a_paste_arrive_whole(tls, certificate, tmp_path):
    flood = b"".join(b"line %06d\r\n" % number for number in range(100_000))
    paste = b"x" * 200_000 + b"!"

    def script(session):
        session.run()
        for start in range(0, len(flood), 30_000):
            session.say(flood[start : start + 30_000])
        session.say(b"the end")
        session.until_typed(b"!")
        session.say(f"{len(session.typed)} bytes".encode(), Exit("detached"))

    with relay_server(tls) as relay, api_server(tls) as api:
        api.has_one_weaver(relay)
        relay.script = script
        env = {**user_env(api, tmp_path), "SSL_CERT_FILE": str(certificate)}
        with PseudoTerminal([*LOOM, "attach", "otter"], env) as loom:
            loom.expect("$ ")
            assert loom.expect("the end").encode() == flood
            for start in range(0, len(paste), 4000):
                loom.type(paste[start : start + 4000])
            loom.expect(f"{len(paste)} bytes")
            assert loom.ends() == 0


def test_a_certificate_that_is_not_trusted_is_told(tls, tmp_path):
    with relay_server(tls) as relay, api_server(tls) as api:
        api.has_one_weaver(relay)
        done = subprocess.run(
            [*LOOM, "ps"],
            env=user_env(api, tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"loom: the API at {api.url} cannot be reached: its certificate is not trusted: ")
    assert "certificate" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_of_certificates_is_looked_up_in_and_not_read(tmp_path):
    authority = Authority()
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / authority.file_name).write_bytes(authority.certificate)
    pair = authority.sign("api")
    server = tmp_path / "server.pem"
    server.write_bytes(pair.certificate + pair.key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server)
    with relay_server(tls) as relay, api_server(tls) as api:
        api.has_one_weaver(relay)
        env = {**user_env(api, tmp_path), "SSL_CERT_DIR": str(folder)}
        done = subprocess.run([*LOOM, "ps", "-q"], env=env, capture_output=True, text=True, timeout=30)
        assert (done.stdout, done.stderr) == ("a1b2c3d4\n", "")
        with PseudoTerminal([*LOOM, "attach", "otter"], env) as loom:
            assert loom.ends() == 0
    code = "from loom.client.trust import tls_context as t; print(t().get_ca_certs(), t(everything=True).verify_mode)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30)
    assert done.stdout == "[] 2\n"  # nothing is loaded yet; both insist on a certificate (CERT_REQUIRED)


def test_a_relay_that_is_not_trusted_is_told(tls, tmp_path):
    with relay_server(tls) as relay, api_server() as api:
        api.has_one_weaver(relay)
        with PseudoTerminal([*LOOM, "attach", "otter"], user_env(api, tmp_path)) as loom:
            assert loom.ends() == 2
            assert "its certificate is not trusted: self-signed certificate" in loom.rest()
