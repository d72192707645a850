"""TLS in front of a part of the laptop edition, which speaks plain HTTP: kubectl sends tokens over TLS only."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.certificates import Pair

_CHUNK = 64 * 1024


@asynccontextmanager
async def tls_front(url: str, pair: Pair, folder: Path) -> AsyncIterator[str]:
    """Yields the https URL of a listener on 127.0.0.1 that passes on, decrypted, to ``url``. ``folder`` is private."""
    file = folder / "server.pem"
    file.touch(mode=0o600)
    file.write_bytes(pair.certificate + pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    behind = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection(behind.hostname, behind.port)
        await asyncio.gather(_pump(reader, back_writer), _pump(back_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass  # either side may end a connection as it likes
    finally:
        writer.close()
