"""The benchmark scripts start: each prints its help, which needs every import of it to exist."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(path.name for path in (ROOT / "benchmarks").glob("*.py"))
# One process for all of them, since what they import takes longer than what they do.
ASK_EACH_FOR_HELP = """
import contextlib, io, json, runpy, sys
helps = {}
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            runpy.run_path("benchmarks/" + name, run_name="__main__")
        except SystemExit as stop:
            helps[name] = [stop.code, said.getvalue()]
print(json.dumps(helps))
"""


def test_every_benchmark_starts_and_says_what_it_measures():
    command = [sys.executable, "-c", ASK_EACH_FOR_HELP, *SCRIPTS]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    helps = json.loads(done.stdout)
    assert sorted(helps) == SCRIPTS != []
    for name, (code, text) in helps.items():
        assert code == 0 and text.startswith(f"usage: {name}") and len(text.splitlines()) > 5, (name, text)
