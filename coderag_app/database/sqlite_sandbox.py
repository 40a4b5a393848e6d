"""What a SQLite connection may do, and the clock that stops it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from coderag_app.database.base import Limits, OverLimitError
from coderag_app.errors import DatabaseError
from coderag_app.sql.functions import SQLITE_FUNCTIONS

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_DESCRIBING_PRAGMAS = frozenset({"table_list", "table_xinfo", "foreign_key_list"})
_FULL_TEXT_PRAGMAS = frozenset({"data_version"})  # FTS5 asks it while it reads its own index
_ACTIONS = {
    getattr(sqlite3, f"SQLITE_{name}"): name.replace("_", " ")
    for name in (
        "ALTER_TABLE ANALYZE ATTACH CREATE_INDEX CREATE_TABLE CREATE_TEMP_INDEX CREATE_TEMP_TABLE CREATE_TEMP_TRIGGER "
        "CREATE_TEMP_VIEW CREATE_TRIGGER CREATE_VIEW CREATE_VTABLE DELETE DETACH DROP_INDEX DROP_TABLE DROP_TEMP_INDEX "
        "DROP_TEMP_TABLE DROP_TEMP_TRIGGER DROP_TEMP_VIEW DROP_TRIGGER DROP_VIEW DROP_VTABLE FUNCTION INSERT PRAGMA "
        "REINDEX SAVEPOINT TRANSACTION UPDATE"
    ).split()
}


class Sandbox:
    """The authorizer and the progress handler of one connection; the connection's lock protects its state."""

    def __init__(self, introspecting: bool = False) -> None:
        self._pragmas = _FULL_TEXT_PRAGMAS | (_DESCRIBING_PRAGMAS if introspecting else frozenset())
        self._deadline = float("inf")
        self._refused = ""
        self.timed_out = False

    def authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, source: str | None
    ) -> int:
        """SQLite's authorizer callback: an allow-list; what is not on it is denied and remembered for the message."""
        if action in _READING:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in SQLITE_FUNCTIONS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in self._pragmas:
            return sqlite3.SQLITE_OK
        named = " ".join(part for part in (_ACTIONS.get(action, f"action {action}"), first, second) if part)
        self._refused = self._refused or named
        return sqlite3.SQLITE_DENY

    def past_deadline(self) -> bool:
        """SQLite's progress callback: True stops the statement."""
        if time.monotonic() < self._deadline:
            return False
        self.timed_out = True
        return True

    @contextmanager
    def opening(self, timeout_s: float) -> Iterator[None]:
        """Give what opens the connection ``timeout_s`` seconds."""
        self._deadline = time.monotonic() + timeout_s
        try:
            yield
        finally:
            self._deadline = float("inf")

    @contextmanager
    def running(self, limits: Limits, timeout_s: float) -> Iterator[None]:
        """Give the statements inside the block ``timeout_s`` seconds, and translate what goes wrong."""
        self._deadline = time.monotonic() + timeout_s
        self._refused = ""
        self.timed_out = False
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, MemoryError, ValueError) as error:
            if self.timed_out:
                raise OverLimitError.of_time(timeout_s) from error
            if isinstance(error, MemoryError) and not self._refused:
                raise OverLimitError.of_memory(limits) from error
            raise DatabaseError(self._message(error, limits)) from error
        finally:
            self._deadline = float("inf")

    def _message(self, error: Exception, limits: Limits) -> str:
        text = str(error)
        if self._refused:
            return f"Refused by the read-only connection: {self._refused}; expected a query that only reads."
        if "too big" in text or "too large" in text:
            return (
                f"A value or the SQL is longer than {limits.max_cell_bytes} bytes ({text}); ask for other columns, or "
                "raise max_cell_bytes (--max-cell-bytes)."
            )
        if "one statement" in text:
            return f"Got several statements, expected one ({text.rstrip('.')})."
        if "user-defined function" in text:
            return f"replace, instr or trim got a text that is not valid UTF-8 ({text})."
        if isinstance(error, UnicodeError):
            return f"The SQL or a column's name is not valid Unicode ({text})."
        if "locked" in text or "busy" in text:
            return f"Another program is writing to the database ({text}); try again when it has finished."
        return text
