"""The code and the template, as Chalice makes them: of a copy of the checkout, with Chalice's own dependency resolution idle."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.package import own_template

CONFIG: Final = Path(".chalice/config.json")
#: Packages of ours that come along beside ``chalicelib``. Chalice puts what is in vendor/ at the top of the zip; the bot's place
#: is here: a "bot" more.
VENDORED: Final = ("loom",)
_NOT_CODE: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


class ChaliceFailed(Exception):
    """With what Chalice said."""


def stages() -> list[str]:
    """Those that can be packaged: of another one Chalice would make a template from its defaults, without a word."""
    return list(json.loads(CONFIG.read_text())["stages"])


def chalice_package(stage: str, scratch: Path) -> tuple[Path, dict[str, Any]]:
    """A folder with the code, and the merged template. Raises ChaliceFailed."""
    project, out, code = scratch / "project", scratch / "out", scratch / "code"
    _copy(project)
    command = [str(Path(sys.executable).with_name("chalice")), "package", "--stage", stage]
    ours = scratch / "ours.json"
    own_template.write(ours)
    command += ["--merge-template", str(ours)]
    done = subprocess.run([*command, str(out)], cwd=project, env=_environment(scratch), capture_output=True, text=True)
    if done.returncode:
        raise ChaliceFailed(done.stdout + done.stderr)
    with zipfile.ZipFile(out / "deployment.zip") as packed:
        packed.extractall(code)
    [template] = out.glob("sam.*")
    return code, yaml.safe_load(template.read_text())  # JSON is YAML


def _copy(project: Path) -> None:
    """What Chalice reads. An empty requirements.txt: else it would run pip for minutes."""
    project.mkdir()
    shutil.copy("app.py", project)
    for folder in (".chalice", "chalicelib"):
        shutil.copytree(folder, project / folder, ignore=_NOT_CODE)
    for package in VENDORED:
        shutil.copytree(package, project / "vendor" / package, ignore=_NOT_CODE)
    project.joinpath("requirements.txt").touch()


def _environment(scratch: Path) -> dict[str, str]:
    """Nothing of whoever packages: Chalice imports ``app.py`` and asks botocore for a region, neither of which may matter."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(scratch),
        "LC_ALL": "C.UTF-8",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",  # it would be in the zip
    }
