"""Read stored SQL leniently, to sort rows and to find the tables a query uses. Never used to decide what may run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeGuard

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.sql.parsing import SQLBoundsError, parse

# Public data sets mix dialects. The first one that parses wins; sqlglot's own superset ("") reads most of them.
LENIENT_DIALECTS = ("", "sqlite", "mysql", "postgres", "tsql", "bigquery", "snowflake", "oracle")

_WRITES = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
    exp.Into,
)


class SQLKind(StrEnum):
    """What a stored SQL text turned out to be."""

    QUERY = "a query"
    NOT_A_QUERY = "not a query"
    UNREADABLE = "not SQL"


@dataclass(frozen=True, slots=True)
class SQLReading:
    """What one reading of an SQL text found.

    Attributes:
        kind: Whether it is one query, something else, or unreadable.
        tables: Names of the tables it reads, lowercased, in order of appearance, without its own CTEs.
        detail: Why it is not a query; empty when it is.
    """

    kind: SQLKind
    tables: tuple[str, ...] = ()
    detail: str = ""


def read_sql(sql: str, dialect: str = "") -> SQLReading:
    """Sort one SQL text; recent results are cached because several stages ask about the same row.

    Args:
        sql: The SQL as stored.
        dialect: sqlglot dialect it must parse in; empty accepts any of ``LENIENT_DIALECTS``.
    """
    return _read_sql(sql, dialect)


@lru_cache(maxsize=8192)
def _read_sql(sql: str, dialect: str) -> SQLReading:
    statements: list[exp.Expr] = []
    problem = "nothing but comments"
    for name in (dialect,) if dialect else LENIENT_DIALECTS:
        try:
            with _without_fallback_warnings():
                statements = [statement for statement in parse(sql, dialect=name) if _is_statement(statement)]
        except SQLBoundsError as error:  # it would go over them in every dialect
            return SQLReading(SQLKind.UNREADABLE, detail=str(error))
        except (SqlglotError, RecursionError) as error:
            if name == (dialect or LENIENT_DIALECTS[0]):
                problem = (str(error).splitlines() or [type(error).__name__])[0]
            continue
        break
    if not statements:
        return SQLReading(SQLKind.UNREADABLE, detail=problem)
    return _sort_statements(statements)


def _is_statement(parsed: exp.Expr | None) -> TypeGuard[exp.Expr]:
    """Whether it is a statement; sqlglot makes one of its own of a comment behind the last semicolon."""
    return parsed is not None and not isinstance(parsed, exp.Semicolon)


@contextmanager
def _without_fallback_warnings() -> Iterator[None]:
    """Silence "Falling back to parsing as a 'Command'": such a row is reported with its line instead."""

    def is_other(record: logging.LogRecord) -> bool:
        return "Falling back to parsing" not in record.getMessage()

    logger = logging.getLogger("sqlglot")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def _sort_statements(statements: list[exp.Expr]) -> SQLReading:
    """One query, or why not: several statements, a write (also inside a CTE), or a bare expression."""
    if len(statements) > 1:
        return SQLReading(SQLKind.NOT_A_QUERY, detail=f"{len(statements)} statements, expected one")
    statement = statements[0]
    if isinstance(statement, (exp.Condition, exp.Alias, exp.Tuple)):  # sqlglot reads any words as an expression
        return SQLReading(SQLKind.UNREADABLE, detail=f"an expression ({statement.key}), not a statement")
    if not isinstance(statement, exp.Query):
        return SQLReading(SQLKind.NOT_A_QUERY, detail=f"a {statement.key.upper()} statement")
    write = statement.find(*_WRITES)
    if write is not None:
        return SQLReading(SQLKind.NOT_A_QUERY, detail=f"contains {write.key.upper()}")
    return SQLReading(SQLKind.QUERY, tables=_tables_read(statement))


def _tables_read(query: exp.Expr) -> tuple[str, ...]:
    ctes = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    # find_all walks breadth first; the order in which names first appear in the text is not worth another walk.
    names = (table.name.lower() for table in query.find_all(exp.Table))
    return tuple(dict.fromkeys(name for name in names if name and name not in ctes))
