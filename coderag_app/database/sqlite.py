"""SQLite files, read through the standard library's driver inside a sandbox that is part of the connection."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from coderag_app.database.base import Limits
from coderag_app.database.rows import collect_rows
from coderag_app.database.sampling import MAX_TEXT_CHARS, SCANNED_TEXT_ROWS, printable
from coderag_app.database.sqlite_functions import register_bounded_functions
from coderag_app.database.sqlite_sandbox import Sandbox, quoted
from coderag_app.database.sqlite_schema import read_sqlite_schema
from coderag_app.errors import DatabaseError
from coderag_app.schema import Schema
from coderag_app.types import QueryResult

_STEPS_BETWEEN_CHECKS = 1000  # virtual-machine steps between two looks at the clock; about 10 microseconds
_BUSY_TIMEOUT_S = 2.0
_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class SQLiteDatabase:
    """A SQLite file opened so that no statement can change it, or reach another file.

    What holds each promise, and where it ends:

    * Writes: the file is opened ``mode=ro``, and an authorizer allows SELECT, READ, RECURSIVE and the functions of
      ``coderag_app.sql.functions``; ATTACH, PRAGMA, VACUUM INTO, temporary tables and the rest are refused when the
      statement is compiled. A database in WAL mode gets its ``-wal`` and ``-shm`` files beside it when it is read, as
      with any reader; they hold no data.
    * Time: a progress handler stops loops. A single call of a built-in function is not interrupted; those that can
      run long are replaced (``sqlite_functions``).
    * Cells: SQLITE_LIMIT_LENGTH. A longer value is an error, not a cut value.
    * Memory: sorting stays in memory (no temporary files) under ``PRAGMA hard_heap_limit``. SQLite knows that limit
      only for the whole process, and it can be lowered but not raised: the lowest ``max_memory_mb`` of the process
      holds for every SQLite connection in it. It has no effect where SQLite was built without memory statistics
      (macOS's own library). The rows returned are counted separately.
    """

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, sandbox: Sandbox, path: Path, limits: Limits) -> None:
        self.name = path.stem
        self.path = path
        self.limits = limits
        self._connection: sqlite3.Connection | None = connection
        self._sandbox = sandbox
        self._lock = threading.Lock()

    @classmethod
    def from_path(cls, path: Path, limits: Limits) -> SQLiteDatabase:
        """Open the file and read its first page.

        Raises:
            DatabaseError: The file is locked, damaged, or no SQLite database.
        """
        connection, sandbox = connect_sandboxed(path, limits)
        return cls(connection, sandbox, path, limits)

    def execute(self, sql: str) -> QueryResult:
        """Run one query within the limits; see ``Database.execute``."""
        started = time.monotonic()
        with self._running(self.limits.timeout_s) as connection:
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise DatabaseError("The SQL holds no query; expected one SELECT statement.")
            columns = tuple(column[0] for column in cursor.description)
            rows, truncated = collect_rows(cursor, self.limits)
            cursor.close()
        return QueryResult(columns, rows, truncated, time.monotonic() - started)

    def read_schema(self, samples: int = 3) -> Schema:
        """Read tables, views and keys over a connection of its own; see ``Database.read_schema``."""
        connection, sandbox = connect_sandboxed(self.path, self.limits, introspecting=True)
        try:
            with sandbox.running(self.limits):
                return read_sqlite_schema(connection, sandbox, samples)
        finally:
            connection.close()

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts from the front of the table; see ``Database.distinct_texts``.

        At most 200,000 rows are read and texts over 100 characters are left out; when the time is up, what was
        found by then is returned.
        """
        source = quoted(table)
        name = f"{source}.{quoted(column)}"  # bare, a name that is no column would be read as a string
        inner = f"SELECT {name} AS value FROM {source} LIMIT {SCANNED_TEXT_ROWS}"
        sql = (
            f"SELECT DISTINCT value FROM ({inner}) "
            f"WHERE typeof(value) = 'text' AND length(value) BETWEEN 1 AND {MAX_TEXT_CHARS} LIMIT {int(limit)}"
        )
        found: dict[str, None] = {}
        with self._running(self.limits.timeout_s) as connection:
            try:
                for (value,) in connection.execute(sql):
                    found[printable(value)] = None
            except sqlite3.OperationalError:
                if not self._sandbox.timed_out:
                    raise
        return [text for text in found if text]

    def close(self) -> None:
        """Close the connection once the running statement has ended."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _running(self, timeout_s: float) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                raise DatabaseError(f"The database {self.name!r} is closed; open it again with open_database.")
            with self._sandbox.running(self.limits):
                yield self._connection


def connect_sandboxed(path: Path, limits: Limits, introspecting: bool = False) -> tuple[sqlite3.Connection, Sandbox]:
    """Connect to a file inside the sandbox.

    Args:
        path: The file.
        limits: What one statement may use.
        introspecting: Whether the PRAGMAs that describe tables are allowed as well.

    Raises:
        DatabaseError: The file cannot be opened or read as a SQLite database.
    """
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        return _connect(uri, limits, introspecting)
    except sqlite3.Error as error:
        if _uses_log(path) and _log_is_empty(path) and "locked" not in str(error):
            # A WAL database in a folder where no -shm file can be made. Nothing waits in its log, so the file alone
            # is complete; immutable=1 reads it without locks, which is safe as long as nobody writes meanwhile.
            try:
                return _connect(f"{uri}&immutable=1", limits, introspecting)
            except sqlite3.Error as second:
                error = second
        raise DatabaseError(_open_error(path, error)) from error


def _connect(uri: str, limits: Limits, introspecting: bool) -> tuple[sqlite3.Connection, Sandbox]:
    wait_s = min(_BUSY_TIMEOUT_S, limits.timeout_s)
    connection = sqlite3.connect(uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = _tolerant_text
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA hard_heap_limit = {limits.max_memory_bytes}")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.max_cell_bytes)
        for category, value in _LIMITS.items():
            connection.setlimit(category, value)
        sandbox = Sandbox(introspecting)
        _connect_virtual_tables(connection)
        register_bounded_functions(connection, sandbox.past_deadline, limits.max_cell_bytes)
        connection.set_progress_handler(sandbox.past_deadline, _STEPS_BETWEEN_CHECKS)
        connection.set_authorizer(sandbox.authorize)
    except BaseException:
        connection.close()
        raise
    return connection, sandbox


def _connect_virtual_tables(connection: sqlite3.Connection) -> None:
    """Let virtual tables declare themselves before the authorizer is there.

    The first use of one in a connection compiles CREATE TABLE and UPDATE sqlite_master inside SQLite, which the
    authorizer would have to allow otherwise; later uses only read.
    """
    listed = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'").fetchall()
    for name in ("json_each", "json_tree", *(row[0] for row in listed)):
        with suppress(sqlite3.DatabaseError):  # of a module that is not installed: stays unreadable
            connection.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 0").fetchall()


def _tolerant_text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _uses_log(path: Path) -> bool:
    """Whether the file is in WAL mode, by the two version bytes of its header."""
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\x02\x02"


def _log_is_empty(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return not log.exists() or log.stat().st_size == 0


def _open_error(path: Path, error: Exception) -> str:
    sidecars = "a database in WAL mode needs its -wal and -shm files beside it, or a folder where they can be made"
    unfinished = "it holds an unfinished transaction; open it once with the program that wrote it"
    hints = {
        "locked": "another program is writing to it; close that program and try again",
        "unable to open": sidecars,
        "readonly": sidecars if _uses_log(path) else unfinished,
        "malformed": "the file is damaged; run PRAGMA integrity_check on a copy",
        "not a database": "the file is encrypted or damaged",
    }
    hint = next((text for word, text in hints.items() if word in str(error)), "check the file with the sqlite3 tool")
    return f"{path} cannot be read as a SQLite database ({error}): {hint}."
