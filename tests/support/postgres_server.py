"""A PostgreSQL server of its own for a test run, from the machine's packages (Debian: ``apt install postgresql``)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server_user import run_as, server_user

_START_TIMEOUT_S = 60
_UNPRIVILEGED_USERS = ("postgres", "nobody")


class PostgresUnavailable(Exception):
    """No server can be started here; the message says why."""


@contextmanager
def postgres_server(port: int = 0, password: str = "") -> Iterator[Path]:
    """Start a server that listens on a Unix socket; yields the socket's folder. Stopped and deleted afterwards.

    The superuser is ``admin``, without a password (the folder belongs to the server's user alone).

    Args:
        port: Port of 127.0.0.1 to listen on as well; 0 for none.
        password: What ``admin`` needs there.

    Raises:
        PostgresUnavailable: PostgreSQL is not installed, or the server does not start.
    """
    binaries = _binaries()
    user = server_user(_UNPRIVILEGED_USERS, PostgresUnavailable)
    folder = Path(tempfile.mkdtemp(prefix="coderag-pg-", dir="/tmp"))  # noqa: S108 - a socket's path is short
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"
    started = False
    try:
        access = ["--auth-local=trust", "--auth-host=scram-sha-256"]
        if password:
            (folder / "password").write_text(password)
            access.append(f"--pwfile={folder / 'password'}")
        _run([binaries / "initdb", "-D", data, "-U", "admin", *access, "-E", "UTF8", "--no-sync"], user, folder)
        address = "127.0.0.1" if port else ""
        options = f"-c listen_addresses='{address}' -c unix_socket_directories={folder} -c fsync=off"
        options += f" -c port={port}" if port else ""
        _run([binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], user, folder)
        started = True
        yield folder
    finally:
        if started:
            _run([binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], user, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise PostgresUnavailable("PostgreSQL's server is not installed (Debian: apt install postgresql)")


def _run(command: list[str | Path], user: pwd.struct_passwd | None, folder: Path) -> None:
    try:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,  # a pipe would stay open in the server and never end
            stderr=subprocess.DEVNULL,
            timeout=_START_TIMEOUT_S,
            **run_as(user),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresUnavailable(f"{Path(command[0]).name} failed: {error}") from error
