"""What a schema calls its tables and columns, as a question may say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from coderag_app.schema.name_words import name_words, plural, stem
from coderag_app.schema.tables import Column, Schema, Table


def columns_of(schema: Schema) -> Iterator[Column]:
    """All columns of all tables."""
    return (column for table in schema.tables for column in table.columns)


def is_called(word: str, schema: Schema) -> bool:
    """Whether a table's or a column's name has the word or its plural: a month, and not ``monthly_salary``."""
    names = [*(table.name for table in schema.tables), *(column.name for column in columns_of(schema))]
    return any(not {word, plural(word)}.isdisjoint(name_words(name).split()) for name in names)


def is_table(name: str, schema: Schema) -> bool:
    """Whether a table is called so, whatever the endings."""
    return any(stems(name.lower()) == stems(name_words(table.name)) for table in schema.tables)


def columns_called(name: str, tables: Iterable[Table]) -> list[Column]:
    """The columns of some tables that a question calls by their whole names, whatever the endings."""
    wanted = stems(name.lower())
    return [column for table in tables for column in table.columns if stems(name_words(column.name)) == wanted]


def stems(words: str) -> list[str]:
    """The stems of words."""
    return [stem(word) for word in words.split()]
