"""Requests that are sent before their answer is asked for."""

from contextlib import nullcontext

import pytest

from loom.client.config import Config
from loom.client.errors import ConnectionFailed
from loom.client.http import HttpClient
from tests.loom.stand_in import Answer, Api, api_server

PATH = "/api/weaver/otter/ticket"


def client(url: str) -> HttpClient:
    return HttpClient(Config(url, "token", "cli"), lambda _what: nullcontext())


def served(api: Api) -> None:
    api.on("POST", PATH, Answer(200, {"is": "a ticket"}))
    api.on("GET", "/health", Answer(200, {"is": "health"}))


def test_what_was_sent_ahead_is_not_sent_again():
    with api_server() as api:
        served(api)
        http = client(api.url)
        http.send_ahead("POST", PATH, {"role": "driver"})
        assert http.request("POST", PATH, {"role": "driver"}) == {"is": "a ticket"}
        assert http.request("POST", PATH, {"role": "driver"}) == {"is": "a ticket"}
        http.close()
    assert len(api.asked) == 2


def test_another_request_does_not_get_its_answer():
    with api_server() as api:
        served(api)
        http = client(api.url)
        http.send_ahead("POST", PATH, {"role": "driver"})
        assert http.request("GET", "/health") == {"is": "health"}
        http.close()


def test_a_server_that_is_not_there_is_told_by_the_request():
    http = client("http://127.0.0.1:1")
    http.send_ahead("POST", PATH, {"role": "driver"})
    with pytest.raises(ConnectionFailed, match="cannot be reached: Connection refused"):
        http.request("POST", PATH, {"role": "driver"})
