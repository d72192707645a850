"""What a cold start brings along: `make bench` has the time, this has the reason should it grow."""

import re
import subprocess
import sys

SCRIPT = """
import sys
from scripts.bench import FIRST_REQUEST
exec(FIRST_REQUEST)
print(*sys.modules)
"""
#: Each costs as much as a tenth of a cold start, or more, and the first request needs none.
HEAVY = {
    "asyncio",
    "aws_lambda_powertools.event_handler",
    "aws_xray_sdk",
    "boto3",
    "cryptography",
    "jwt",
    "kubernetes",
    "pydantic",
    "s3transfer",
    "yaml",
}
_TOLD = 25


def test_a_request_without_a_body_brings_no_library_that_it_does_not_use():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "pynamodb" in loaded
    assert loaded.isdisjoint(HEAVY), f"{loaded & HEAVY} came along; the heaviest imports:\n{heaviest(done.stderr)}"


def heaviest(importtime: str) -> str:
    """Of what ``-X importtime`` tells, most milliseconds first, what a module imports included."""
    line = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")
    found = [(int(whole), int(own), name) for own, whole, _, name in line.findall(importtime)]
    return "\n".join(
        f"{whole / 1000:7.1f} ms, itself {own / 1000:5.1f}  {name}" for whole, own, name in sorted(found)[::-1][:_TOLD]
    )


def test_the_heaviest_imports_come_first():
    told = "import time: self [us] | cumulative | imported package\nimport time:      1500 |       1500 |   inner\nimport time: 250 | 2750 | outer\n"
    assert heaviest(told).splitlines() == ["    2.8 ms, itself   0.2  outer", "    1.5 ms, itself   1.5  inner"]
