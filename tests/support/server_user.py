"""The user that a test's database server runs as: PostgreSQL and MariaDB refuse to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from typing import Any


def server_user(names: Sequence[str], unavailable: type[Exception]) -> pwd.struct_passwd | None:
    """The first of these users for root, else None for the one who runs the tests.

    Raises:
        Exception: The tests run as root, and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise unavailable(f"The server does not run as root, and there is no user {' or '.join(names)}")


def run_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for subprocess that run a server's program as that user, with little of the environment."""
    identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin", "LC_ALL": "C"}
    environment |= {name: os.environ[name] for name in ("TEST_RUN_OF_CODERAG",) if name in os.environ}
    return {"env": environment, "stdin": subprocess.DEVNULL, **identity}
