"""A SQLite file, opened in the process that runs the SQL, inside a sandbox that is part of the connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from coderag_app.database.base import OPENING_S, Limits, OverLimitError
from coderag_app.database.rows import RowReader
from coderag_app.database.sampling import (
    MAX_SAMPLE_CHARS,
    MAX_TEXT_CHARS,
    SCANNED_ROWS,
    SCANNED_TEXT_ROWS,
    column_samples,
    printable,
    quoted,
)
from coderag_app.database.sqlite_functions import register_bounded_functions
from coderag_app.database.sqlite_sandbox import Sandbox
from coderag_app.errors import DatabaseError

_STEPS_BETWEEN_CHECKS = 1000  # virtual-machine steps between two looks at the clock; about 10 microseconds
_BUSY_TIMEOUT_S = 2.0
_HIDDEN = 1  # table_xinfo's mark for a virtual table's hidden columns; generated columns are 2 and 3
# Where full-text and R-tree tables keep their rows: sqlite.org/fts3.html, fts5.html, rtree.html
_SHADOW_PARTS = "config content data docsize idx node parent rowid segdir segments stat".split()
_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
# sqlite3_db_config's switches, as far as this Python (3.12 and later) and its SQLite know them.
_SWITCHES = {
    "SQLITE_DBCONFIG_DEFENSIVE": True,
    "SQLITE_DBCONFIG_WRITABLE_SCHEMA": False,
    "SQLITE_DBCONFIG_ENABLE_TRIGGER": False,
    "SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION": False,
    "SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER": False,
}


class SQLiteFile:
    """One open file; what it promises stands in ``SQLiteDatabase``. For one thread at a time.

    Queries run over one connection. A second one, which may also run the PRAGMAs that describe tables and read longer
    values, is opened for the first description; no SQL of a user or a model reaches it.
    """

    def __init__(self, path: Path, limits: Limits, bounded: bool) -> None:
        self._path = path
        self._limits = limits
        self._bounded = bounded
        self._connection, self._sandbox = _connect_sandboxed(path, limits, False, bounded)
        self._describing: tuple[sqlite3.Connection, Sandbox] | None = None

    def query(self, timeout_s: float, sql: str) -> Iterator[list[Any]]:
        """Run one query: messages with its columns, with cells, and at last with whether something was left out."""
        with self._sandbox.running(self._limits, timeout_s):
            cursor = self._connection.execute(sql)
            if cursor.description is None:
                raise DatabaseError("The SQL holds no query; expected one SELECT statement.")
            yield ["columns", [column[0] for column in cursor.description]]
            reader = RowReader(cursor, self._limits)
            for batch, size in reader.batches():
                yield ["cells", batch, size]
            cursor.close()
        yield ["value", reader.truncated]

    def names(self, timeout_s: float) -> list[str]:
        """Tables and views in the order of their creation, without SQLite's own and shadow tables."""
        with self._describe(timeout_s) as connection:
            listed = connection.execute(
                "SELECT name, sql LIKE 'CREATE VIRTUAL TABLE%' FROM sqlite_master WHERE type IN ('table', 'view') "
                "AND typeof(name) = 'text' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, rowid"
            ).fetchall()
        # By their names: PRAGMA table_list knows them too, but compiles every view, which one view can make endless.
        shadow = {f"{name}_{part}".lower() for name, virtual in listed if virtual for part in _SHADOW_PARTS}
        return [name for name, _ in listed if name.lower() not in shadow]

    def describe(self, timeout_s: float, name: str) -> tuple[list[Any], list[Any], str]:
        """Columns of a table or view (name, declared type, place in the primary key), foreign keys, and its SQL."""
        with self._describe(timeout_s) as connection:
            rows = connection.execute(f"PRAGMA main.table_xinfo({quoted(name)})").fetchall()
            keys = connection.execute(f"PRAGMA main.foreign_key_list({quoted(name)})").fetchall()
            (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone() or ("",)
        columns = [
            (column, declared or "", key) for _, column, declared, _, _, key, hidden in rows if hidden != _HIDDEN
        ]
        return columns, keys, sql or ""

    def samples(self, timeout_s: float, name: str, columns: list[str], count: int) -> list[tuple[str, ...]]:
        """Up to ``count`` sample values of each column."""
        # Longer values never leave the database: hex digits of a blob and whole articles would only be thrown away.
        shown = ", ".join(
            f"CASE WHEN typeof({column}) <> 'blob' AND length({column}) <= {MAX_SAMPLE_CHARS} THEN {column} END"
            for column in map(quoted, columns)
        )
        with self._describe(timeout_s) as connection:
            rows = connection.execute(f"SELECT {shown} FROM {quoted(name)} LIMIT {SCANNED_ROWS}")
            return column_samples(rows, len(columns), count)

    def distinct_texts(self, timeout_s: float, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts from the front of the table; what was found by then when the time is up."""
        source = quoted(table)
        name = f"{source}.{quoted(column)}"  # bare, a name that is no column would be read as a string
        inner = f"SELECT {name} AS value FROM {source} LIMIT {SCANNED_TEXT_ROWS}"
        sql = (
            f"SELECT DISTINCT value FROM ({inner}) "
            f"WHERE typeof(value) = 'text' AND length(value) BETWEEN 1 AND {MAX_TEXT_CHARS} LIMIT {int(limit)}"
        )
        found: dict[str, None] = {}
        try:
            with self._describe(timeout_s) as connection:
                for (value,) in connection.execute(sql):
                    found[printable(value)] = None
        except OverLimitError:
            if not found:
                raise
        return [text for text in found if text]

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()
        if self._describing is not None:
            self._describing[0].close()

    @contextmanager
    def _describe(self, timeout_s: float) -> Iterator[sqlite3.Connection]:
        if self._describing is None:
            self._describing = _connect_sandboxed(self._path, self._limits, True, self._bounded)
        connection, sandbox = self._describing
        with sandbox.running(self._limits, timeout_s):
            yield connection


def _connect_sandboxed(
    path: Path, limits: Limits, introspecting: bool, bounded: bool
) -> tuple[sqlite3.Connection, Sandbox]:
    """Connect to a file inside the sandbox.

    Args:
        path: The file.
        limits: What one statement may use.
        introspecting: Whether the PRAGMAs that describe tables are allowed as well.
        bounded: Whether slow built-in functions are replaced, because nothing can end this process.

    Raises:
        DatabaseError: The file cannot be opened or read as a SQLite database.
    """
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        return _connect(uri, limits, introspecting, bounded)
    except (sqlite3.Error, UnicodeError) as error:  # a damaged schema's error message may not be UTF-8
        if _uses_log(path) and _log_is_empty(path) and "locked" not in str(error):
            # A WAL database in a folder where no -shm file can be made. Nothing waits in its log, so the file alone
            # is complete; immutable=1 reads it without locks, which is safe as long as nobody writes meanwhile.
            try:
                return _connect(f"{uri}&immutable=1", limits, introspecting, bounded)
            except (sqlite3.Error, UnicodeError) as second:
                error = second
        raise DatabaseError(_open_error(path, error)) from error
    except MemoryError as error:
        raise OverLimitError.of_memory(limits) from error


def _connect(uri: str, limits: Limits, introspecting: bool, bounded: bool) -> tuple[sqlite3.Connection, Sandbox]:
    wait_s = min(_BUSY_TIMEOUT_S, limits.timeout_s)
    connection = sqlite3.connect(uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = _tolerant_text
        sandbox = Sandbox(introspecting)
        with sandbox.opening(OPENING_S):
            connection.set_progress_handler(sandbox.past_deadline, _STEPS_BETWEEN_CHECKS)
            _harden(connection, limits, bounded)
            _connect_virtual_tables(connection)
        # A value is read to see how long it is: where tables are described, longer ones than a query may return.
        longest = max(limits.max_cell_bytes, limits.max_memory_bytes // 8) if introspecting else limits.max_cell_bytes
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
        for category, value in _LIMITS.items():
            connection.setlimit(category, value)
        if bounded:
            register_bounded_functions(connection, sandbox.past_deadline, limits.max_cell_bytes)
        connection.set_authorizer(sandbox.authorize)
    except BaseException:
        connection.close()
        raise
    return connection, sandbox


def _harden(connection: sqlite3.Connection, limits: Limits, bounded: bool) -> None:
    connection.execute(f"PRAGMA trusted_schema = {'ON' if bounded else 'OFF'}")  # ON lets views call replaced functions
    for name, value in _SWITCHES.items():
        switch = getattr(sqlite3, name, None)
        if switch is not None and hasattr(connection, "setconfig"):
            with suppress(sqlite3.Error):  # known to Python, not to this SQLite
                connection.setconfig(switch, value)
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")  # a file that gets shorter would end the process
    connection.execute(f"PRAGMA hard_heap_limit = {limits.max_memory_bytes}")


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
