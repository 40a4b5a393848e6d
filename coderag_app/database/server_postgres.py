"""Read-only sessions on a PostgreSQL server, at the level of psycopg."""

from __future__ import annotations

import select
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.types.multirange import MultirangeInfo
from psycopg.types.range import RangeInfo

from coderag_app.database.base import Limits, OverLimitError
from coderag_app.database.sampling import quoted
from coderag_app.database.server_postgres_catalogue import read_postgres_catalogue, read_redefined
from coderag_app.database.server_sessions import Catalogue, Deadline, OutOfTimeError, Rows, check_answers, milliseconds
from coderag_app.database.server_values import as_text, read_json, tolerant
from coderag_app.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_CURSOR = "coderag_rows"
_CONNECT_TIMEOUT_S = 10
_SEEN_SHARE = 4  # libpq reads on while more arrives: what waits before it reads is about a quarter of what it takes
_STEP_BYTES = 1 << 20
_MOST_ROWS = 100  # in one step: rows may suddenly become long
_MAX_DAYS = 100_000  # pandas holds 292 years
_LATE = 0.9  # below this share of the time limit the rows get what the statement's start has left

# How SQL is read: the guard knows these rules and no others, so the server must answer exactly so.
_READING = {
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "backslash_quote": "off",
    "transform_null_equals": "off",
    "transaction_read_only": "on",
}


class PostgresConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose waits end at the client's deadline and at a row that is too large."""

    deadline: Deadline | None = None
    columns: tuple[str, ...] = ()
    received = 0  # bytes, about

    def _try_cancel(self, *, timeout: float = 5.0) -> None:
        """Leave a statement that is still running alone: the connection is closed instead."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server as psycopg does, but look at the clock and count the bytes of one answer.

        Raises:
            OutOfTimeError: The deadline has passed.
        """
        if self.deadline is None:
            return super().wait(gen, interval, timeout)
        if not hasattr(select, "poll"):  # Windows: the clock alone
            try:
                return super().wait(gen, interval, self.deadline.left())
            except psycopg.OperationalError:
                self.deadline.left()  # raises when this was the clock
                raise
        poll, size = select.poll(), 0
        try:
            wanted = next(gen)
            socket = self.pgconn.socket
            while True:
                poll.register(socket, (select.POLLIN * (wanted & 1)) | (select.POLLOUT * ((wanted & 2) >> 1)))
                left = self.deadline.left()
                events = poll.poll(1000 * min(left, 1.0))
                if not events:
                    wanted = gen.send(0)
                    continue
                ready = 0
                if events[0][1] & ~select.POLLOUT:  # an error or the end counts as something to read
                    ready |= 1
                    arrived = _SEEN_SHARE * _waiting_bytes(socket)
                    size += arrived
                    self.received += arrived
                    self.deadline.check_message(size)
                if events[0][1] & select.POLLOUT:
                    ready |= 2
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value
        except (OutOfTimeError, OverLimitError):
            self.pgconn.finish()  # psycopg would read on to the last row
            raise


class PostgresServer:
    """One database of a PostgreSQL server."""

    errors: ClassVar[type[Exception]] = psycopg.Error

    def __init__(self, url: URL) -> None:
        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

        arguments = dict(PGDialect_psycopg().create_connect_args(url)[1])
        arguments.setdefault("connect_timeout", _CONNECT_TIMEOUT_S)
        self._arguments = arguments | {"client_encoding": "UTF8", "context": _adapters(), "autocommit": True}
        self._path: tuple[str, ...] = ()
        self._places: dict[str, str] = {}
        self._optional: dict[str, str] = {}
        self.namespace = ""
        self.redefined: frozenset[str] = frozenset()
        self.is_superuser = False

    def open(self, limits: Limits) -> None:
        """Ask for the role's own search path and for what the database's owner has redefined; try optional settings.

        Raises:
            DatabaseError: A cast that runs by itself between two built-in types is the owner's.
        """
        connection = self._connect(limits)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(
                "BEGIN READ ONLY; SELECT pg_catalog.current_schemas(false)::pg_catalog.text[], "
                "pg_catalog.current_setting('is_superuser'), "
                "pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')), "
                "ARRAY(SELECT nspname FROM pg_catalog.pg_namespace)::pg_catalog.text[]"
            )
            cursor.nextset()
            schemas, superuser, work_mem, there = cursor.fetchone() or ([], "off", 0, [])
            _check_there(limits.schemas, there)
            self.is_superuser = superuser == "on"
            own = tuple(name for name in schemas if name != "pg_catalog" and not name.startswith("pg_temp"))
            self._path = tuple(limits.schemas) or own or ("public",)
            self.namespace = self._path[0]
            cursor.execute(_settings_query(_READING | self._settings(limits, introspecting=True)))
            for name, value in _bounds(limits, int(work_mem)).items():
                cursor.execute("SAVEPOINT coderag")
                try:
                    cursor.execute(_settings_query({name: value}))
                    self._optional[name] = value
                except psycopg.Error:  # an older server, or a setting for superusers alone
                    cursor.execute("ROLLBACK TO SAVEPOINT coderag")
            self.redefined = read_redefined(cursor, self._path)

    def connect(self, limits: Limits, *, introspecting: bool = False) -> PostgresConnection:
        """Begin a transaction that cannot write, with the settings that the guard reads SQL by, in one round trip.

        The SELECT takes the snapshot: from then on the server refuses to turn the transaction into a writing one.
        """
        connection = self._connect(limits)
        settings = _READING | self._optional | self._settings(limits, introspecting)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"BEGIN READ ONLY; {_settings_query(settings)}")
                cursor.nextset()
                answered = dict(zip(settings, cursor.fetchone() or (), strict=False))
            expected = _READING | {"search_path": settings["search_path"]}
            check_answers(expected, answered)
            for name in ("client_encoding", "standard_conforming_strings"):
                check_answers({name: _READING[name]}, {name: connection.info.parameter_status(name) or "nothing"})
        except BaseException:
            connection.close()
            raise
        return connection

    def query(self, connection: PostgresConnection, sql: str, limits: Limits) -> Rows:
        """Run one query through a cursor on the server and read its rows one by one.

        DECLARE CURSOR takes a SELECT and nothing else (no COPY, no SET, no COMMIT, no write inside WITH), and the
        extended protocol (``binary=True``) takes one statement and no second one.
        """
        connection.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {sql}", binary=True)
        rows = _fetched(connection, limits)
        first = next(rows, None)
        columns = connection.columns
        if first is None:
            cursor = connection.execute(f"FETCH FORWARD 0 FROM {_CURSOR}")  # names that no row has brought
            columns = tuple(column.name for column in cursor.description or ())
        return columns, rows if first is None else chain([first], rows)

    def read_catalogue(self, connection: PostgresConnection) -> Catalogue:
        """Tables, views and keys of the schemas on the search path."""
        with connection.cursor() as cursor:
            catalogue, self._places = read_postgres_catalogue(cursor, self._path)
        return catalogue

    def table_name(self, table: str) -> str:
        """The table's name, quoted and qualified."""
        return f"{self.quoted(self._places.get(table, self.namespace))}.{self.quoted(table)}"

    def quoted(self, name: str) -> str:
        """The identifier in double quotes."""
        return quoted(name)

    def session(self, connection: PostgresConnection) -> int:
        """The process that serves the connection."""
        return connection.info.backend_pid

    def end(self, session: int) -> None:
        """End a session that no longer answers, as soon as it looks up from its work."""
        with closing(psycopg.connect(**self._arguments)) as connection:
            connection.execute("SELECT pg_catalog.pg_terminate_backend(%s::pg_catalog.int4)", (session,))

    def _connect(self, limits: Limits) -> PostgresConnection:
        connection = PostgresConnection.connect(**self._arguments)
        connection.deadline = Deadline(limits)
        return connection

    def _settings(self, limits: Limits, introspecting: bool) -> dict[str, str]:
        """The settings of a session: the engine's own names come first, and temporary tables last."""
        path = () if introspecting else self._path
        timeout = str(milliseconds(limits.timeout_s))
        return {
            "search_path": ", ".join(["pg_catalog", *map(quoted, path), "pg_temp"]),
            "statement_timeout": timeout,
            "lock_timeout": timeout,
            "client_min_messages": "error",
            "DateStyle": "ISO",
            "IntervalStyle": "postgres",
            "row_security": "on",
        }


def _check_there(wanted: Sequence[str], there: Sequence[str]) -> None:
    """Refuse schemas that are not in the database.

    Raises:
        DatabaseError: One is not.
    """
    own = sorted(name for name in there if name != "information_schema" and not name.startswith("pg_"))
    for name in wanted:
        if name not in own:
            raise DatabaseError(f"There is no schema {name!r} in the database; expected some of: {', '.join(own)}.")


def _bounds(limits: Limits, work_mem: int) -> dict[str, str]:
    """What one statement may take, where the server lets the role say so."""
    memory_kb = limits.max_memory_mb * 1024
    return {
        "work_mem": f"{max(64, min(work_mem // 1024 or 4096, memory_kb // 32))}kB",
        "hash_mem_multiplier": "1",
        "temp_file_limit": f"{4 * memory_kb}kB",
        "jit": "off",  # compiling is work that no clock stops
        "max_parallel_workers_per_gather": "0",
        "join_collapse_limit": "6",  # planning time grows exponentially with it, and the planner asks no clock
        "from_collapse_limit": "6",
        "geqo": "on",
        "client_connection_check_interval": "1000",  # a backend notices that its client has gone
    }


def _settings_query(settings: dict[str, str]) -> str:
    calls = (
        f"pg_catalog.current_setting('{name}')"
        if name == "transaction_read_only"
        else f"pg_catalog.set_config('{name}', {_literal(value)}, false)"
        for name, value in settings.items()
    )
    return f"SELECT {', '.join(calls)}"


def _literal(text: str) -> str:
    """The text as a literal that reads the same whatever the server takes a backslash for."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _fetched(connection: PostgresConnection, limits: Limits) -> Iterator[tuple[Any, ...]]:
    """The rows of the cursor, in steps of about a megabyte: the server keeps each step whole before it sends it."""
    step, left = 1, limits.max_rows + 1
    deadline = connection.deadline or Deadline(limits)
    try:
        while left > 0:
            if deadline.is_over():
                raise OutOfTimeError
            if deadline.statement_left() < _LATE * limits.timeout_s:
                connection.execute(f"SET LOCAL statement_timeout = {milliseconds(deadline.statement_left())}")
            cursor = connection.cursor()
            arrived, connection.received = 0, 0
            for row in cursor.stream(f"FETCH FORWARD {min(step, left)} FROM {_CURSOR}"):
                if not connection.columns:
                    connection.columns = tuple(column.name for column in cursor.description or ())
                arrived += 1
                yield row
            if arrived < min(step, left):
                return
            left -= arrived
            fitting = _STEP_BYTES * arrived // max(1, connection.received)
            step = max(1, min(8 * step, fitting, _MOST_ROWS))
    except GeneratorExit:
        connection.close()  # before the stream ends: it would read on to the last row
        raise


def _waiting_bytes(socket: int) -> int:
    """Bytes that have arrived at the socket and are not read yet; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import fcntl
    import termios

    return int(struct.unpack("i", fcntl.ioctl(socket, termios.FIONREAD, b"\0\0\0\0"))[0])


def _adapters() -> AdaptersMap:
    """Conversions of psycopg; what does not fit into Python's types, or into a table of them, becomes text."""
    adapters = AdaptersMap(psycopg.adapters)
    for name in ("date", "time", "timetz", "timestamp", "timestamptz", "interval", "numeric"):
        _register(adapters, name, psycopg.adapters.get_loader(psycopg.adapters.types[name].oid, Format.TEXT))
    for name in ("json", "jsonb"):
        _register(adapters, name, None)
    texts = [info.oid for info in psycopg.adapters.types if isinstance(info, RangeInfo | MultirangeInfo)]
    for oid in [*texts, *(psycopg.adapters.types[name].oid for name in ("inet", "cidr", "uuid"))]:
        adapters.register_loader(oid, _TextLoader)
    return adapters


def _finite(value: Any, _: Any) -> Any:
    """The decimal; NaN and infinity are none that a table or chart can hold."""
    if not value.is_finite():
        raise ValueError
    return value


def _short(value: Any, data: Any) -> Any:
    """The interval; one of months or of many years is no number of days."""
    if b"mon" in bytes(data) or b"year" in bytes(data) or abs(value.days) > _MAX_DAYS:
        raise ValueError
    return value


_CHECKS = {"numeric": _finite, "interval": _short}


class _TextLoader(Loader):
    """Whatever it is, as the server writes it."""

    def load(self, data: Any) -> str:
        """Decode the text."""
        return as_text(data)


def _register(adapters: AdaptersMap, name: str, base: type[Any] | None) -> None:
    class Tolerant(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            convert = read_json if base is None else base(oid, context).load
            check = _CHECKS.get(name)
            self._convert = tolerant(convert if check is None else lambda data: check(convert(data), data))

        def load(self, data: Any) -> Any:
            return self._convert(data)

    adapters.register_loader(name, Tolerant)
