"""How an exchange with Kubernetes or DynamoDB can go wrong: one catalogue for all tests."""

import json
import zlib
from typing import Any, Literal

from tests.chalicelib.proxies.proxy import Exchange, Fault, Told


def _reset_before(exchange: Exchange) -> None:
    exchange.reset()


def _reset_after(exchange: Exchange) -> None:
    exchange.upstream()
    exchange.reset()


def _reset_midway(exchange: Exchange) -> None:
    told = exchange.upstream()
    exchange.answer(told, of_body=len(told.body) // 2)
    exchange.reset()


def _closed_before(exchange: Exchange) -> None:
    exchange.close()


def _truncated(exchange: Exchange) -> None:
    told = exchange.upstream()
    exchange.answer(told, of_body=len(told.body) // 2)


def _cut_short(exchange: Exchange) -> None:
    """Half the body, and a length that fits it."""
    told = exchange.upstream()
    half = len(told.body) // 2
    exchange.answer(told, length=half, of_body=half)


def _hang_before(exchange: Exchange) -> None:
    exchange.hang()


def _hang_after(exchange: Exchange) -> None:
    exchange.upstream()
    exchange.hang()


def _trickle_head(exchange: Exchange) -> None:
    exchange.upstream()
    exchange.trickle(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 60_000, every=0.02)


def _trickle_body(exchange: Exchange) -> None:
    told = exchange.upstream()
    exchange.answer(told, length=60_000, of_body=0)
    exchange.trickle(b" " * 60_000, every=0.02)


def _garbage(exchange: Exchange) -> None:
    exchange.raw(b"\x00\xffnonsense\r\n\r\n")


def _welcome_page(exchange: Exchange) -> None:
    exchange.answer(Told(200, b"<html>Welcome to nginx!</html>", {"Content-Type": "text/html"}))


def _not_found_page(exchange: Exchange) -> None:
    exchange.answer(Told(404, b"<html>404</html>", {"Content-Type": "text/html"}))


def _bad_gateway_after(exchange: Exchange) -> None:
    exchange.upstream()
    exchange.answer(Told(502, b"<html>502</html>", {"Content-Type": "text/html"}))


BROKEN = (
    Fault("reset before", _reset_before),
    Fault("reset after", _reset_after),
    Fault("reset midway", _reset_midway),
    Fault("closed before", _closed_before),
    Fault("truncated", _truncated),
    Fault("cut short", _cut_short),
    Fault("garbage", _garbage),
    Fault("welcome page", _welcome_page),
    Fault("404 page", _not_found_page),
    Fault("502 after", _bad_gateway_after),
)
SLOW = (
    Fault("hang before", _hang_before),
    Fault("hang after", _hang_after),
    Fault("trickled head", _trickle_head),
    Fault("trickled body", _trickle_body),
)

When = Literal["before", "after"]


def answers(name: str, told: Told, when: When = "before") -> Fault:
    """Answers ``told``, before or after the server did what was asked."""

    def act(exchange: Exchange) -> None:
        if when == "after":
            exchange.upstream()
        exchange.answer(told)

    return Fault(f"{name} {when}", act)


def kubernetes(code: int, reason: str, when: When = "before", **headers: str) -> Fault:
    """A Status of the API server."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no luck", "reason": reason}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    told = Told(code, json.dumps({**status, "code": code}).encode(), {"Content-Type": "application/json", **named})
    return answers(f"{code} {reason}", told, when)


def dynamodb(code: int, error: str, when: When = "before", **body: Any) -> Fault:
    """An error of DynamoDB (its JSON 1.0 protocol)."""
    name = f"com.amazonaws.dynamodb.v20120810#{error}"
    content = json.dumps({"__type": name, "message": "no luck", **body}).encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amz-crc32": str(zlib.crc32(content))}
    return answers(f"{code} {error}", Told(code, content, headers), when)


def _conflicting(exchange: Exchange) -> None:
    items = len(json.loads(exchange.asked.body).get("TransactItems", ()))
    reasons = [{"Code": "TransactionConflict", "Message": "no luck"}, *[{"Code": "None"}] * (items - 1)]
    dynamodb(400, "TransactionCanceledException", CancellationReasons=reasons).act(exchange)


def _flipped(exchange: Exchange) -> None:
    told = exchange.upstream()
    body = bytearray(told.body)
    body[len(body) // 2] ^= 1
    exchange.answer(Told(told.status, bytes(body), told.headers))


KUBERNETES = (
    *BROKEN,
    *SLOW,
    kubernetes(409, "Conflict"),
    kubernetes(429, "TooManyRequests", Retry_After="1"),
    kubernetes(500, "InternalError"),
    kubernetes(500, "InternalError", "after"),
    kubernetes(503, "ServiceUnavailable"),
    kubernetes(504, "Timeout", "after"),
    kubernetes(403, "Forbidden"),
)
DYNAMODB = (
    *BROKEN,
    *SLOW,
    Fault("bit flipped", _flipped),
    Fault("transaction conflict", _conflicting),
    dynamodb(400, "ThrottlingException"),
    dynamodb(400, "ProvisionedThroughputExceededException"),
    dynamodb(400, "TransactionInProgressException"),
    dynamodb(500, "InternalServerError"),
    dynamodb(500, "InternalServerError", "after"),
    dynamodb(400, "ExpiredTokenException"),
    dynamodb(400, "AccessDeniedException"),
    dynamodb(400, "ResourceNotFoundException"),
)
