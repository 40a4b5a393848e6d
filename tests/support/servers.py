"""Start PostgreSQL and MariaDB for checks by hand and print their URLs: ``python tests/support/servers.py``.

Both listen on a free port of 127.0.0.1, with a password made for the run. They and their folders are gone when the
script ends (Ctrl+C, or a signal to terminate). With a command behind ``--`` the script runs it, with the URLs in
``CODERAG_TEST_POSTGRES`` and ``CODERAG_TEST_MARIADB``, and ends with it.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

from mariadb_server import MariaDBUnavailable, mariadb_server
from postgres_server import PostgresUnavailable, postgres_server


def main(arguments: list[str]) -> int:
    """Start what is installed, print the URLs, and wait; see the module."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the servers are stopped
    password = secrets.token_hex(8)
    with ExitStack() as stack:
        urls = {}
        try:
            port = free_port()
            stack.enter_context(postgres_server(port, password))
            urls["CODERAG_TEST_POSTGRES"] = f"postgresql://admin:{password}@127.0.0.1:{port}/"
        except PostgresUnavailable as error:
            logging.warning("No PostgreSQL: %s", error)
        try:
            port = free_port()
            stack.enter_context(mariadb_server(port=port, password=password))
            urls["CODERAG_TEST_MARIADB"] = f"mysql://admin:{password}@127.0.0.1:{port}/"
        except MariaDBUnavailable as error:
            logging.warning("No MariaDB: %s", error)
        for name, url in urls.items():
            sys.stdout.write(f"{name}={url}\n")
        sys.stdout.flush()
        if not urls:
            return 1
        if arguments[:1] == ["--"]:
            return subprocess.run(arguments[1:], env={**os.environ, **urls}).returncode
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0
    return 0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
