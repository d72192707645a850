"""Whom TLS trusts: the system's certificates, without reading all of them.

OpenSSL's default reads one file of some 140 certificates, which takes 22 ms, as long as everything else that a command imports for
HTTP. A folder of certificates that are named by their hash (openssl-rehash(1)), which most systems have beside the file, is only
looked up in.
"""

import os
import re
import socket
import ssl
from collections.abc import Callable

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")


def tls_context(*, everything: bool = False) -> ssl.SSLContext:
    """For a client that checks the server's certificate and name. ``everything`` reads what OpenSSL would by default.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` say other places, as they do for OpenSSL. The folder may know fewer than the file: a
    certificate that was not trusted is worth a second look with ``everything``.
    """
    folder = ssl.get_default_verify_paths().capath
    if everything or "SSL_CERT_FILE" in os.environ or not folder or not _has_hashed(folder):
        return ssl.create_default_context()
    return ssl.create_default_context(capath=folder)


def tls_socket(connected: Callable[[], socket.socket], host: str) -> ssl.SSLSocket:
    """TLS over what ``connected`` opens, to a server that must be ``host``; opened again for the second look. Raises OSError."""
    for everything in (False, True):
        sock = connected()
        try:
            return tls_context(everything=everything).wrap_socket(sock, server_hostname=host)
        except OSError as error:
            sock.close()
            if everything or not isinstance(error, ssl.SSLCertVerificationError):
                raise
    raise AssertionError("the second look returns or raises")


def _has_hashed(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(_HASHED.fullmatch(entry.name) for entry in entries)
    except OSError:
        return False
