"""What a cold start brings along: `make bench` has the time, this has the reason should it grow."""

import subprocess
import sys

SCRIPT = """
import sys
from scripts.bench import FIRST_REQUEST
exec(FIRST_REQUEST)
print(*sys.modules, file=sys.stderr)
"""


def test_a_request_without_a_body_brings_no_library_that_it_does_not_use():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "pynamodb" in loaded
    assert loaded.isdisjoint({"pydantic", "jwt", "cryptography", "yaml"})
