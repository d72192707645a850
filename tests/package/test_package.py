"""What ``make package`` writes: small enough for Lambda, the same each time, and a template that fits it."""

import hashlib
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app import app
from scripts.bench_lambda import ARCHITECTURE
from scripts.package import archive, layer
from scripts.package.__main__ import Sizes
from scripts.package.own_template import own_template
from scripts.package.template import DEPENDENCIES, architecture_of, functions, in_ascii
from tests.package.functions import Package

pytestmark = pytest.mark.xdist_group("package")
MB = 2**20


def test_it_tells_the_sizes_last_and_makes_the_same_bytes_again(packaged: Package, tmp_path: Path):
    """In another folder, at another time, in another process."""
    command = (sys.executable, "-m", "scripts.package", "--stage", "dev", "--architecture", ARCHITECTURE)
    done = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True, check=True)
    [last] = done.stdout.splitlines()
    sizes = dict(word.split("=") for word in last.removeprefix("package: ").split())
    deployment, dependencies = (packaged.folder / name for name in ("deployment.zip", "layer.zip"))
    assert float(sizes["zip"]) == pytest.approx(deployment.stat().st_size / MB, abs=0.01)
    assert float(sizes["layer"]) == pytest.approx(dependencies.stat().st_size / MB, abs=0.01)
    unpacked = sum(path.stat().st_size for path in packaged.unpacked.rglob("*") if path.is_file())
    assert float(sizes["unpacked"]) == pytest.approx(unpacked / MB, abs=0.01)
    assert _sums(tmp_path) == _sums(packaged.folder)


def _sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("sizes", "ok"),
    [
        (Sizes(MB, 49 * MB, 250 * MB), True),
        (Sizes(MB, 49 * MB + 1, 250 * MB), False),
        (Sizes(MB, MB, 250 * MB + 1), False),
    ],
)
def test_what_lambda_would_not_take_is_refused(sizes: Sizes, ok: bool):
    assert sizes.ok is ok


def test_a_stage_that_is_not_configured_is_refused(tmp_path: Path):
    command = (sys.executable, "-m", "scripts.package", "--stage", "nowhere", "--out", str(tmp_path / "out"))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "invalid choice: 'nowhere'" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_same_files_are_the_same_zip_whatever_their_times_and_rights(tmp_path: Path):
    for number, name in enumerate(("one", "other")):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("b.py", "a.so")[:: 1 - 2 * number]:
            folder.joinpath(file).write_text(file)
            folder.joinpath(file).chmod(0o600 + 0o77 * number)
            os.utime(folder / file, (number, 10**9 * number))
        archive.write(folder, tmp_path / f"{name}.zip", "python/")
    one, other = (tmp_path / f"{name}.zip" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as packed:
        assert {entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in packed.infolist()} == {
            "python/a.so": 0o755,
            "python/b.py": 0o644,
        }


def test_it_has_our_code_and_not_the_checkouts_leavings(packaged: Package):
    with zipfile.ZipFile(packaged.folder / "deployment.zip") as packed:
        names = set(packed.namelist())
    assert {"app.py", "chalice/app.py", "chalicelib/bootstrap.py", "loom/wire/messages.py"} <= names
    assert {name.partition("/")[0] for name in names} == {"__pycache__", "app.py", "chalice", "chalicelib", "loom"}
    sources = {name for name in names if name.endswith(".py")}
    compiled = {name for name in names if name.endswith(".pyc")}
    assert sources | compiled == names
    assert len(compiled) == len(sources)


def test_every_function_has_the_layer_and_a_handler_that_is_there(packaged: Package):
    ours = functions(packaged.template)
    assert len(ours) == 1 + len(app.event_sources)
    dependencies = packaged.template["Resources"][DEPENDENCIES]["Properties"]
    for properties in ours.values():
        assert properties["CodeUri"] == "deployment.zip"
        assert {"Ref": DEPENDENCIES} in properties["Layers"]
        assert [properties["Runtime"]] == dependencies["CompatibleRuntimes"]
        assert properties["Architectures"] == dependencies["CompatibleArchitectures"] == [ARCHITECTURE]
        module, _, name = properties["Handler"].rpartition(".")
        assert module == "app"
        assert callable(getattr(sys.modules["app"], name))
    assert dependencies["ContentUri"] == "layer.zip"


def test_functions_of_several_architectures_are_refused(packaged: Package):
    one, other = (dict(properties) for properties in list(functions(packaged.template).values())[:2])
    one["Architectures"], other["Architectures"] = ["arm64"], ["x86_64"]
    resources = {
        name: {"Type": "AWS::Serverless::Function", "Properties": properties}
        for name, properties in (("One", one), ("Other", other))
    }
    with pytest.raises(ValueError, match="one architecture"):
        architecture_of({"Resources": resources})


def test_its_outputs_are_told_apart_from_chalices_by_their_descriptions(packaged: Package):
    outputs = packaged.template["Outputs"]
    assert {name for name, one in outputs.items() if one.get("Description")} == own_template()["Outputs"].keys()
    assert "EndpointURL" in outputs


def test_what_cloudformation_may_not_give_back_is_in_no_template(packaged: Package):
    assert in_ascii(packaged.template) == packaged.template
    with pytest.raises(ValueError, match=r"characters than ASCII's: .summary.: .RFC 9110 §15"):
        in_ascii({"paths": [{"/attach": {"summary": "RFC 9110 §15", "description": "ASCII"}}]})


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", 62), ("arm64", 183)])
def test_the_lock_has_native_code_for_each_processor_of_lambda(architecture: str, machine: int, tmp_path: Path):
    """ELF's e_machine, at byte 18 (Tool Interface Standard, ELF 1.2, and Arm's supplement)."""
    layer.install(tmp_path / "layer", architecture)
    libraries = list((tmp_path / "layer").rglob("*.so*"))
    assert len(libraries) >= 4
    assert {int.from_bytes(path.read_bytes()[18:20], "little") for path in libraries} == {machine}
