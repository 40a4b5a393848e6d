"""A MariaDB server of its own for a test run, from the machine's packages (Debian: ``apt install mariadb-server``)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from server_user import run_as, server_user

_START_TIMEOUT_S = 60
_GRANT = "GRANT ALL ON *.* TO admin@'{}' WITH GRANT OPTION;\n"  # the file holds one statement a line
_UNPRIVILEGED_USERS = ("mysql", "nobody")


class MariaDBUnavailable(Exception):
    """No server can be started here; the message says why."""


@contextmanager
def mariadb_server(options: Sequence[str] = (), port: int = 0, password: str = "") -> Iterator[Path]:
    """Start a server that listens on a Unix socket; yields the socket. Stopped and deleted afterwards.

    The administrator is ``admin``, without a password (the folder belongs to the server's user alone).

    Args:
        options: Further options of the server.
        port: Port of 127.0.0.1 to listen on as well; 0 for none.
        password: What ``admin`` needs there.

    Raises:
        MariaDBUnavailable: MariaDB is not installed, or the server does not start.
    """
    server, install = _binary("mariadbd", "mysqld"), _binary("mariadb-install-db", "mysql_install_db")
    user = server_user(_UNPRIVILEGED_USERS, MariaDBUnavailable)
    folder = Path(tempfile.mkdtemp(prefix="coderag-my-", dir="/tmp"))  # noqa: S108 - a socket's path is short
    data, socket = folder / "data", folder / "socket"
    administrators = f"CREATE USER admin@localhost;\n{_GRANT.format('localhost')}"
    if port:
        administrators += f"CREATE USER admin@'127.0.0.1' IDENTIFIED BY '{password}';\n{_GRANT.format('127.0.0.1')}"
    (folder / "init.sql").write_text(administrators)
    if user is not None:
        for path in (folder, folder / "init.sql"):
            os.chown(path, user.pw_uid, user.pw_gid)
    process = None
    try:
        quick = ["--skip-test-db", "--innodb-log-file-size=4M", "--skip-name-resolve"]
        _run([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *quick], user)
        command = [server, "--no-defaults", f"--datadir={data}", f"--socket={socket}"]
        over_tcp = ["--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve"]
        command += over_tcp if port else ["--skip-networking"]
        command += [f"--init-file={folder / 'init.sql'}", f"--pid-file={folder / 'pid'}", f"--tmpdir={folder}"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", *options]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"), cwd="/", **run_as(user)
        )
        _wait_for(socket, process, folder / "log")
        yield socket
    finally:
        if process is not None:
            process.kill()
            process.wait(_START_TIMEOUT_S)
        shutil.rmtree(folder, ignore_errors=True)


def _binary(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
        if found:
            return found
    raise MariaDBUnavailable("MariaDB's server is not installed (Debian: apt install mariadb-server)")


def _run(command: list[str], user: pwd.struct_passwd | None) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_START_TIMEOUT_S, cwd="/", **run_as(user))
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", b"") or b""
        raise MariaDBUnavailable(f"{Path(command[0]).name} failed: {error} {said[-500:]!r}") from error


def _wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server takes the administrator: the socket is there before the users are."""
    import pymysql

    ends = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            pymysql.connect(unix_socket=str(socket), user="admin").close()
            return
        except pymysql.err.MySQLError:
            time.sleep(0.05)
    raise MariaDBUnavailable(f"mariadbd does not start: {log.read_text(errors='replace')[-500:]}")
