"""What SQLite and DuckDB files have in common: their SQL runs in another process, under limits of the kernel."""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from coderag_app.database.base import DataState, Limits, OverLimitError
from coderag_app.database.processes import LocalSession, Session
from coderag_app.errors import DatabaseError, FileRefusedError
from coderag_app.files import open_regular
from coderag_app.schema.tables import Column, Table
from coderag_app.types import QueryResult

logger = logging.getLogger(__name__)

# A table or a view may be slow, or made to be; its samples and texts are not worth a longer wait.
_OBJECT_S = 1.0
_TEXTS_S = 3.0
_AT_ONCE = 100  # calls in one request: waiting for the next one takes a process longer than reading a small table
_FAILURES = {"late": OverLimitError, "refused": DatabaseError}
_STATE_AGE_S = 86_400.0  # a view may ask what day it is
# A change within the same tick of the file system's clock need not show: 10 ms, on FAT 2 s. Files count their changes.
_SETTLED_NS, _LOG_SETTLED_NS = 100_000_000, 2_000_000_000


class FileDatabase:
    """An open file; ``SQLiteDatabase`` and ``DuckDBDatabase`` say what it promises.

    Everything that reads the file happens in a process of ``processes``: opening it, the schema, and every query.
    """

    dialect = ""
    head_bytes = 0  # at the front of the file, which hold the counter of its changes
    log_suffix = ""  # of the file beside it that takes changes first

    def __init__(self, session: Session | LocalSession, path: Path, limits: Limits) -> None:
        self.name = path.stem
        self.path = path
        self.limits = limits
        self._session = session
        self._closed = False
        self._lock = threading.Lock()
        self._forgotten = weakref.finalize(self, session.close, False)
        self._forgotten.atexit = False

    def execute(self, sql: str, timeout_s: float | None = None) -> QueryResult:
        """Run one query within the limits; see ``Database.execute``."""
        started = time.monotonic()
        columns: tuple[str, ...] = ()
        rows: list[tuple[Any, ...]] = []
        cells: list[Any] = []
        truncated = False
        for kind, value, *_ in self._messages("query", self._at_most(timeout_s), sql):
            if kind == "columns":  # a second time when the first rows could not be shown
                columns, rows, cells = tuple(value), [], []
            elif kind == "cells":
                cells += value
                whole = len(cells) - len(cells) % len(columns)
                rows += zip(*[iter(cells[:whole])] * len(columns), strict=True)
                del cells[:whole]
            else:
                truncated = value
        return QueryResult(columns, tuple(rows), truncated, time.monotonic() - started)

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts of up to 100 characters from the first 200,000 rows; see ``Database.distinct_texts``.

        A column that takes too long or too much memory has those that were found by then, or none, with a warning.
        """
        (found,) = self._each("distinct_texts", _TEXTS_S, [(table, column, limit)])
        if isinstance(found, DatabaseError) and not isinstance(found, OverLimitError):
            raise found
        return _texts_or_none(found, table, column)

    def texts_of(self, columns: Sequence[tuple[str, str]], limit: int) -> list[list[str]]:
        """The texts of many columns; one that cannot be read has none, with a warning; see ``Database.texts_of``."""
        found = self._each("distinct_texts", _TEXTS_S, [(table, column, limit) for table, column in columns])
        return [_texts_or_none(texts, *column) for texts, column in zip(found, columns, strict=True)]

    def data_state(self) -> DataState | None:
        """The file's size, times and counter of changes, and its log's; None while they are being written."""
        log = self.path.with_name(self.path.name + self.log_suffix)
        try:
            states = [_file_state(self.path, self.head_bytes, _SETTLED_NS)]
            if log.exists() and log.stat().st_size:
                states.append(_file_state(log, self.head_bytes, _LOG_SETTLED_NS))
            place = str(self.path.resolve())
        except (OSError, FileRefusedError):
            return None
        return DataState(place, " ".join(states), _STATE_AGE_S) if all(states) else None

    def close(self) -> None:
        """Close the file once the running statement has ended."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._forgotten.detach()
                self._session.close()

    def _with_samples(self, tables: list[Table], samples: int) -> list[Table]:
        """The tables with sample values, read for at most ``timeout_s`` seconds in all."""
        calls = [
            (table.name, list(map(self._sampled_name, table.columns)), samples) for table in tables if table.columns
        ]
        found = self._each("samples", _OBJECT_S, calls, self.limits.timeout_s)
        return [_sampled(table, next(found)) if table.columns else table for table in tables]

    def _sampled_name(self, column: Column) -> str:
        """The column's name; empty for one that has no samples."""
        return column.name

    def _at_most(self, seconds: float | None) -> float:
        return self.limits.timeout_s if seconds is None else min(seconds, self.limits.timeout_s)

    def _each(
        self, request: str, timeout_s: float, calls: Sequence[Sequence[Any]], budget_s: float = math.inf
    ) -> Iterator[Any]:
        """The answer to each call of a request, in their order; one that fails has its DatabaseError instead.

        Many calls go in one request; one that ends the process ends its request too, and the next begins after it.
        """
        ends, done = time.monotonic() + budget_s, 0
        while done < len(calls) and (left := ends - time.monotonic()) > 0:
            answers: list[Any] = []
            some = [list(call) for call in calls[done : done + _AT_ONCE]]
            try:
                for kind, value in self._messages("each", self._at_most(timeout_s), request, left, some):
                    if kind != "value":
                        answers.append(value if kind == "answer" else _FAILURES[kind](value))
            except DatabaseError as error:
                if self._closed:
                    raise
                answers = [*answers, error][: len(some)]  # of the first call without an answer
            yield from answers
            done += len(answers)
        yield from (DatabaseError("there was no time left") for _ in calls[done:])

    def _value(self, request: str, timeout_s: float, *arguments: Any) -> Any:
        ((_, value),) = self._messages(request, timeout_s, *arguments)
        return value

    def _messages(self, request: str, timeout_s: float, *arguments: Any) -> Iterator[list[Any]]:
        with self._lock:
            if self._closed:
                raise DatabaseError(f"The database {self.name!r} is closed; open it again with open_database.")
            with closing(self._session.ask(request, timeout_s, *arguments)) as messages:  # type: ignore[type-var]
                yield from messages


def _texts_or_none(found: Any, table: str, column: str) -> list[str]:
    if isinstance(found, DatabaseError):
        logger.warning("No texts of %s.%s: %s", table, column, found)
        return []
    return list(found)


def _sampled(table: Table, found: Any) -> Table:
    """The table with the sample values of its columns, or without where they could not be read."""
    if isinstance(found, DatabaseError):
        logger.warning("No sample values for %s: %s", table.name, found)
        return table
    pairs = zip(table.columns, found, strict=True)
    return replace(table, columns=tuple(replace(column, samples=tuple(texts)) for column, texts in pairs))


def _file_state(path: Path, head_bytes: int, settled_ns: int) -> str:
    """Which file it is, its size, when it was changed, and a digest of its first bytes; empty for one just written.

    Raises:
        OSError: It is not there, or may not be read.
        FileRefusedError: It is no regular file.
    """
    status = path.stat()
    changed = (status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - max(changed) < settled_ns:
        return ""
    with open_regular(path) as file:
        head = hashlib.sha256(file.read(head_bytes)).hexdigest()
    return " ".join(map(str, (status.st_ino, status.st_size, *changed, head)))
