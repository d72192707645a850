"""Two real relays behind one address, each of which may be killed and started again."""

import asyncio
import itertools
import json
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress

from relay.owner import owner_of
from tests.relay.relay_process import DEADLINE, Relay, running_relay

KEY = "a secret of the deployment, long enough"


class TwoRelays:
    """``relays`` has those that run, by their URLs; ``count`` are known."""

    def __init__(self, environment: Mapping[str, str], stack: AsyncExitStack, count: int = 2) -> None:
        self._environment = environment
        self._stack = stack
        self.urls = [f"http://127.0.0.1:{port}" for port in _free_ports(count)]
        self.relays: dict[str, Relay] = {}

    async def start(self, url: str) -> Relay:
        own = {"LOOM_RELAY_SELF": url, "LOOM_RELAY_LISTEN": url.removeprefix("http://"), "LOOM_RELAY_RESUME_KEY": KEY}
        environment = {**self._environment, **self.told(), **own}
        self.relays[url] = await self._stack.enter_async_context(running_relay(environment))
        return self.relays[url]

    def told(self) -> dict[str, str]:
        """How they know each other."""
        return {"LOOM_RELAY_PEERS": ",".join(self.urls)}

    async def kill(self, url: str) -> None:
        self.relays[url].process.kill()
        await self.relays.pop(url).process.wait()

    async def stop(self, url: str) -> int:
        return await self.relays.pop(url).stop()

    def owner(self, weaver_id: str) -> Relay:
        """Which of both owns it while both run."""
        return self.relays[owner_of(weaver_id, self.urls)]

    def other(self, weaver_id: str) -> Relay:
        return next(relay for relay in self.relays.values() if relay is not self.owner(weaver_id))

    def weaver_of(self, url: str) -> str:
        """A weaver that this relay owns while both run."""
        ids = (f"01a2030e-8a89-72c3-89cd-{uuid.uuid4().hex[:12]}" for _ in itertools.count())
        return next(weaver_id for weaver_id in ids if owner_of(weaver_id, self.urls) == url)

    async def knows(self, url: str, *, other: bool) -> None:
        """Wait until that relay counts on the other one, or no more."""
        async with asyncio.timeout(DEADLINE):
            while _newest(self.relays[url].log) != ("a relay came" if other else "a relay went"):  # noqa: ASYNC110  # a log
                await asyncio.sleep(0.02)


@asynccontextmanager
async def two_relays(environment: Mapping[str, str]) -> AsyncIterator[TwoRelays]:
    async with AsyncExitStack() as stack:
        both = TwoRelays(environment, stack)
        for url in both.urls:
            await both.start(url)
        await both.knows(both.urls[0], other=True)  # the second one knew the first from its start
        yield both


@asynccontextmanager
async def one_address(urls: list[str]) -> AsyncIterator[str]:
    """Passes every connection to the next relay that takes it. Yields the URL."""
    turns = itertools.cycle([url.rpartition(":")[2] for url in urls])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in urls:
            with suppress(OSError):
                behind = await asyncio.open_connection("127.0.0.1", int(next(turns)))
                break
        else:
            writer.close()
            return
        await asyncio.wait(
            [asyncio.create_task(_copy(reader, behind[1])), asyncio.create_task(_copy(behind[0], writer))],
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:  # all of them until the last is known, so that they differ
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in sockets]


def _newest(log: list[str]) -> str:
    """The last that a relay told of another one."""
    messages = [str(json.loads(line)["message"]) for line in log]
    return next((message for message in reversed(messages) if message.startswith("a relay ")), "")
