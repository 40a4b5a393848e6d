"""Build a SQLite database from a data set's SQL context: CREATE TABLE and INSERT statements, nothing else."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path

from coderag_app.errors import DatabaseError

_TIMEOUT_S = 10.0
_MAX_CELL_BYTES = 1_000_000
# A context is foreign SQL. It may fill the new file, but not reach another one or change settings.
_REFUSED = frozenset(
    {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_CREATE_VTABLE}
)


def build_context_database(context: str, folder: Path) -> Path:
    """Run a context into a new SQLite file, named by the context's hash; an existing file is reused.

    Args:
        context: SQL statements.
        folder: Where the file is written; created if missing.

    Raises:
        DatabaseError: A statement fails on SQLite, is refused, or takes longer than ten seconds.
    """
    path = folder / f"context_{hashlib.sha256(context.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.sqlite"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        _fill(unfinished, context)
        unfinished.replace(path)  # a killed run leaves no half-filled database under the final name
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _fill(path: Path, context: str) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL_BYTES)
        deadline = time.monotonic() + _TIMEOUT_S
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
        connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action in _REFUSED else sqlite3.SQLITE_OK)
        connection.executescript(context)
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'view')").fetchone()[0]
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        raise DatabaseError(f"The context does not run on SQLite: {error}.") from error
    finally:
        connection.close()
    if not tables:
        raise DatabaseError("The context creates no table; expected at least one CREATE TABLE statement.")
