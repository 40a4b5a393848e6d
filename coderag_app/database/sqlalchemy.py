"""PostgreSQL and MySQL servers, reached by a SQLAlchemy URL and read in read-only transactions."""

from __future__ import annotations

import importlib
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus

from coderag_app.database.base import Limits
from coderag_app.database.rows import collect_rows
from coderag_app.database.sampling import MAX_TEXT_CHARS, SCANNED_TEXT_ROWS, column_samples, printable
from coderag_app.database.server_schema import is_text_column, read_server_schema, sample_query
from coderag_app.database.server_sessions import begin_mysql, begin_postgres, query_mysql, query_postgres
from coderag_app.errors import DatabaseError
from coderag_app.schema import Schema, Table
from coderag_app.types import QueryResult

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10
_SAMPLING_S = 1.0  # per table or view


class _Kind(NamedTuple):
    dialect: str
    driver: str
    module: str
    package: str


_POSTGRES = _Kind("postgres", "postgresql+psycopg", "psycopg", '"psycopg[binary]"')
_MYSQL = _Kind("mysql", "mysql+pymysql", "pymysql", "pymysql")
_KINDS = {"postgresql": _POSTGRES, "postgres": _POSTGRES, "mysql": _MYSQL, "mariadb": _MYSQL}
_TIMEOUTS = {"57014", "3024", "1969"}  # PostgreSQL's SQLSTATE, MySQL's and MariaDB's error numbers
_READ_ONLY = {"25006", "1792"}


class SQLAlchemyDatabase:
    """A database on a server, read over a fresh connection for every statement.

    What holds each promise, and where it ends:

    * Writes: every statement runs in a READ ONLY transaction that is rolled back. On PostgreSQL it must also be a
      plain query (DECLARE CURSOR) and a single one. What a role may do outside of transactions stays possible: a
      superuser can read the server's files with ``pg_read_file``, a MySQL user with FILE can write one with INTO
      OUTFILE. The guard refuses both; give the tool a role that may only SELECT, and neither depends on the guard.
    * Time: the server's statement timeout; on MySQL it covers SELECT only.
    * Rows: the server keeps them until they are fetched. Cells are cut after they have arrived.
    * Memory: rows are counted as they arrive; the server's own memory is the server's to limit.
    """

    def __init__(self, engine: Engine, kind: _Kind, limits: Limits) -> None:
        self.name = engine.url.database or ""
        self.dialect = kind.dialect
        self.limits = limits
        self._engine = engine
        self._closed = False

    @classmethod
    def from_url(cls, url: str, limits: Limits) -> SQLAlchemyDatabase:
        """Connect once to see that the server answers.

        Args:
            url: A SQLAlchemy URL such as ``postgresql://user:password@host/name``; a driver named in it is replaced.
            limits: What one statement may use.

        Raises:
            DatabaseError: The URL is not understood, the driver is missing, or the server cannot be reached.
        """
        parsed, kind = _parse(url)
        try:
            importlib.import_module(kind.module)
        except ImportError as error:
            raise DatabaseError(
                f"{parsed.get_backend_name()} needs the driver {kind.module}, which is not installed: "
                f"pip install {kind.package}"
            ) from error
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        arguments: dict[str, Any] = {"connect_timeout": _CONNECT_TIMEOUT_S}
        if kind is _MYSQL:
            arguments |= {"read_timeout": round(limits.timeout_s) + _CONNECT_TIMEOUT_S, "local_infile": False}
        engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
        database = cls(engine, kind, limits)
        database._warn_of_rights()
        return database

    def execute(self, sql: str) -> QueryResult:
        """Run one query within the limits; see ``Database.execute``."""
        return self._run(sql, self.limits)

    def read_schema(self, samples: int = 3) -> Schema:
        """Read tables, views and keys of the default schema; see ``Database.read_schema``."""
        with self._session(self.limits) as connection:
            tables = read_server_schema(connection)
        if samples > 0:
            tables = [self._with_samples(table, samples) for table in tables]
        return Schema(tuple(tables), self.dialect)

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Distinct texts of up to 100 characters from the first 200,000 rows; see ``Database.distinct_texts``."""
        with self._session(self.limits) as connection:
            if not is_text_column(connection, table, column):
                return []
        quoted = self._engine.dialect.identifier_preparer.quote_identifier
        cast = "CHAR" if self.dialect == "mysql" else "TEXT"
        inner = f"SELECT CAST({quoted(column)} AS {cast}) AS value FROM {quoted(table)} LIMIT {SCANNED_TEXT_ROWS}"
        sql = f"SELECT DISTINCT value FROM ({inner}) AS texts WHERE char_length(value) BETWEEN 1 AND {MAX_TEXT_CHARS}"
        rows = self._run(f"{sql} LIMIT {int(limit)}", replace(self.limits, max_rows=max(1, limit))).rows
        return [text for text in dict.fromkeys(printable(row[0]) for row in rows) if text]

    def close(self) -> None:
        """Refuse further statements; no connection is kept open between two."""
        self._closed = True
        self._engine.dispose()

    def _run(self, sql: str, limits: Limits) -> QueryResult:
        started = time.monotonic()
        query = query_mysql if self.dialect == "mysql" else query_postgres
        with self._session(limits) as connection:
            columns, rows = query(connection.connection.driver_connection, sql, limits)
            if not columns:
                raise DatabaseError("The SQL returns no columns; expected one SELECT statement.")
            kept, truncated = collect_rows(rows, limits)
        return QueryResult(columns, kept, truncated, time.monotonic() - started)

    def _with_samples(self, table: Table, samples: int) -> Table:
        sql = sample_query(table, self._engine.dialect)
        limits = replace(self.limits, timeout_s=min(_SAMPLING_S, self.limits.timeout_s))
        try:
            rows = self._run(sql, limits).rows
        except DatabaseError as error:
            logger.info("No sample values for %s: %s", table.name, error)
            return table
        pairs = zip(table.columns, column_samples(rows, len(table.columns), samples), strict=True)
        return replace(table, columns=tuple(replace(column, samples=values) for column, values in pairs))

    def _warn_of_rights(self) -> None:
        if self.dialect != "postgres":
            with self._session(self.limits):
                return
        if self._run("SELECT current_setting('is_superuser')", self.limits).rows == (("on",),):
            logger.warning(
                "Connected to %s as a superuser. Use a role that may only SELECT: "
                "CREATE ROLE reader LOGIN PASSWORD '...'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;",
                self.name,
            )

    @contextmanager
    def _session(self, limits: Limits) -> Iterator[Connection]:
        """A connection in a read-only transaction, rolled back and closed at the end; errors are translated."""
        from sqlalchemy.exc import SQLAlchemyError

        if self._closed:
            raise DatabaseError(f"The database {self.name!r} is closed; open it again with open_database.")
        driver_error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        try:
            with self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                (begin_mysql if self.dialect == "mysql" else begin_postgres)(driver, limits)
                try:
                    yield connection
                finally:
                    connection.invalidate()  # closes it: an open transaction and its rows end with it
        except (SQLAlchemyError, driver_error, UnicodeError, ValueError) as error:
            raise DatabaseError(self._message(error, limits)) from None  # the chain may show the URL

    def _message(self, error: Exception, limits: Limits) -> str:
        original = getattr(error, "orig", None) or error
        diagnosis = getattr(original, "diag", None)  # psycopg's: the message without the statement around it
        text = getattr(diagnosis, "message_primary", None) or str(original).strip() or type(original).__name__
        if hint := getattr(diagnosis, "message_hint", None):
            text += f" ({hint})"
        code = str(getattr(original, "sqlstate", None) or (original.args[0] if original.args else ""))
        if code in _TIMEOUTS:
            return f"The query was stopped after {limits.timeout_s:g} s; ask for less, or raise timeout_s."
        password = self._engine.url.password
        for secret in {str(password), quote_plus(str(password))} if password else ():
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        if code in _READ_ONLY or "DECLARE CURSOR" in text:
            return f"Refused by the read-only connection: {text}"
        return text


def _parse(url: str) -> tuple[URL, _Kind]:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    scheme = url.partition("://")[0].split("+")[0]
    kind = _KINDS.get(scheme)
    if kind is None:
        known = ", ".join(sorted({*_KINDS, "sqlite", "duckdb"}))
        raise DatabaseError(f"Databases of the kind {scheme!r} are not supported; expected one of: {known}.")
    try:
        parsed = make_url(url).set(drivername=kind.driver)
    except (ArgumentError, ValueError):
        # The parser's own message repeats the URL with its password.
        raise DatabaseError(f"The {scheme} URL cannot be read; expected {scheme}://user@host:port/name.") from None
    if "@" in (parsed.host or ""):
        raise DatabaseError(f"The {scheme} URL cannot be read: write an @ in the user or the password as %40.")
    if not parsed.database:
        raise DatabaseError(f"The {scheme} URL names no database; expected {scheme}://user@host:port/name.")
    return parsed, kind
