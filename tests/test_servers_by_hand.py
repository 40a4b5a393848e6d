"""The script that starts servers for checks by hand leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "support" / "servers.py"
LOOK = """
import os
from urllib.parse import urlsplit
from coderag_app.database import open_database
for name in ("CODERAG_TEST_POSTGRES", "CODERAG_TEST_MARIADB"):
    url = os.environ.get(name, "")
    if url:
        with_name = url + ("postgres" if url.startswith("postgres") else "mysql")
        print(name, open_database(with_name).execute("SELECT 6 * 7").rows[0][0], urlsplit(url).hostname)
"""


@pytest.mark.server
def test_a_command_sees_both_servers_and_they_end_with_it():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--", sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=120
    )
    if "No PostgreSQL" in done.stderr or "No MariaDB" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "CODERAG_TEST_POSTGRES 42 127.0.0.1" in done.stdout
    assert "CODERAG_TEST_MARIADB 42 127.0.0.1" in done.stdout  # conftest's end of session looks for leftovers
