"""One read-only session on a PostgreSQL or MySQL server, at the level of the driver.

SQLAlchemy connects and reflects, but the user's SQL goes to the driver as it is: SQLAlchemy would read ``:name`` and
the MySQL driver ``%`` as parameters, and neither keeps several statements out of one call.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from coderag_app.database.base import Limits

_ROWS_AT_ONCE = 100
_CURSOR = "coderag_rows"

Rows = tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]


def begin_postgres(connection: Any, limits: Limits) -> None:
    """Start a transaction that cannot write and whose statements end in time.

    The SELECT takes the snapshot: from then on the server refuses to turn the transaction into a writing one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {_milliseconds(limits.timeout_s)}")
        cursor.execute(f"SET LOCAL lock_timeout = {_milliseconds(limits.timeout_s)}")
        cursor.execute("SET LOCAL client_min_messages = error")
        cursor.execute("SELECT 1")


def query_postgres(connection: Any, sql: str, limits: Limits) -> Rows:
    """Run one query through a cursor on the server, which holds the rows until they are asked for.

    DECLARE CURSOR takes a SELECT and nothing else (no COPY, no SET, no COMMIT, no write inside WITH), and the
    extended protocol (``prepare=True``) takes one statement and no second one.
    """
    deadline = time.monotonic() + limits.timeout_s
    cursor = connection.cursor()
    cursor.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {sql}", prepare=True)
    first = _fetch_postgres(cursor, deadline)
    columns = tuple(column.name for column in cursor.description or ())

    def rows() -> Iterator[tuple[Any, ...]]:
        batch = first
        while batch:
            yield from batch
            batch = _fetch_postgres(cursor, deadline)

    return columns, rows()


def _fetch_postgres(cursor: Any, deadline: float) -> list[tuple[Any, ...]]:
    cursor.execute(f"SET LOCAL statement_timeout = {_milliseconds(deadline - time.monotonic())}")
    cursor.execute(f"FETCH FORWARD {_ROWS_AT_ONCE} FROM {_CURSOR}")
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def mysql_settings(limits: Limits, mariadb: bool) -> tuple[str, ...]:
    """The statements that make a MySQL or MariaDB session read-only and bounded in time."""
    timeout = (
        f"SET SESSION max_statement_time = {limits.timeout_s:g}"
        if mariadb
        else f"SET SESSION max_execution_time = {_milliseconds(limits.timeout_s)}"
    )
    return (timeout, "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY")


def begin_mysql(connection: Any, limits: Limits) -> None:
    """Start a transaction that cannot write and whose SELECTs end in time."""
    with connection.cursor() as cursor:
        for statement in mysql_settings(limits, "mariadb" in connection.get_server_info().lower()):
            cursor.execute(statement)


def query_mysql(connection: Any, sql: str, limits: Limits) -> Rows:
    """Run one query and read its rows from the server as they are needed; the driver sends one statement only."""
    from pymysql.cursors import SSCursor

    cursor = connection.cursor(SSCursor)
    cursor.execute(sql)
    columns = tuple(str(column[0]) for column in cursor.description or ())

    def rows() -> Iterator[tuple[Any, ...]]:
        while row := cursor.fetchone():
            yield row

    return columns, rows()


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))  # 0 would mean: no limit
