"""PostgreSQL and MySQL servers, reached by a SQLAlchemy URL and read in read-only transactions."""

from __future__ import annotations

import importlib
import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from coderag_app.database.base import DataState, Limits, OverLimitError
from coderag_app.database.rows import collect_rows
from coderag_app.database.sampling import column_samples, printable
from coderag_app.database.server_schema import sample_query, texts_query
from coderag_app.database.server_sessions import Catalogue, OutOfTimeError, Server, in_background
from coderag_app.database.server_url import POSTGRES, ServerKind, read_server_url, search_path_of
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Schema, Table
from coderag_app.types import QueryResult

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

logger = logging.getLogger(__name__)

_OPENING_S = 10.0  # for reading the catalogues, whatever a statement may take
_SAMPLING_S = 1.0  # per table or view
_SAMPLING_TOTAL_S = 20.0  # for a whole database: many slow views must not hold it up
_TEXTS_S = 5.0  # per column
_STATE_AGE_S = 3600.0  # a server says nothing of changes
_TIMEOUTS = {"57014", "3024", "1969", "1317"}  # PostgreSQL's SQLSTATE, MySQL's and MariaDB's error numbers
_MEMORY = {"53200", "53400", "1104"}
_READ_ONLY = {"25006", "1792"}


class SQLAlchemyDatabase:
    """A database on a server, read over a fresh connection for every statement.

    What holds each promise, and where it ends:

    * Writes: every statement runs in a READ ONLY transaction that is rolled back. On PostgreSQL it must also be a
      plain query (DECLARE CURSOR) and a single one. What a role may do outside of transactions stays possible: a
      superuser can read the server's files with ``pg_read_file``, a MySQL user with FILE can write one with INTO
      OUTFILE. The guard refuses both; give the tool a role that may only SELECT, and neither depends on the guard.
    * Meaning: each session sets how SQL is read (encoding, backslashes, quotes, the search path with the server's own
      names first) and is refused when the server answers otherwise. What the database's owner redefined is read
      once, when the database is opened, and named in the schema for the guard.
    * Time: the server's statement timeout; on MySQL it covers SELECT only. The client stops waiting 10% later and has
      the session ended; work that never looks at the clock (PostgreSQL's planner) goes on there until it does.
    * Rows: read one by one as they are needed. Cells are cut after they have arrived; a row of more than a quarter
      of the memory limit is refused, on PostgreSQL at the latest once the driver has taken it in, or cut.
    * Memory: rows are counted as they arrive. The server's own memory is bounded where it lets a role say so
      (work_mem, max_session_mem_used); no setting bounds one aggregate of PostgreSQL.
    * Opening: no view or table is sampled that would run functions which wait or write, or that another server holds.
    """

    def __init__(self, url: URL, kind: ServerKind, server: Server, limits: Limits) -> None:
        self.name = url.database or ""
        self.dialect = kind.dialect
        self.limits = limits
        self._url = url
        self._server = server
        self._catalogue: Catalogue | None = None
        self._unread: dict[str, str] = {}
        self._closed = False

    @classmethod
    def from_url(cls, url: str, limits: Limits) -> SQLAlchemyDatabase:
        """Connect once: see that the server answers, and what the database's owner redefined.

        Args:
            url: A SQLAlchemy URL such as ``postgresql://user:password@host/name``; a driver named in it is replaced.
            limits: What one statement may use.

        Raises:
            DatabaseError: The URL is not understood or sets too much, the driver is missing, the server cannot be
                reached, or what the owner redefined leaves nothing to be trusted.
        """
        parsed, kind = read_server_url(url)
        if kind is POSTGRES and not limits.schemas:
            limits = replace(limits, schemas=search_path_of(url))
        try:
            importlib.import_module(kind.module)
        except ImportError as error:
            raise DatabaseError(
                f"{parsed.get_backend_name()} needs the driver {kind.module}, which is not installed: "
                f"pip install {kind.package}"
            ) from error
        server = _server(parsed, kind, limits.schemas)
        database = cls(parsed, kind, server, limits)
        opening = database._opening_limits()
        with database._translated(opening):
            server.open(opening)
        if server.is_superuser:
            logger.warning(
                "Connected to %s as a superuser. Use a role that may only SELECT: "
                "CREATE ROLE reader LOGIN PASSWORD '...'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;",
                database.name,
            )
        return database

    def execute(self, sql: str, timeout_s: float | None = None) -> QueryResult:
        """Run one query within the limits; see ``Database.execute``."""
        if timeout_s is None:
            return self._run(sql, self.limits)
        return self._run(sql, replace(self.limits, timeout_s=min(timeout_s, self.limits.timeout_s)))

    def read_schema(self, samples: int = 3) -> Schema:
        """Read tables, views and keys of the default schema; see ``Database.read_schema``."""
        catalogue = self._catalogue = self._read_catalogue()
        self._unread = {}
        hidden = [f"{table.name}.{column}" for table in catalogue.tables for column in table.hidden]
        if hidden:
            logger.warning(
                "Left out columns whose casts are the database owner's code, which any use may run: %s",
                ", ".join(hidden),
            )
        tables = catalogue.tables
        if samples > 0:
            ends = time.monotonic() + _SAMPLING_TOTAL_S
            tables = tuple(self._with_samples(table, samples, ends) for table in tables)
            self._warn_of_unsampled(catalogue)
        return Schema(tables, self.dialect, self._server.namespace, self._server.redefined)

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts of up to 100 characters from the first 200,000 rows; see ``Database.distinct_texts``.

        Empty for what is not sampled either, and for a table or view that was too slow or failed: it is told once.
        """
        if self._catalogue is None or self._closed:
            self._catalogue = self._read_catalogue()
        catalogue = self._catalogue
        if (table, column) not in catalogue.texts or table in catalogue.unsampled or table in self._unread:
            return []
        source = self._server.table_name(table)
        limits = replace(self.limits, max_rows=max(1, limit), timeout_s=min(_TEXTS_S, self.limits.timeout_s))
        try:
            sql = texts_query(self._server.quoted(column), source, self.dialect, limit)
            rows = self._run(sql, limits, introspecting=True).rows
        except DatabaseError as error:
            self._unread[table] = str(error)
            logger.warning("No values of %s: %s", table, error)
            return []
        return [text for text in dict.fromkeys(printable(row[0]) for row in rows) if text]

    def texts_of(self, columns: Sequence[tuple[str, str]], limit: int) -> list[list[str]]:
        """The texts of many columns, one after the other; see ``Database.texts_of``."""
        return [self.distinct_texts(table, column, limit) for table, column in columns]

    def data_state(self) -> DataState | None:
        """The server, database and role; what was found out about the data holds for an hour."""
        place = self._url.set(password=None, query={}).render_as_string()
        hosts = {
            name: self._url.query[name] for name in ("host", "port", "user", "unix_socket") if name in self._url.query
        }
        return DataState(f"{place} {sorted(hosts.items())}", "", _STATE_AGE_S)

    def close(self) -> None:
        """Refuse further statements; no connection is kept open between two."""
        self._closed = True

    def _run(self, sql: str, limits: Limits, *, introspecting: bool = False) -> QueryResult:
        started = time.monotonic()
        with self._session(limits, introspecting) as connection:
            columns, rows = self._server.query(connection, sql, limits)
            if not columns:
                raise DatabaseError("The SQL returns no columns; expected one SELECT statement.")
            kept, truncated = collect_rows(rows, limits)
        return QueryResult(columns, kept, truncated, time.monotonic() - started)

    def _read_catalogue(self) -> Catalogue:
        with self._session(self._opening_limits(), introspecting=True) as connection:
            return self._server.read_catalogue(connection)

    def _opening_limits(self) -> Limits:
        return replace(self.limits, timeout_s=max(_OPENING_S, self.limits.timeout_s))

    def _with_samples(self, table: Table, samples: int, ends: float) -> Table:
        if self._catalogue is None or table.name in self._catalogue.unsampled or not table.columns:
            return table
        seconds = min(_SAMPLING_S, self.limits.timeout_s, ends - time.monotonic())
        if seconds <= 0:
            self._unread[table.name] = f"the {_SAMPLING_TOTAL_S:g} s for all tables were over"
            return table
        source = self._server.table_name(table.name)
        sql = sample_query(table, source, self._server.quoted, self.dialect)
        try:
            rows = self._run(sql, replace(self.limits, timeout_s=seconds), introspecting=True).rows
        except DatabaseError as error:
            self._unread[table.name] = str(error)
            return table
        pairs = zip(table.columns, column_samples(rows, len(table.columns), samples), strict=True)
        return replace(table, columns=tuple(replace(column, samples=values) for column, values in pairs))

    def _warn_of_unsampled(self, catalogue: Catalogue) -> None:
        by_reason: dict[str, list[str]] = {}
        for name, reason in sorted((catalogue.unsampled | self._unread).items()):
            by_reason.setdefault(reason, []).append(name)
        if by_reason:
            told = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in by_reason.items())
            logger.warning("No sample values of: %s", told)

    @contextmanager
    def _session(self, limits: Limits, introspecting: bool) -> Iterator[Any]:
        """A connection in a read-only transaction, closed at the end: an open transaction and its rows end with it."""
        if self._closed:
            raise DatabaseError(f"The database {self.name!r} is closed; open it again with open_database.")
        with self._translated(limits):
            connection = self._server.connect(limits, introspecting=introspecting)
            session = self._server.session(connection)
            try:
                yield connection
            except OutOfTimeError:
                in_background(lambda: self._server.end(session))
                raise
            finally:
                connection.close()

    @contextmanager
    def _translated(self, limits: Limits) -> Iterator[None]:
        try:
            yield
        except OutOfTimeError:
            raise OverLimitError.of_time(limits.timeout_s) from None
        except (self._server.errors, UnicodeError, ValueError, OSError) as error:
            raise self._as_ours(error, limits) from None  # the chain may show the URL

    def _as_ours(self, error: Exception, limits: Limits) -> DatabaseError:
        diagnosis = getattr(error, "diag", None)  # psycopg's: the message without the statement around it
        said = error.args[1] if len(error.args) > 1 else error  # PyMySQL's: the number, then the message
        text = getattr(diagnosis, "message_primary", None) or str(said).strip() or type(error).__name__
        text = " ".join(text.split())  # libpq breaks lines and indents them
        if hint := getattr(diagnosis, "message_hint", None):
            text += f" ({hint})"
        codes = {str(getattr(error, "sqlstate", None)), str(error.args[0] if error.args else "")}
        if codes & _MEMORY or "max-session-mem-used" in text:
            return OverLimitError.of_memory(limits)
        if codes & _TIMEOUTS:
            return OverLimitError.of_time(limits.timeout_s)
        password = str(self._url.password or "")
        for secret in {password, quote_plus(password), quote(password), quote(password, safe="")} if password else ():
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        if codes & _READ_ONLY or "DECLARE CURSOR" in text:
            return DatabaseError(f"Refused by the read-only connection: {text}")
        return DatabaseError(text)


def _server(url: URL, kind: ServerKind, schemas: Sequence[str]) -> Server:
    if kind is POSTGRES:
        from coderag_app.database.server_postgres import PostgresServer

        return PostgresServer(url)
    from coderag_app.database.server_mysql import MySQLServer

    return MySQLServer(url, schemas)
