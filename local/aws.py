"""AWS on this machine: moto's server over HTTP, in memory. ``python -m local.aws`` prints ``ready URL``.

moto's DynamoDB transactions are not isolated: its requests are therefore answered one at a time (DESIGN §11).
"""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator


def one_at_a_time(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application whose requests wait for one another."""
    lock = threading.Lock()

    def serialised(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with lock:
            answer = application(environ, start_response)
            try:
                return list(answer)
            finally:
                if isinstance(answer, ClosingIterator):  # PEP 3333 asks for it
                    answer.close()

    return serialised


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
