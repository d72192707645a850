"""Lambda's Python runtime, as far as a function can tell: ``python -I -S lambda_runtime.py TASK LAYER [RUNTIME]``.

Reads a line of JSON for each event, ``{"handler": "module.name", "event": …}``, and answers with one: ``{"result": …}``, or
``{"errorType": …, "errorMessage": …}`` for an exception, as Lambda does. What the function prints goes to stderr. The special
handler ``modules`` answers where everything that is loaded was loaded from, and ``not_found`` which of the event's names cannot be.
"""

import importlib
import json
import logging
import os
import sys
import traceback
from typing import Any


def invocation_id(number: int) -> str:
    """Of the event in this line of the input, from 0 on."""
    return f"00000000-0000-4000-8000-{number:012}"


def trace_id(number: int) -> str:
    return f"1-67f3a1b2-{number:024x}"


class Context:
    """Lambda's context object."""

    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version = "$LATEST"
    invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    log_group_name = f"/aws/lambda/{function_name}"
    log_stream_name = "2026/04/07/[$LATEST]0123456789abcdef0123456789abcdef"
    identity = client_context = None

    def __init__(self, number: int) -> None:
        self.aws_request_id = invocation_id(number)

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def modules(_event: None) -> dict[str, str]:
    places = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return {name: place for name, place in places.items() if place}


def not_found(names: list[str]) -> list[str]:
    missing: list[str] = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing


def answer(asked: dict[str, Any], number: int) -> Any:
    special: Any = {"modules": modules, "not_found": not_found}.get(asked["handler"])
    if special:
        return special(asked["event"])
    os.environ["_X_AMZN_TRACE_ID"] = f"Root={trace_id(number)};Parent=0123456789abcdef;Sampled=1"
    module, _, name = asked["handler"].rpartition(".")
    return getattr(importlib.import_module(module), name)(asked["event"], Context(number))


def main() -> None:
    sys.path[:0] = sys.argv[1:]  # Lambda: /var/task, /opt/python, /var/runtime
    answers, sys.stdout = sys.stdout, sys.stderr
    plain = logging.StreamHandler(sys.stdout)
    plain.setFormatter(logging.Formatter("[%(levelname)s]\t%(message)s"))
    logging.getLogger().addHandler(plain)  # Lambda's own, which is there before the function's code
    for number, line in enumerate(sys.stdin):
        try:
            told = {"result": answer(json.loads(line), number)}
        except Exception as error:  # noqa: BLE001  # whatever it is, Lambda reports it
            traceback.print_exc()
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
