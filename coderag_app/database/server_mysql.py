"""Read-only sessions on a MySQL or MariaDB server, at the level of PyMySQL."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pymysql
from pymysql.connections import Connection, MysqlPacket
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions, convert_timedelta
from pymysql.cursors import SSCursor

from coderag_app.database.base import Limits
from coderag_app.database.server_mysql_catalogue import read_redefined
from coderag_app.database.server_mysql_schemas import read_databases, with_databases
from coderag_app.database.server_sessions import Catalogue, Deadline, OutOfTimeError, Rows, check_answers, milliseconds
from coderag_app.database.server_values import tolerant

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_CONNECT_TIMEOUT_S = 10
_ENCODING = "utf8mb4"
_READ_AT_ONCE = 1 << 20
_SWITCHES = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")

# The modes that change which values are accepted. All others are taken out: they change where a string ends
# (ANSI_QUOTES, NO_BACKSLASH_ESCAPES), what an operator means (PIPES_AS_CONCAT, HIGH_NOT_PRECEDENCE), what is a
# function (IGNORE_SPACE), or the whole language (ORACLE, MSSQL).
_HARMLESS_MODES = frozenset(
    """ALLOW_INVALID_DATES ERROR_FOR_DIVISION_BY_ZERO NO_AUTO_CREATE_USER NO_AUTO_VALUE_ON_ZERO NO_DIR_IN_CREATE
    NO_ENGINE_SUBSTITUTION NO_UNSIGNED_SUBTRACTION NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY STRICT_ALL_TABLES
    STRICT_TRANS_TABLES TIME_ROUND_FRACTIONAL""".split()
)


class MySQLConnection(Connection):
    """A connection whose waits end at the client's deadline and at a row that is too large."""

    deadline: Deadline | None = None
    _message_bytes = 0
    _read_timeout: float | None

    def _read_packet(self, packet_type: type[Any] = MysqlPacket) -> Any:
        self._message_bytes = 0
        if self.deadline is not None:
            left = self.deadline.left()
            if self._read_timeout is None or not left <= self._read_timeout <= 1.05 * left:
                self._read_timeout = left
        return super()._read_packet(packet_type)

    def _read_bytes(self, num_bytes: int) -> bytes:
        deadline = self.deadline
        if deadline is None:
            return bytes(super()._read_bytes(num_bytes))
        self._message_bytes += num_bytes
        deadline.check_message(self._message_bytes)
        try:
            if num_bytes <= _READ_AT_ONCE:
                return bytes(super()._read_bytes(num_bytes))
            parts = []
            while num_bytes > 0:
                deadline.left()
                parts.append(super()._read_bytes(min(num_bytes, _READ_AT_ONCE)))
                num_bytes -= len(parts[-1])
            return b"".join(parts)
        except pymysql.err.OperationalError:
            if time.monotonic() >= deadline.gives_up_at - 0.005:
                raise OutOfTimeError from None
            raise

    def close(self) -> None:
        """Close without reading the rows that are left, as PyMySQL would."""
        if self._result is not None:
            self._result.unbuffered_active = False
        if self.open:
            super().close()


class MySQLServer:
    """One database of a MySQL or MariaDB server, or several: those of ``Limits.schemas``."""

    errors: ClassVar[type[Exception]] = pymysql.err.MySQLError
    is_superuser = False

    def __init__(self, url: URL, databases: Sequence[str] = ()) -> None:
        from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

        arguments = dict(MySQLDialect_pymysql().create_connect_args(url)[1])
        for name in _SWITCHES:
            if name in arguments:
                arguments[name] = str(arguments[name]).lower() in ("1", "true", "yes", "on")
        arguments.setdefault("connect_timeout", _CONNECT_TIMEOUT_S)
        if "unix_socket" in arguments and not any(name.startswith("ssl") for name in arguments):
            arguments["ssl_disabled"] = True  # PyMySQL would read all certificates for each connection: 50 ms
        self._arguments: dict[str, Any] = arguments | {
            "charset": _ENCODING,
            "local_infile": False,
            "autocommit": None,
            "conv": _conversions(),
        }
        self.namespace = databases[0] if databases else ""
        self._own = url.database or ""
        self._path = tuple(databases) or (self._own,)
        self._places: dict[str, str] = {}  # the databases of tables that are not the session's own
        self._modes = ""
        self._optional: tuple[str, ...] = ()
        self._mariadb = False
        self.redefined: frozenset[str] = frozenset()

    def open(self, limits: Limits) -> None:
        """Ask for the modes of the server and for stored functions; try the optional settings one by one."""
        connection = self._connect(limits)
        with connection, connection.cursor() as cursor:
            self._mariadb = "mariadb" in connection.get_server_info().lower()
            cursor.execute("SELECT @@SESSION.sql_mode")
            self._modes = harmless_modes(str((cursor.fetchone() or ("",))[0]))
            cursor.execute(f"SET SESSION sql_mode = '{self._modes}'")
            accepted = []
            for setting in bounds(limits, self._mariadb):
                try:
                    cursor.execute(f"SET SESSION {setting}")
                    accepted.append(setting)
                except pymysql.err.MySQLError:  # another version, or a setting for administrators alone
                    continue
            self._optional = tuple(accepted)
            self.redefined = read_redefined(cursor)

    def connect(self, limits: Limits, *, introspecting: bool = False) -> MySQLConnection:
        """Begin a transaction that cannot write, with the modes that the guard reads SQL by."""
        connection = self._connect(limits)
        read_only = "tx_read_only" if self._mariadb else "transaction_read_only"
        expected = {
            "sql_mode": self._modes,
            "character_set_client": _ENCODING,
            "character_set_connection": _ENCODING,
            read_only: "1",
        }
        settings = [
            f"sql_mode = '{self._modes}'",
            f"character_set_client = {_ENCODING}",
            f"character_set_results = {_ENCODING}",
            f"{read_only} = 1",
            *time_settings(limits, self._mariadb),
            *self._optional,
        ]
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET " + ", ".join(f"SESSION {setting}" for setting in settings))
                cursor.execute("START TRANSACTION READ ONLY")
                cursor.execute(f"SELECT {', '.join(f'@@SESSION.{name}' for name in expected)}")
                answered = dict(zip(expected, map(str, cursor.fetchone() or ()), strict=False))
            check_answers({**expected, "sql_mode": _sorted(self._modes)}, answered | {"sql_mode": _sorted(answered)})
        except BaseException:
            connection.close()
            raise
        return connection

    def query(self, connection: MySQLConnection, sql: str, limits: Limits) -> Rows:
        """Run one query and read its rows from the server as they are needed; the driver sends one statement only."""
        cursor = connection.cursor(SSCursor)
        cursor.execute(with_databases(sql, self._places))
        if connection.deadline is not None and connection.deadline.is_over():
            raise OutOfTimeError  # BENCHMARK and SLEEP end early and say nothing of it
        columns = tuple(str(column[0]) for column in cursor.description or ())

        def rows() -> Iterator[tuple[Any, ...]]:
            while row := cursor.fetchone():
                yield row

        return columns, rows()

    def read_catalogue(self, connection: MySQLConnection) -> Catalogue:
        """Tables, views and keys of the databases."""
        with connection.cursor() as cursor:
            catalogue, places = read_databases(cursor, self._path)
        self._places = {table: name for table, name in places.items() if name != self._own}
        return catalogue

    def table_name(self, table: str) -> str:
        """The table's name, quoted; ``query`` puts its database in front."""
        return self.quoted(table)

    def quoted(self, name: str) -> str:
        """The identifier in backticks."""
        return "`" + name.replace("`", "``") + "`"

    def session(self, connection: MySQLConnection) -> int:
        """The number of the connection's thread."""
        return int(connection.thread_id())

    def end(self, session: int) -> None:
        """End a session that no longer answers."""
        connection = Connection(**self._arguments)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"KILL {session:d}")

    def _connect(self, limits: Limits) -> MySQLConnection:
        connection = MySQLConnection(**self._arguments)
        connection.deadline = Deadline(limits)
        return connection


def harmless_modes(modes: str) -> str:
    """The modes of a server that say nothing about how SQL is read, separated by commas."""
    return ",".join(mode for mode in modes.upper().split(",") if mode in _HARMLESS_MODES)


def time_settings(limits: Limits, mariadb: bool) -> tuple[str, ...]:
    """The settings that end a statement in time."""
    statement = (
        f"max_statement_time = {limits.timeout_s:g}"
        if mariadb
        else f"max_execution_time = {milliseconds(limits.timeout_s)}"
    )
    return statement, f"lock_wait_timeout = {max(1, math.ceil(limits.timeout_s))}"


def bounds(limits: Limits, mariadb: bool) -> tuple[str, ...]:
    """What one statement may take, where the server lets the role say so."""
    memory = limits.max_memory_bytes
    temporary = max(1 << 20, memory // 16)
    common = (
        f"max_heap_table_size = LEAST(@@SESSION.max_heap_table_size, {temporary})",
        f"tmp_table_size = LEAST(@@SESSION.tmp_table_size, {temporary})",
        f"group_concat_max_len = LEAST(@@SESSION.group_concat_max_len, {limits.max_cell_bytes})",
        "max_join_size = 1000000000000",  # rows that the server expects to look at: hours of work
        "optimizer_search_depth = LEAST(@@SESSION.optimizer_search_depth, 8)",
    )
    if not mariadb:
        return (*common, "cte_max_recursion_depth = LEAST(@@SESSION.cte_max_recursion_depth, 100000)")
    return (
        *common,
        f"max_session_mem_used = {memory}",
        f"max_tmp_session_space_usage = {4 * memory}",
        "max_recursive_iterations = LEAST(@@SESSION.max_recursive_iterations, 100000)",
    )


def _sorted(modes: str | dict[str, str]) -> str:
    text = modes if isinstance(modes, str) else modes.get("sql_mode", "nothing")
    return ",".join(sorted(text.upper().split(",")))


def _conversions() -> dict[Any, Any]:
    """PyMySQL's conversions; what does not fit into Python's types stays text."""
    kinds = ("TIMESTAMP", "DATETIME", "DATE", "DECIMAL", "NEWDECIMAL", "YEAR", "FLOAT", "DOUBLE")
    changed = {getattr(FIELD_TYPE, kind): tolerant(conversions[getattr(FIELD_TYPE, kind)]) for kind in kinds}
    return conversions | changed | {FIELD_TYPE.TIME: tolerant(_time_of_day)}


def _time_of_day(text: str) -> Any:
    """The time of a day; a duration below zero or of a day and more is none.

    Raises:
        ValueError: It is no time of a day.
    """
    value = convert_timedelta(text)
    if not isinstance(value, datetime.timedelta) or not datetime.timedelta(0) <= value < datetime.timedelta(days=1):
        raise ValueError(text)
    return value
