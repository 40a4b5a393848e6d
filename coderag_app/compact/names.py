"""Identifiers as words, and a schema as the text that the model reads."""

from __future__ import annotations

import re
from functools import cached_property

from coderag_app.compact.joins import JoinGraph
from coderag_app.schema import Column, Schema, Table
from coderag_app.value_index import ValueIndex

_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[A-Z]", re.UNICODE)


def identifier_words(name: str) -> str:
    """An identifier as lowercase words.

    >>> identifier_words("songReleaseYear"), identifier_words("flight_2"), identifier_words("SBCustID")
    ('song release year', 'flight 2', 'sb cust id')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(_SPLIT.findall(spaced)).lower() or "column"


class SchemaNames:
    """The two-way dictionary between a schema's identifiers and their words, unique within their scope."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def joins(self) -> JoinGraph:
        """The schema's foreign keys as a graph, built once for all questions."""
        return JoinGraph(self.schema)

    @cached_property
    def tables(self) -> dict[str, str]:
        """Words of each table by its lowercase name."""
        return _unique_words([table.name for table in self.schema.tables])

    @cached_property
    def columns(self) -> dict[tuple[str, str], str]:
        """Words of each column by (table, column) in lowercase."""
        return {
            (table.name.lower(), column): words
            for table in self.schema.tables
            for column, words in _unique_words([column.name for column in table.columns]).items()
        }

    @cached_property
    def table_by_words(self) -> dict[tuple[str, ...], str]:
        """Table name by the tuple of its words."""
        return {tuple(words.split()): name for name, words in self.tables.items()}

    @cached_property
    def column_by_words(self) -> dict[tuple[str, ...], tuple[str, str]]:
        """(table, column) by the tuple ``table words . column words``."""
        return {
            (*self.tables[table].split(), ".", *words.split()): (table, column)
            for (table, column), words in self.columns.items()
        }

    def column_text(self, table: str, column: str) -> str:
        """``table words . column words`` of a column."""
        return f"{self.tables[table.lower()]} . {self.columns[table.lower(), column.lower()]}"


def _unique_words(names: list[str]) -> dict[str, str]:
    words_of: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        words, number = identifier_words(name), 2
        while words in taken:
            words, number = f"{identifier_words(name)} {number}", number + 1
        taken.add(words)
        words_of[name.lower()] = words
    return words_of


def schema_text(names: SchemaNames, values: ValueIndex) -> str:
    """The schema as one line.

    ``<schema> singer : id # ! , name , home city > city , is male ( t | f ) ; city : ...`` where ``#`` marks numbers,
    ``@`` dates, ``!`` the primary key, ``>`` a foreign key, and parentheses hold the values of a small category.
    """
    return "<schema> " + " ; ".join(_table_text(names, table, values) for table in names.schema.tables)


def _table_text(names: SchemaNames, table: Table, values: ValueIndex) -> str:
    columns = " , ".join(_column_text(names, table, column, values) for column in table.columns)
    return f"{names.tables[table.name.lower()]} : {columns}"


def _column_text(names: SchemaNames, table: Table, column: Column, values: ValueIndex) -> str:
    parts = [names.columns[table.name.lower(), column.name.lower()]]
    if column.is_numeric:
        parts.append("#")
    elif any(word in column.type.upper() for word in ("DATE", "TIME")):
        parts.append("@")
    if column.primary_key:
        parts.append("!")
    for key in table.foreign_keys:
        if column.name.lower() in (name.lower() for name in key.columns) and key.ref_table.lower() in names.tables:
            parts.append("> " + names.tables[key.ref_table.lower()])
    few = values.few_values(table.name, column.name)
    if few:
        parts.append("( " + " | ".join(plain_words(value) for value in few) + " )")
    return " ".join(parts)


def plain_words(text: str) -> str:
    """Text as lowercase words and punctuation separated by spaces, free of the markers of the prompt."""
    return " ".join(re.findall(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s<>]|[<>]", text.lower(), re.UNICODE))
