"""What a query does to a column that the column's contents have no meaning for. Pure.

SQLite compares a name with a year and adds up countries without a complaint, so such a query runs and is still wrong.
Databases declare types loosely too: what a column of text holds is seen by its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from textwrap import shorten

from sqlglot import exp

from coderag_app.schema.profile import Kind
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.literals import declared_column

_NUMBER = re.compile(r"\s*[-+]?\d[\d,]*(\.\d+)?\s*%?\s*")
_DATE = re.compile(r"\s*(\d{4}-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}/\d\d|\d{1,2}:\d\d|\d{4}\b).*")
_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.In, *_ORDERS)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
DATE_PARTS = (exp.TsOrDsToTimestamp, exp.TimeToStr, exp.Year, exp.Month, exp.Day, exp.Extract)
_YEAR_DIGITS = 4
_LOOKED_AT = 50  # values of a column
_MOST_SHOWN = 80  # characters of a use


class Holds(Enum):
    """What a column holds."""

    NUMBERS = "numbers"
    TEXT = "text"
    DATES = "dates"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Misuse:
    """A use of a column that its contents have no meaning for.

    Attributes:
        node: The column in the query.
        table: The table that it is of.
        column: What the schema says of it.
        holds: What it holds.
    """

    node: exp.Column
    table: Table
    column: Column
    holds: Holds

    def __str__(self) -> str:
        use = self.node.parent.sql() if self.node.parent is not None else ""
        return f"{self.table.name}.{self.column.name} holds {self.holds.value}: {shorten(use, _MOST_SHOWN)}"


def misuses(tree: exp.Expr, schema: Schema, values: ValueIndex) -> Iterator[Misuse]:
    """Each use of a column in a parsed query that its contents have no meaning for.

    Args:
        tree: A query over the schema.
        schema: Its tables, in the query's dialect.
        values: The text that the columns store; a column of text without values is taken for anything.
    """
    for node in tree.find_all(exp.Column):
        found = declared_column(node, schema)
        if found is None:
            continue
        table, column = found
        holds = what_it_holds(table, column, values)
        if _is_misused(node, holds, is_key=is_key(table, column)):
            yield Misuse(node, table, column, holds)


def what_it_holds(table: Table, column: Column, values: ValueIndex) -> Holds:
    """What a column holds, by its declared type, or by its values where that is text or a date."""
    if column.is_boolean:
        return Holds.UNKNOWN
    if column.profile.kind is Kind.DATE:
        return Holds.DATES
    if column.profile.number is not None:
        return Holds.UNKNOWN  # numbers kept as text are used as both
    if column.is_numeric:
        return Holds.NUMBERS
    if column.profile.kind in (Kind.NUMBER, Kind.FLAG):
        return Holds.UNKNOWN  # numbers kept as text are used as both
    stored = values.values_of(table.name, column.name)[:_LOOKED_AT]
    if not stored:
        return Holds.UNKNOWN
    if all(map(_NUMBER.fullmatch, stored)):
        return Holds.UNKNOWN  # numbers kept as text are used as both
    dates = sum(bool(_DATE.fullmatch(value)) for value in stored)
    if dates == len(stored):
        return Holds.DATES
    return Holds.UNKNOWN if column.is_temporal or dates > len(stored) / 2 else Holds.TEXT


def _is_misused(column: exp.Column, holds: Holds, *, is_key: bool) -> bool:
    use = column.parent
    if isinstance(use, _COMPARISONS) and use.this is column:
        return any(_cannot_be(literal, holds) for literal in compared_literals(use)) or (
            holds is Holds.TEXT and isinstance(use, _ORDERS) and any(True for _ in compared_literals(use))
        )
    if isinstance(use, exp.Sum | exp.Avg):
        return is_key or holds in (Holds.TEXT, Holds.DATES)
    if isinstance(use, _ARITHMETIC):
        return is_key or holds is Holds.TEXT
    if isinstance(use, DATE_PARTS):
        return holds in (Holds.TEXT, Holds.NUMBERS)
    return False


def compared_literals(comparison: exp.Expr | None) -> Iterator[exp.Literal]:
    """The literals that a column is compared with, one by one; none for what is no comparison."""
    if isinstance(comparison, exp.In):
        parts = iter(comparison.expressions)
    else:
        parts = iter(comparison.args.values() if isinstance(comparison, _COMPARISONS) else ())
    return (part for part in parts if isinstance(part, exp.Literal))


def _cannot_be(literal: exp.Literal, holds: Holds) -> bool:
    """Whether no value of the column is like the literal."""
    if holds is Holds.NUMBERS:
        return literal.is_string and not _NUMBER.fullmatch(literal.name)
    if holds is Holds.TEXT:
        return not literal.is_string
    if holds is Holds.DATES and not literal.is_string:
        return len(literal.name) <= _YEAR_DIGITS  # 20240131 and seconds since 1970 are dates that are stored as numbers
    return holds is Holds.DATES and _DATE.fullmatch(literal.name) is None


def is_key(table: Table, column: Column) -> bool:
    """Whether the column is of the table's primary key or of a foreign one."""
    return column.primary_key or any(column.name in key.columns for key in table.foreign_keys)
