"""TLS and Kubernetes' ways of knowing who asks, in front of the laptop edition's pod API server, which has neither.

``python -m tests.cluster.front --kubeconfig UPSTREAM --certificate PEM --client-ca PEM --tokens FILE`` takes every client that has a
certificate of that authority or one of the tokens in FILE, which is read anew for each request; others get 401. Prints ``ready URL``.
"""

import argparse
import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from chalicelib.domain.kubeconfig import ClusterAccess
from relay.access import load_access

_UNAUTHORIZED = b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}'
_HEADER = re.compile(rb"\r\n(authorization|content-length|upgrade): *([^\r]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Front:
    """Passes on what known clients send, with the upstream's own token in place of what they showed."""

    upstream: ClusterAccess
    tokens: Path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, to its end."""
        host, port = self.upstream.server.removeprefix("http://").split(":")
        answers, requests = await asyncio.open_connection(host, int(port))
        answering = asyncio.create_task(_pipe(answers, writer))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            begun: bytes | None = b""
            while begun is not None:
                begun = await self._pass_on(begun, reader, requests, writer)
        requests.close()
        await answering

    async def _pass_on(
        self, begun: bytes, reader: asyncio.StreamReader, requests: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> bytes | None:
        """One request, of which ``begun`` was read; what was read of the next one, None when there is none to come."""
        head = begun + await reader.readuntil(b"\r\n\r\n")
        fields = {name.lower(): value for name, value in _HEADER.findall(head)}
        if not self._knows(fields.get(b"authorization", b""), writer):
            await reader.readexactly(int(fields.get(b"content-length", b"0")))
            length = len(_UNAUTHORIZED)
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%b" % (length, _UNAUTHORIZED))
            return b""
        line, _, rest = re.sub(rb"(?i)\r\nauthorization:[^\r]*", b"", head).partition(b"\r\n")
        requests.write(b"%b\r\nAuthorization: Bearer %b\r\n%b" % (line, (self.upstream.token or "").encode(), rest))
        if b"upgrade" in fields:
            first = await reader.read(1)
            if first.isalpha():  # a method: the upgrade was refused. Frames of WebSockets begin with 0x80 or more
                return first
            requests.write(first)
            await _pipe(reader, requests)
            return None
        requests.write(await reader.readexactly(int(fields.get(b"content-length", b"0"))))
        return b""

    def _knows(self, authorization: bytes, writer: asyncio.StreamWriter) -> bool:
        known = {f"Bearer {token}".encode() for token in self.tokens.read_text().split()}
        return bool(writer.get_extra_info("peercert")) or authorization in known


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.front")
    for option in ("--kubeconfig", "--certificate", "--client-ca", "--tokens"):
        parser.add_argument(option, type=Path, required=True)
    arguments = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate)
    context.load_verify_locations(arguments.client_ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    front = Front(load_access(arguments.kubeconfig), arguments.tokens)
    server = await asyncio.start_server(front.serve, "127.0.0.1", 0, ssl=context)
    print(f"ready https://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
