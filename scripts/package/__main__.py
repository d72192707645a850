"""``make package``: see :mod:`scripts.package`. The last line tells the sizes, in MB; exit 1 when Lambda would not take them."""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.package import archive, bytecode, layer
from scripts.package.circle import untied
from scripts.package.code import ChaliceFailed, chalice_package, stages
from scripts.package.template import DEPLOYMENT, LAYER, architecture_of, in_ascii, with_layer

_MB: Final = 2**20
#: Lambda's own: for the zip file of a function that is not in S3 (both together stay below it, so either way does), and unpacked
#: with all layers.
_LARGEST_ZIPPED, _LARGEST_UNPACKED = 50 * _MB, 250 * _MB
#: Where Lambda unpacks a function's code and its layers.
_TASK, _LAYERS = "/var/task", "/opt/python"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes."""

    zip: int
    layer: int
    unpacked: int

    @property
    def ok(self) -> bool:
        return self.zip + self.layer <= _LARGEST_ZIPPED and self.unpacked <= _LARGEST_UNPACKED

    def __str__(self) -> str:
        return f"package: zip={self.zip / _MB:.2f} layer={self.layer / _MB:.2f} unpacked={self.unpacked / _MB:.2f}"


def package(stage: str, out: Path, architecture: str | None = None) -> Sizes:
    """Writes the two zip files and the template into ``out``, for ``architecture`` or the one that the stage is configured for."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        code, template = chalice_package(stage, Path(folder))
        architecture = architecture or architecture_of(template)
        dependencies = Path(folder, "layer")
        layer.install(dependencies, architecture)
        layer.strip(dependencies)
        bytecode.compile_all(code, _TASK)
        bytecode.compile_all(dependencies, _LAYERS)
        archive.write(code, out / DEPLOYMENT)
        archive.write(dependencies, out / LAYER, "python/")
    merged = in_ascii(untied(with_layer(template, architecture)))
    Path(out, "template.json").write_text(json.dumps(merged, indent=2, default=str) + "\n")  # str: YAML's dates
    deployment, dependencies = out / DEPLOYMENT, out / LAYER
    unpacked = archive.unpacked_size(deployment) + archive.unpacked_size(dependencies)
    return Sizes(deployment.stat().st_size, dependencies.stat().st_size, unpacked)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.package", description=__doc__)
    parser.add_argument("--stage", default="dev", choices=stages())
    parser.add_argument("--architecture", choices=sorted(layer.PLATFORMS), help="another than the stage's")
    parser.add_argument("--out", type=Path, help="dist/lambda/STAGE unless told")
    arguments = parser.parse_args()
    out = arguments.out or Path("dist/lambda", arguments.stage)
    try:
        sizes = package(arguments.stage, out, arguments.architecture)
    except ChaliceFailed as failed:
        print(f"package: chalice failed:\n{failed}", file=sys.stderr)
        return 1
    print(f"package: in {out}", file=sys.stderr)
    if not sizes.ok:
        print("package: Lambda takes no more than 50 MB zipped and 250 MB unpacked", file=sys.stderr)
    print(sizes)
    return 0 if sizes.ok else 1


if __name__ == "__main__":
    sys.exit(main())
