"""A schema as the text that the model reads: an id and the plain words of each table and column.

The model writes the ids. One token that stands beside the words is easier to point at than a name is to spell, and no
reply can name what is not there.
"""

from __future__ import annotations

import re
from functools import cached_property

from coderag_app.llm.compact.amounts import Amount, with_amount
from coderag_app.llm.compact.links import NameLinks
from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import ValueIndex

MAX_TABLES, MAX_COLUMNS = 40, 160


class SchemaNames:
    """The two-way dictionary between a schema's identifiers and their words, unique within their scope."""

    def __init__(self, schema: Schema, amount: Amount | None = None) -> None:
        """Take the schema; an ``amount`` that the model has an id left for is one column more."""
        fits = sum(len(table.columns) for table in schema.tables) < MAX_COLUMNS and len(schema.tables) <= MAX_TABLES
        self.amount = amount if fits else None
        self.schema = with_amount(schema, amount) if amount is not None and fits else schema

    @cached_property
    def joins(self) -> JoinGraph:
        """The schema's foreign keys as a graph, built once for all questions."""
        return JoinGraph(self.schema)

    @cached_property
    def tables(self) -> dict[str, str]:
        """Words of each table by its lowercase name."""
        return _unique_words({table.name: self.schema.words(table) for table in self.schema.tables})

    @cached_property
    def columns(self) -> dict[tuple[str, str], str]:
        """Words of each column by (table, column) in lowercase."""
        return {
            (table.name.lower(), column): words
            for table in self.schema.tables
            for column, words in _unique_words({c.name: identifier_words(c.name) for c in table.columns}).items()
        }

    @cached_property
    def table_ids(self) -> dict[str, str]:
        """``<t0>``, ``<t1>``, ... of each table by its lowercase name; none for tables beyond the model's ids."""
        return {name: f"<t{number}>" for number, name in enumerate(list(self.tables)[:MAX_TABLES])}

    @cached_property
    def column_ids(self) -> dict[tuple[str, str], str]:
        """``<c0>``, ``<c1>``, ... of each column by (table, column); none for columns beyond the model's ids."""
        shown = [key for key in self.columns if key[0] in self.table_ids]
        return {key: f"<c{number}>" for number, key in enumerate(shown[:MAX_COLUMNS])}

    @cached_property
    def table_by_id(self) -> dict[str, str]:
        """Table name by id."""
        return {item_id: name for name, item_id in self.table_ids.items()}

    @cached_property
    def column_by_id(self) -> dict[str, tuple[str, str]]:
        """(table, column) by id."""
        return {item_id: key for key, item_id in self.column_ids.items()}

    @cached_property
    def links(self) -> NameLinks:
        """What finds the names in a question, built once for all questions."""
        keys = {(t.name.lower(), c.name.lower()) for t in self.schema.tables for c in t.columns if c.primary_key}
        keys |= {(t.name.lower(), n.lower()) for t in self.schema.tables for k in t.foreign_keys for n in k.columns}
        return NameLinks(
            [(item_id, self.tables[name]) for name, item_id in self.table_ids.items()],
            [
                (item_id, self.table_ids[key[0]], self.columns[key], key in keys)
                for key, item_id in self.column_ids.items()
            ],
        )


def _unique_words(names: dict[str, str]) -> dict[str, str]:
    """The words of each name, by the name in lowercase, numbered where two names have the same."""
    words_of: dict[str, str] = {}
    taken: set[str] = set()
    for name, plain in names.items():
        words, number = plain, 2
        while words in taken:
            words, number = f"{plain} {number}", number + 1
        taken.add(words)
        words_of[name.lower()] = words
    return words_of


def schema_text(names: SchemaNames, values: ValueIndex) -> str:
    """The schema as one line.

    ``<schema> <t0> singer : <c0> id # ! , <c1> home city > <t1> , <c2> is male ( t | f ) ; <t1> city : ...``,
    where ``#`` marks numbers, ``@`` dates, ``!`` the primary key, ``>`` a foreign key, and parentheses hold the values
    of a small category or of a flag, ``( 0 | 1 )``.
    """
    shown = [table for table in names.schema.tables if table.name.lower() in names.table_ids]
    return "<schema> " + " ; ".join(_table_text(names, table, values) for table in shown)


def _table_text(names: SchemaNames, table: Table, values: ValueIndex) -> str:
    name = table.name.lower()
    shown = [column for column in table.columns if (name, column.name.lower()) in names.column_ids]
    columns = " , ".join(_column_text(names, table, column, values) for column in shown)
    return f"{names.table_ids[name]} {names.tables[name]} : {columns}"


def _column_text(names: SchemaNames, table: Table, column: Column, values: ValueIndex) -> str:
    name = (table.name.lower(), column.name.lower())
    parts = [names.column_ids[name], names.columns[name]]
    if column.is_numeric:
        parts.append("#")
    elif column.is_temporal:
        parts.append("@")
    if column.primary_key:
        parts.append("!")
    for key in table.foreign_keys:
        if column.name.lower() in (name.lower() for name in key.columns) and key.ref_table.lower() in names.table_ids:
            parts.append("> " + names.table_ids[key.ref_table.lower()])
    few = ("0", "1") if column.profile.is_bit else values.few_values(table.name, column.name)
    if few:
        parts.append("( " + " | ".join(plain_words(value) for value in few) + " )")
    return " ".join(parts)


def plain_words(text: str) -> str:
    """Text as lowercase words and punctuation separated by spaces, free of the markers of the prompt."""
    return " ".join(re.findall(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s<>]|[<>]", text.lower(), re.UNICODE))
