"""A small git repository and git's own http-backend to serve it, for the demo and for tests.

``python -m local.repository DIR`` makes DIR/hello.git if it is not there and serves every repository in DIR read-only;
prints ``ready URL``. The repository is then at ``URL/hello.git``.
"""

import argparse
import os
import subprocess
import tempfile
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_README = "# hello\n\nA small repository to look around in. Try `python3 hello.py`.\n"
_PROGRAM = 'print("hello from inside the weaver")\n'
_AUTHOR = {"NAME": "Loom", "EMAIL": "loom@example.invalid", "DATE": "2026-01-01T00:00:00Z"}


def make_repository(bare: Path) -> None:
    """A bare repository with one commit on ``main``, always the same one."""
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _AUTHOR.items()}
    env = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    bare.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=".", dir=bare.parent
    ) as folder:  # whole or not there, also when interrupted
        work = Path(folder, "work")
        work.mkdir()
        (work / "README.md").write_text(_README)
        (work / "hello.py").write_text(_PROGRAM)
        for arguments in (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "--all"),
            ("commit", "--quiet", "--message", "Say hello"),
            ("clone", "--quiet", "--bare", ".", "../bare"),
        ):
            subprocess.run(["git", *arguments], cwd=work, env=env, check=True)
        Path(folder, "bare").rename(bare)


class GitHandler(BaseHTTPRequestHandler):
    """The CGI side of ``git http-backend`` (git-http-backend(1)), read-only."""

    protocol_version = "HTTP/1.1"
    root: Path
    backend: str

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", "0"))))

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
        }
        done = subprocess.run([self.backend], env=env, input=body, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", str(HTTPStatus.OK.value)).split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def http_backend() -> str:
    """The path of git's CGI program."""
    folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{folder}/git-http-backend"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.repository")
    parser.add_argument("root", type=Path)
    root = parser.parse_args().root
    if not (root / "hello.git").exists():
        make_repository(root / "hello.git")
    GitHandler.root, GitHandler.backend = root, http_backend()
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHandler)
    server.daemon_threads = True
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
