"""AWS's DynamoDB Local as a process of a test or a measurement: its transactions are isolated, which moto's are not.

It never answers TransactionConflict, and it listens on all interfaces: nothing but made-up data belongs in it.
"""

import contextlib
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence

from scripts.dynamodb_local import FOLDER
from tests.waiting import until

#: Quick to start, and small: the tables are in SQLite's memory and not in Java's.
_SHORT_LIVED = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_SERVER = ("-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-port")
#: For thousands of requests: compiled as well as Java can, which takes a sixth off each.
LONG_LIVED = ("-Xmx1g", "-XX:+UseParallelGC")


@contextlib.contextmanager
def dynamodb_local(java: Sequence[str] = _SHORT_LIVED) -> Iterator[str]:
    """Runs the server, with options for Java, until the block ends. Yields its URL, which answers; any credentials and region
    will do.
    """
    port = _free_port()
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(["java", *java, *_SERVER, str(port)], cwd=FOLDER, stdout=output, stderr=output) as process,
    ):
        try:
            until(lambda: process.poll() is not None or _answers(port))
            output.seek(0)
            assert process.poll() is None, output.read()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _free_port() -> int:
    """One that was free a moment ago: the server takes no port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
