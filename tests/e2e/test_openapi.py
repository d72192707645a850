"""schemathesis judges a running edition by its own ``/openapi.json``: no 500, and no answer that the document does not tell of.

Some twenty seconds of two cores; ``WEAVERS_CHAOS=full`` takes its time.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.ids import _FULL_ID
from tests.chaos import FULL
from tests.e2e.client import Client
from tests.e2e.conftest import Edition, running_edition

pytestmark = [
    pytest.mark.xdist_group("openapi"),
    pytest.mark.timeout(3600),  # the machine may be busy; it sends some 600 requests, in full some 10,000
    pytest.mark.laptop("sends all that the document permits: any image, any command"),
]

EXAMPLES = 200 if FULL else 5
#: What is made of the document's limits, what is made up, and what follows from answers.
PHASES = "coverage,fuzzing,stateful" if FULL else "coverage,fuzzing"


@pytest.fixture(scope="module")
def own_edition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edition]:
    """One whose weavers nobody else counts on."""
    with running_edition(tmp_path_factory.mktemp("openapi")) as running:
        yield running


@pytest.fixture(scope="module")
def document(own_edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The edition's own, made narrower for requests and stricter for answers."""
    status, told, _ = Client(own_edition.login["url"], None)("GET", "/openapi.json")
    assert status == 200
    assert told["servers"] == [{"url": own_edition.login["url"]}]
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(json.dumps(strict(narrow(told))))
    return path


def narrow(told: dict[str, Any]) -> dict[str, Any]:
    """Without what is valid by the document and refused for a reason that JSON Schema cannot say."""
    schemas = told["components"]["schemas"]
    limits = schemas["ResourceLimits"]["properties"]
    limits["memory_limit"]["enum"] = ["16Mi", "512Mi", "1.5Gi", "1Ti"]
    limits["cpu_limit"] = {"enum": ["10m", "0.5", "2", "256", None]}
    schemas["ExtendRequest"]["properties"]["lifetime_hours"]["minimum"] = 1  # of weavers that are younger
    del schemas["CreateRequest"]["properties"]["branch"]  # needs a repo
    cursor = next(one for one in told["paths"]["/api/weavers"]["get"]["parameters"] if one["name"] == "cursor")
    cursor["schema"] = {"type": "string", "pattern": f"^{_FULL_ID.pattern}$"}  # one that a list could have answered
    return told


def strict(told: dict[str, Any]) -> dict[str, Any]:
    """Answers may gain fields, but none that the document of the same version leaves out."""
    for name, schema in told["components"]["schemas"].items():
        if name != "Document" and "properties" in schema:
            schema["additionalProperties"] = False
    return told


def judge(document: Path, url: str, token: str | None, *arguments: str) -> None:
    """Fails with the report of what schemathesis found."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--no-color", "--config-file",
        str(Path(__file__).with_name("schemathesis.toml")), "run", str(document), "--url", url,
        "--phases", PHASES, "--max-examples", str(EXAMPLES), *arguments,
    ]  # fmt: skip
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    done = subprocess.run(command, cwd=document.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_whoever_may_do_everything_gets_what_the_document_says(own_edition: Edition, document: Path):
    judge(document, own_edition.login["url"], own_edition.admin_token)


def test_nobody_gets_what_the_document_says(own_edition: Edition, document: Path):
    judge(document, own_edition.login["url"], None, "--phases", "fuzzing")


if FULL:  # what a developer may not do is in the tables of tests/chalicelib/api

    def test_a_developer_gets_what_the_document_says(own_edition: Edition, document: Path):
        judge(document, own_edition.login["url"], own_edition.login["token"])
