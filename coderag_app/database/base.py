"""What every database offers, the limits it runs under, and the function that opens one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.schema import Schema
from coderag_app.types import QueryResult

_SQLITE_MAGIC = b"SQLite format 3\x00"
_DUCKDB_MAGIC = b"DUCK"  # at byte 8, after the checksum of the first block
_EXPECTED = "expected a SQLite file, a DuckDB file or a URL such as postgresql://user@host/name"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement may use. Every backend states in its docstring how far it can hold each of them.

    Attributes:
        timeout_s: Seconds a statement may run before it is stopped with an error.
        max_rows: Rows that are returned; when there are more, the result is marked truncated.
        max_cell_bytes: Size of the largest value. SQLite stops with an error, the others cut the value.
        max_memory_mb: Memory in MiB, for the database's own work and again for the rows that are returned.
    """

    timeout_s: float = 10.0
    max_rows: int = 1000
    max_cell_bytes: int = 1_000_000
    max_memory_mb: int = 512

    def __post_init__(self) -> None:
        """Refuse limits that would let nothing through."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ConfigurationError(f"{field.name} is {value!r}; expected a number above 0.")

    @property
    def max_memory_bytes(self) -> int:
        """``max_memory_mb`` in bytes."""
        return self.max_memory_mb * 1024 * 1024


class Database(Protocol):
    """An open database that can be read and not changed. Safe to share between threads."""

    @property
    def name(self) -> str:
        """Its db_id: the file's stem, or the database's name in a URL. Never holds a password."""
        ...

    @property
    def dialect(self) -> str:
        """The name sqlglot has for its SQL: sqlite, duckdb, postgres or mysql."""
        ...

    def execute(self, sql: str) -> QueryResult:
        """Run one query within the limits.

        Raises:
            DatabaseError: The statement was refused, failed, or went over a limit.
        """
        ...

    def read_schema(self, samples: int = 3) -> Schema:
        """Tables, views, columns, keys, and up to ``samples`` values of each column (untrusted text; 0 for none)."""
        ...

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Up to ``limit`` distinct texts of a column; empty for a column that holds none."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is allowed."""
        ...


def open_database(target: str | Path, limits: Limits | None = None) -> Database:
    """Open a database read-only, by what the target is: SQLite and DuckDB are told apart by the file's first bytes.

    Args:
        target: Path of a SQLite or DuckDB file, or a SQLAlchemy URL (sqlite, duckdb, postgresql, mysql).
        limits: What one statement may use; the defaults of ``Limits`` when None.

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
    path = Path(target)
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
    if not path.exists():
        raise DatabaseError(f"{path} does not exist; {_EXPECTED}.")
    if not path.is_file():
        raise DatabaseError(f"{path} is not a file; {_EXPECTED}.")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DatabaseError(f"{path} cannot be read: {error.strerror}; check its permissions.") from error
    if not head:
        raise DatabaseError(f"{path} is empty (0 bytes); {_EXPECTED}.")
    if head[8:12] == _DUCKDB_MAGIC:
        return True
    if head != _SQLITE_MAGIC:
        raise DatabaseError(f"{path} is neither a SQLite nor a DuckDB file (it starts with {head!r}); {_EXPECTED}.")
    return False
