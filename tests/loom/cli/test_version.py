"""``loom version``: three parts, and what is said when one cannot be asked."""

import socket
import tomllib
from pathlib import Path

import chalicelib
from loom import __version__
from tests.loom.stand_in import Answer

ROOT = Path(__file__).parents[3]


def test_the_parts_are_released_under_one_version():
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert __version__ == chalicelib.__version__ == tomllib.load(file)["project"]["version"]


def test_the_option_asks_nobody(run, api):
    assert run("--version").stdout == f"loom {__version__}\n"
    assert api.asked == []


def test_all_parts_tell_theirs(run, api):
    api.on("GET", "/health", Answer(200, {"version": "9.8.7", "relay_url": f"{api.url.replace('http', 'ws')}/relay"}))
    api.on("GET", "/relay/healthz", Answer(200, {"status": "ok", "version": "9.8.6"}))
    result = run("version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"client\t{__version__}\t",
        f"server\t9.8.7\t{api.url}",
        f"relay\t9.8.6\t{api.url}/relay",
    ]
    assert [asked.path for asked in api.asked] == ["/health", "/relay/healthz"]


def test_the_questions_carry_no_token(run, api):
    api.on("GET", "/health", Answer(200, {"version": "9.8.7", "relay_url": api.url.replace("http", "ws")}))
    api.on("GET", "/healthz", Answer(200, {"version": "9.8.6"}))
    assert run("version").returncode == 0
    assert run("version", env={"HOME": "/nonexistent", "LOOM_URL": api.url}).stdout.count("9.8.") == 2
    assert len(api.asked) == 4
    assert all("Authorization" not in asked.headers for asked in api.asked)


def test_a_server_that_is_not_healthy_tells_its_version(run, api):
    api.on("GET", "/health", Answer(503, {"status": "unhealthy", "version": "9.8.7", "relay_url": None}))
    result = run("version")
    assert result.returncode == 0
    assert result.stdout.splitlines()[1:] == [f"server\t9.8.7\t{api.url}", "relay\tnot known\t"]
    assert result.stderr == "loom: the API does not tell where the relay is\n"


def test_a_relay_that_is_not_reachable(run, api):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"127.0.0.1:{unused.getsockname()[1]}"
        api.on("GET", "/health", Answer(200, {"version": "9.8.7", "relay_url": f"ws://{url}"}))
        result = run("version")
    assert result.returncode == 0
    assert result.stdout.splitlines()[2] == f"relay\tnot reachable\thttp://{url}"
    assert result.stderr == f"loom: the relay at http://{url} cannot be reached: Connection refused\n"


def test_a_server_that_is_not_reachable_or_not_known(run, env):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run("version", env={**env, "LOOM_URL": url})
    assert result.returncode == 0
    assert result.stdout.splitlines()[1:] == [f"server\tnot reachable\t{url}", "relay\tnot known\t"]
    assert result.stderr == f"loom: the API at {url} cannot be reached: Connection refused\n"
    result = run("version", env={"HOME": env["HOME"]})
    assert result.returncode == 0
    assert result.stdout.splitlines()[1:] == ["server\tnot known\t", "relay\tnot known\t"]
    assert result.stderr.startswith("loom: which API? Give --url")
    assert result.stderr.count("\n") == 1


def test_another_server_altogether(run, api):
    api.on("GET", "/health", Answer(200, {"status": "ok"}))
    result = run("version")
    assert result.returncode == 0
    assert result.stderr == f"loom: the API at {api.url} does not tell its version\n"
