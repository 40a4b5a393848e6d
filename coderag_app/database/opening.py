"""Open a database by what the target is: a path or a URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.database.base import Database, Limits
from coderag_app.database.table_files import read_table_files
from coderag_app.errors import DatabaseError

if TYPE_CHECKING:
    from coderag_app.database.uploads.column_types import ReadingOptions

_SQLITE_MAGIC = b"SQLite format 3\x00"
_DUCKDB_MAGIC = b"DUCK"  # at byte 8, after the checksum of the first block
_CREDENTIALS = re.compile(r"passw(?:or)?d\s*=|:[^@]+@", re.IGNORECASE)
_EXPECTED = (
    "expected a SQLite file, a DuckDB file, CSV, TSV, Parquet or Excel files or their folder, or a URL such as "
    "postgresql://user@host/name"
)


def open_database(target: str | Path, limits: Limits | None = None, reading: ReadingOptions | None = None) -> Database:
    """Open a database read-only, by what the target is: SQLite and DuckDB are told apart by the file's first bytes.

    Args:
        target: Path of a SQLite or DuckDB file; of a CSV, TSV, Parquet or Excel file, of several separated by commas,
            or of a folder of them; or a SQLAlchemy URL (sqlite, duckdb, postgresql, mysql).
        limits: What one statement may use; the defaults of ``Limits`` when None.
        reading: How to read CSV, TSV and Excel files; decided by their values when None.

    Raises:
        DatabaseError: The file is missing or is no database, the server cannot be reached, or a driver is missing.
    """
    limits = limits or Limits()
    if isinstance(target, str) and "://" in target:
        scheme, _, rest = target.partition("://")
        if scheme.split("+")[0] not in ("sqlite", "duckdb"):
            from coderag_app.database.sqlalchemy import SQLAlchemyDatabase

            return SQLAlchemyDatabase.from_url(target, limits)
        target = rest.partition("?")[0].removeprefix("/")
    read = read_table_files(target, reading)
    path = read.path if read is not None else Path(target)
    if _is_duckdb(path):
        from coderag_app.database.duckdb import DuckDBDatabase

        return DuckDBDatabase.from_path(path, limits)
    from coderag_app.database.sqlite import SQLiteDatabase

    return SQLiteDatabase.from_path(path, limits)


def _is_duckdb(path: Path) -> bool:
    """Whether the file is DuckDB's; False means SQLite's."""
    shown = str(path)
    if shown in ("", ".", ":memory:"):
        raise DatabaseError(f"{shown!r} names no file; {_EXPECTED}.")
    try:
        there = path.exists()
        if not there and _CREDENTIALS.search(shown):  # a DSN, or a URL with a slip: its password is not repeated
            raise DatabaseError(f"The target looks like a connection string that holds a password; {_EXPECTED}.")
        if not there:
            raise DatabaseError(f"{path} does not exist; {_EXPECTED}.")
        if not path.is_file():
            raise DatabaseError(f"{path} is not a file; {_EXPECTED}.")
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:  # a folder on the way that this user may not enter, too
        raise DatabaseError(f"{path} cannot be read: {error.strerror}; check its permissions.") from error
    if not head:
        raise DatabaseError(f"{path} is empty (0 bytes); {_EXPECTED}.")
    if head[8:12] == _DUCKDB_MAGIC:
        return True
    if head != _SQLITE_MAGIC:
        raise DatabaseError(f"{path} is neither a SQLite nor a DuckDB file (it starts with {head!r}); {_EXPECTED}.")
    return False
