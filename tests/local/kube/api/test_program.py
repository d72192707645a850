"""``python -m local.kube`` as a program."""

import asyncio
import json
import stat
from pathlib import Path

import aiohttp

from tests.local.kube.conftest import DEADLINE, RunningServer, running_server, server_command


async def test_the_kubeconfig_is_for_its_owner_alone(server: RunningServer):
    assert stat.S_IMODE(server.kubeconfig.stat().st_mode) == 0o600
    value = json.loads(server.kubeconfig.read_text())
    token = value["users"][0]["user"]["token"]
    assert value["clusters"][0]["cluster"]["server"] == server.url
    assert [path.name for path in server.kubeconfig.parent.iterdir() if "kubeconfig" in path.name] == ["kubeconfig"]
    async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {token}"}) as http:
        async with http.get("/api/v1/namespaces") as answer:
            names = [item["metadata"]["name"] for item in (await answer.json())["items"]]
            assert names == ["default", "kube-system"]
    async with aiohttp.ClientSession(server.url) as http, http.get("/api/v1/namespaces") as answer:
        assert answer.status == 403


async def test_sigterm_ends_it_though_a_watch_is_open(tmp_path: Path):
    async with running_server(tmp_path) as server:
        token = json.loads(server.kubeconfig.read_text())["users"][0]["user"]["token"]
        async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {token}"}) as http:
            async with http.get("/api/v1/pods?watch=1") as answer, asyncio.timeout(DEADLINE):
                server.process.terminate()
                assert await answer.read() == b""
                assert await server.process.wait() == 0


async def test_a_port_that_is_taken(tmp_path: Path, server: RunningServer):
    port = server.url.rpartition(":")[2]
    words = ["--state", str(tmp_path / "other"), "--kubeconfig", str(tmp_path / "other-config"), "--port", port]
    process = await asyncio.create_subprocess_exec(
        *server_command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(DEADLINE):
        out, err = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert b"in use" in err
    assert not (tmp_path / "other-config").exists()
