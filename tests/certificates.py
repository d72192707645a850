"""A certificate authority for a test, and certificates it signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """Certificate and private key, PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Signs certificates for 127.0.0.1 and for clients."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._builder(self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = certificate.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    @property
    def file_name(self) -> str:
        """What OpenSSL looks for in a folder of certificates (openssl-rehash(1)): the hash of the name in its canonical form."""
        [attribute] = self._name
        text = str(attribute.value).lower().encode()
        pair = b"\x06\x03\x55\x04\x03\x0c" + bytes([len(text)]) + text  # DER: the OID of commonName, a UTF8String
        sequence = b"\x30" + bytes([len(pair)]) + pair
        digest = sha1(b"\x31" + bytes([len(sequence)]) + sequence, usedforsecurity=False).digest()
        return f"{int.from_bytes(digest[:4], 'little'):08x}.0"

    def sign(self, common_name: str, dns_name: str | None = None) -> Pair:
        """For the address 127.0.0.1, or for ``dns_name`` alone."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        address = x509.DNSName(dns_name) if dns_name else x509.IPAddress(IPv4Address("127.0.0.1"))
        addresses = x509.SubjectAlternativeName([address])
        certificate = self._builder(name, key).add_extension(addresses, critical=False).sign(self._key, SHA256())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Pair(certificate.public_bytes(Encoding.PEM), private)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
        )
