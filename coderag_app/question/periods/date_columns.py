"""Which columns say when: dates by their type or name, years by their name."""

from __future__ import annotations

from coderag_app.schema.name_words import name_words
from coderag_app.schema.profile import Kind
from coderag_app.schema.tables import Column


def is_date(column: Column) -> bool:
    """Whether a column holds dates, by its values, or else by its type or its name.

    >>> is_date(Column("ordered_on", "TIMESTAMP")), is_date(Column("ship_date", "TEXT")), is_date(Column("day", "TEXT"))
    (True, True, False)
    """
    if column.profile.kind is Kind.DATE:
        return True
    named = "date" in name_words(column.name).split() and column.profile.kind is not Kind.NUMBER
    return column.is_temporal or named


def is_year(column: Column) -> bool:
    """Whether a column holds years as numbers, by its type and its name.

    >>> [is_year(Column(name, "INTEGER")) for name in ("release_year", "YearOpened", "years_of_service")]
    [True, True, False]
    """
    return column.is_numeric and column.profile.kind is not Kind.DATE and is_called_year(column)


def is_called_year(column: Column) -> bool:
    """Whether a column's name says that it holds years: ``release_year``, ``YearOpened``."""
    return "year" in name_words(column.name).split()


def holds_times(column: Column) -> bool:
    """Whether a column holds dates with the time of day, by its values, or else by its type."""
    return column.profile.has_time if column.profile.kind is Kind.DATE else "TIME" in column.type.upper()
