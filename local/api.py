"""The Chalice app on this machine: what API Gateway and EventBridge do around it, with its own code unchanged.

``python -m local.api --fd N --state DIR`` serves on the listening socket N; DIR holds ``tokens.json``, a list of
``{"token": …, "principal": {…}}`` to make known. Prints ``ready URL``.
"""

import argparse
import functools
import itertools
import json
import logging
import socket
import threading
import time
from pathlib import Path

from chalice import Chalice
from chalice.local import LambdaContext, LocalChalice

from app import app
from chalicelib.bootstrap import control_plane
from chalicelib.domain.permissions import Principal
from chalicelib.services.authenticate import token_hash
from local.gateway import GatewayHandler, Server


def tick_every(seconds: float, local_app: Chalice) -> None:
    """EventBridge's part: starts the sweep, for ever."""
    for number in itertools.count(1):
        time.sleep(seconds)
        event = {
            "version": "0",
            "account": "000000000000",
            "region": "local",
            "detail": {},
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": str(number),
            "resources": [],
        }
        try:
            local_app.handler_map["sweep"](event, LambdaContext("sweep", memory_size=256))
        except Exception:  # as in Lambda: whatever it was is logged, and the next tick comes
            logging.getLogger("chalicelib").exception("the sweep failed")


def prepare(state: Path) -> None:
    """Makes the table and the tokens known: on AWS, the stack's and an admin's work."""
    plane = control_plane()
    plane.table.create()
    for entry in json.loads((state / "tokens.json").read_text()):
        plane.tokens.add(token_hash(entry["token"]), Principal(**entry["principal"]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.api")
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--tick", type=float, default=60, help="seconds between sweeps")
    arguments = parser.parse_args()
    prepare(arguments.state)
    app.__class__ = LocalChalice  # its current request is a thread's own, as `chalice local` has it
    handler = functools.partial(GatewayHandler, app)
    server = Server(socket.socket(fileno=arguments.fd), handler)
    threading.Thread(target=tick_every, args=(arguments.tick, app), daemon=True).start()
    host, port = server.socket.getsockname()[:2]
    print(f"ready http://{host}:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
