"""Who the relay is to Kubernetes: the bearer token that goes with each request."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from chalicelib.domain.kubeconfig import ClusterAccess, ExecPlugin, KubeconfigError, PluginToken, plugin_token

_PLUGIN_TIMEOUT: Final = 20  # seconds


class NoCredential(aiohttp.ClientError):
    """No token can be had; the message says why and tells no secret."""


class Authentication:
    """A middleware of aiohttp's client: a fixed token, one from a file that is rotated, or a plugin's until it expires or is refused.

    It also names the server that the TLS certificate must be of, which is Kubernetes' ``tls-server-name``. ``folder`` is where
    relative paths of the kubeconfig count from.
    """

    def __init__(self, access: ClusterAccess, folder: Path) -> None:
        self._access = access
        self._origin = URL(access.server).origin()
        self._folder = folder
        self._plugin_token: PluginToken | None = None
        self._running = asyncio.Lock()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Raises NoCredential."""
        if request.url.origin() != self._origin:
            return await handler(request)  # a redirect: the token is not for others
        if self._access.tls_server_name:
            request.server_hostname = self._access.tls_server_name
        token = await self._authorize(request)
        response = await handler(request)
        if response.status == 401 and self._access.exec_plugin:
            response.release()
            await self._authorize(request, refused=token)
            response = await handler(request)
        return response

    async def _authorize(self, request: ClientRequest, refused: str | None = None) -> str | None:
        token = await self._token(refused)
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return token

    async def _token(self, refused: str | None) -> str | None:
        if self._access.token_file:
            try:
                return (self._folder / self._access.token_file).read_text().strip()
            except OSError as error:
                raise NoCredential(f"the token file cannot be read: {error.strerror}") from error
        if self._access.exec_plugin:
            return await self._of_plugin(self._access.exec_plugin, refused)
        return self._access.token

    async def _of_plugin(self, plugin: ExecPlugin, refused: str | None) -> str:
        """The plugin's token, by one run for all requests that need a new one."""
        async with self._running:
            had = self._plugin_token
            if had is None or had.token == refused or not had.holds(datetime.now(UTC)):
                self._plugin_token = had = await _run(plugin, self._folder)
            return had.token


async def _run(plugin: ExecPlugin, folder: Path) -> PluginToken:
    command = str(folder / plugin.command) if "/" in plugin.command else plugin.command
    try:
        process = await asyncio.create_subprocess_exec(
            command, *plugin.args, env={**os.environ, **plugin.environment},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise NoCredential(f"the credential plugin {plugin.command!r} cannot be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(_PLUGIN_TIMEOUT):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise NoCredential(f"the credential plugin {plugin.command!r} took longer than {_PLUGIN_TIMEOUT} s") from error
    finally:
        if process.returncode is None:  # timed out, or whoever asked has gone
            process.kill()
            await process.wait()
    if process.returncode:
        raise NoCredential(f"the credential plugin {plugin.command!r} ended with exit code {process.returncode}")
    try:
        return plugin_token(output)
    except KubeconfigError as error:
        raise NoCredential(f"the credential plugin {plugin.command!r}: {error}") from error
