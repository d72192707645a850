"""Every way a kubeconfig can say who asks, against a real HTTPS server; and servers that fail in every way they can."""

import base64
import contextlib
import io
import json
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect, connection
from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout, NamespaceMissing, WeaverError
from chalicelib.domain.kubeconfig import ClusterAccess
from tests.certificates import Authority

Answer = Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]


@contextmanager
def server(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """An HTTP server on 127.0.0.1 whose every answer is ``answer``'s status and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            status, body = answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815  # names that http.server asks for

        def log_message(self, *args: object) -> None:
            """Quiet."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        running.socket = tls.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def who(handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
    """Answers 200 to those it knows: by the token ``right`` or by a client certificate."""
    by_certificate = isinstance(handler.connection, ssl.SSLSocket) and handler.connection.getpeercert()
    known = by_certificate or handler.headers.get("authorization") == "Bearer right"
    return (
        (200, b'{"kind":"Namespace"}')
        if known
        else (401, b'{"kind":"Status","message":"Unauthorized","reason":"Unauthorized"}')
    )


def kubeconfig(folder: Path, url: str, user: dict[str, Any], **cluster: Any) -> Path:
    """The path of a kubeconfig with one context."""
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": url, **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


def ping(path: Path) -> None:
    KubernetesCluster("weavers", lambda: connect(path)).ping()


class TestWhoAsks:
    @pytest.mark.parametrize("user", [{"token": "right"}, {"tokenFile": "token"}], ids=["token", "token file"])
    def test_a_token(self, tmp_path: Path, user):
        (tmp_path / "token").write_text("right\n")
        with server(who) as url:
            ping(kubeconfig(tmp_path, url, user))

    def test_a_rotated_token_file_is_read_again(self, tmp_path: Path):
        (tmp_path / "token").write_text("old")
        with server(who) as url:
            path = kubeconfig(tmp_path, url, {"tokenFile": "token"})
            cluster = KubernetesCluster("weavers", lambda: connect(path))
            with pytest.raises(ClusterRefused, match="Unauthorized"):
                cluster.ping()
            (tmp_path / "token").write_text("right")
            cluster.ping()

    def test_a_credential_plugin_is_asked_once_while_its_token_holds(self, tmp_path: Path):
        plugin = tmp_path / "plugin"
        credential = {"status": {"token": "right", "expirationTimestamp": "2999-01-01T00:00:00Z"}}
        plugin.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/asked\necho '{json.dumps(credential)}'\n")
        plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
        with server(who) as url:
            path = kubeconfig(tmp_path, url, user)
            cluster = KubernetesCluster("weavers", lambda: connect(path))
            cluster.ping()
            cluster.ping()
        assert (tmp_path / "asked").read_text() == "asked\n"

    def test_a_credential_plugin_is_asked_again_when_its_token_is_refused(self, tmp_path: Path):
        plugin = tmp_path / "plugin"
        plugin.write_text(f'#!/bin/sh\necho "{{\\"status\\": {{\\"token\\": \\"$(cat {tmp_path}/token)\\"}}}}"\n')
        plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
        (tmp_path / "token").write_text("wrong")
        with server(who) as url:
            path = kubeconfig(tmp_path, url, user)
            cluster = KubernetesCluster("weavers", lambda: connect(path))
            with pytest.raises(ClusterRefused, match="Unauthorized"):
                cluster.ping()
            (tmp_path / "token").write_text("right")
            cluster.ping()

    @pytest.mark.parametrize("script", ["exit 1", "echo nonsense", "echo '{}'"])
    def test_a_credential_plugin_that_fails_is_named(self, tmp_path: Path, script):
        plugin = tmp_path / "plugin"
        plugin.write_text(f"#!/bin/sh\n{script}\n")
        plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
        with pytest.raises(ClusterError, match=r"\./plugin"):
            ping(kubeconfig(tmp_path, "http://127.0.0.1:9", user))

    def test_a_credential_plugin_that_hangs_takes_the_time_of_the_question_and_no_more(self, tmp_path: Path):
        plugin = tmp_path / "plugin"
        plugin.write_text("#!/bin/sh\nexec sleep 600\n")
        plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
        path = kubeconfig(tmp_path, "http://127.0.0.1:9", user)
        with pytest.raises(ClusterError, match=r"\./plugin.*TimeoutExpired"):
            KubernetesCluster("weavers", lambda: connect(path), seconds=0.2).ping()

    @pytest.mark.parametrize("as_data", [True, False], ids=["data", "files"])
    def test_a_client_certificate(self, tmp_path: Path, as_data):
        authority = Authority()
        client = authority.sign("client")
        files = {"client-certificate": client.certificate, "client-key": client.key}
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        data = {f"{name}-data": base64.b64encode(content).decode() for name, content in files.items()}
        ca = base64.b64encode(authority.certificate).decode()
        with server(who, _tls(authority, tmp_path)) as url:
            ping(
                kubeconfig(
                    tmp_path, url, data if as_data else {n: n for n in files}, **{"certificate-authority-data": ca}
                )
            )

    def test_a_server_that_nobody_vouches_for_is_refused(self, tmp_path: Path):
        with server(who, _tls(Authority(), tmp_path)) as url:
            with pytest.raises(ClusterError, match=r"(?i)certificate"):
                ping(kubeconfig(tmp_path, url, {"token": "right"}))
            with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
                ping(kubeconfig(tmp_path, url, {"token": "right"}, **{"insecure-skip-tls-verify": True}))


def _tls(authority: Authority, folder: Path) -> ssl.SSLContext:
    pair = authority.sign("server")
    (folder / "server.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(cadata=authority.certificate.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def cluster_at(url: str, seconds: float = 5) -> KubernetesCluster:
    return KubernetesCluster("weavers", lambda: connection(ClusterAccess(server=url), Path("/")), seconds=seconds)


def _status(code: int, reason: str, **details: str) -> tuple[int, bytes]:
    return code, json.dumps({"kind": "Status", "message": "words", "reason": reason, "details": details}).encode()


class TestFailures:
    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (_status(404, "NotFound", kind="namespaces"), NamespaceMissing),
            (_status(403, "Forbidden"), ClusterRefused),
            (_status(422, "Invalid"), ClusterRefused),
            (_status(409, "Conflict"), ClusterError),
            (_status(429, "TooManyRequests"), ClusterError),
            (_status(500, "InternalError"), ClusterError),
            ((503, b"upstream connect error"), ClusterError),
            ((500, b"\xff\xfe"), ClusterError),
            ((500, b"[1]"), ClusterError),
            ((200, b"<html>Welcome"), ClusterError),
            ((200, b"{}"), ClusterError),
        ],
    )
    def test_an_error_answer(self, answer: tuple[int, bytes], error: type[WeaverError]):
        with server(lambda _: answer) as url, pytest.raises(WeaverError) as raised:
            cluster_at(url).create_pod({})
        assert type(raised.value) is error

    def test_what_is_not_there_or_there_already_is_no_error(self):
        with server(lambda _: _status(404, "NotFound", kind="pods")) as url:
            assert cluster_at(url).get_pod("p") is None
            assert cluster_at(url).delete_pod("p") is False
        with server(lambda _: _status(409, "AlreadyExists")) as url:
            assert cluster_at(url).create_pod({}) is None

    def test_a_server_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ClusterTimeout):
            cluster_at(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.2).get_pod("p")

    def test_a_server_that_trickles_over_tls(self, tmp_path: Path):
        """Each byte comes in time, the answer never does."""
        authority, over = Authority(), threading.Event()

        def trickle(handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
            with contextlib.suppress(OSError):  # the client does not wait
                while not over.wait(0.02):
                    handler.wfile.write(b"H")
            handler.wfile = io.BytesIO()
            return 200, b""

        with server(trickle, _tls(authority, tmp_path)) as url:
            access = ClusterAccess(server=url, ca_data=authority.certificate)
            with pytest.raises(ClusterTimeout):
                KubernetesCluster("weavers", lambda: connection(access, Path("/")), seconds=0.5).ping()
            over.set()

    def test_a_server_that_is_not_there(self):
        with pytest.raises(ClusterError, match="cannot be reached: Connection refused"):
            cluster_at("http://127.0.0.1:9").get_pod("p")

    @pytest.mark.parametrize("content", [None, "[", "[]", "{}"])
    def test_a_kubeconfig_that_is_none(self, tmp_path: Path, content):
        path = tmp_path / "kubeconfig"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ClusterError, match="not configured: kubeconfig"):
            ping(path)
