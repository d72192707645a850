"""``python -m local.kube --state DIR --kubeconfig PATH``: the single-node pod API server as a program.

Prints ``ready http://HOST:PORT`` once it listens and the kubeconfig is written; logs to stderr; SIGTERM and SIGINT end it
and every container.
"""

import argparse
import asyncio
import contextlib
import logging
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop

from local.kube import isolation
from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubeconfig import write_kubeconfig
from local.kube.kubelet import Kubelet
from local.kube.manifests import BadManifest, load_manifests
from local.kube.registry import Registry
from local.kube.server import ApiServer
from local.kube.serving_certificate import serving_certificate
from local.kube.status import ApiError

#: Seconds. Whoever has the file may use it for as long as this server lives.
_ACCOUNT_TOKEN_LIFETIME: Final = 365 * 24 * 3600


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.kube", description="A single-node pod API server.")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="logs and volumes go here")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--kubeconfig", type=Path, required=True, metavar="PATH", help="written once it listens")
    parser.add_argument(
        "--loom-image",
        action="append",
        default=[],
        metavar="NAME",
        help="an image with `loom session` in it; repeatable",
    )
    parser.add_argument(
        "--tls", action="store_true", help="HTTPS, with a certificate that the kubeconfig carries (kubectl needs it)"
    )
    parser.add_argument(
        "--manifests",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="namespaces, service accounts, roles and bindings to start with; repeatable",
    )
    parser.add_argument(
        "--account-kubeconfig",
        action="append",
        type=_account_and_path,
        default=[],
        metavar="NAMESPACE/ACCOUNT=PATH",
        help="a kubeconfig with a token of this service account, written before the first; repeatable",
    )
    return parser.parse_args(words)


def _account_and_path(word: str) -> tuple[tuple[str, str], Path]:
    account, _, path = word.partition("=")
    namespace, _, name = account.partition("/")
    if not (namespace and name and path):
        raise argparse.ArgumentTypeError(f"{word!r} is not NAMESPACE/ACCOUNT=PATH")
    return (namespace, name), Path(path)


async def serve(arguments: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT. Raises OSError when it cannot listen or write."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    registry = Registry(first_version=time.time_ns() // 1_000_000)
    tokens = ServiceAccountTokens(registry)
    kubelet = Kubelet(registry, state=arguments.state, loom_images=frozenset(arguments.loom_image), tokens=tokens)
    token = secrets.token_urlsafe(32)
    server = ApiServer(registry, kubelet, token, tokens)
    for path in arguments.manifests:
        load_manifests(registry, path)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        await kubelet.start()
        stack.push_async_callback(kubelet.close)
        tls, authority = serving_certificate(arguments.host) if arguments.tls else (None, None)
        port = await server.start(arguments.host, arguments.port, tls)
        url = f"{'https' if tls else 'http'}://{arguments.host}:{port}"
        for account, path in arguments.account_kubeconfig:
            found = registry.get("serviceaccounts", *account)
            write_kubeconfig(path, url, tokens.issue(found, seconds=_ACCOUNT_TOKEN_LIFETIME), authority)
        write_kubeconfig(arguments.kubeconfig, url, token, authority)
        print(f"ready {url}", flush=True)
        await ended.wait()


def main(words: Sequence[str] | None = None) -> int:
    arguments = _arguments(sys.argv[1:] if words is None else words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    arguments.state.mkdir(parents=True, exist_ok=True)
    if warning := isolation.warning():
        print(warning, file=sys.stderr, flush=True)
    try:
        uvloop.run(serve(arguments))
    except (OSError, BadManifest, ApiError) as error:
        print(f"local.kube: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
