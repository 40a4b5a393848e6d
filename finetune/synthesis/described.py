"""A database together with the words people use for it: what question patterns are written against.

An invented domain gives such a description with hand-written phrases; a user's own database gives one with phrases
read from its identifiers. The patterns do not know which they have.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from coderag_app.schema.tables import Schema


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """A column with its meaning.

    Attributes:
        name: As spelled in the database.
        kind: One of the kinds of ``domains/README.md``.
        phrases: How people say it, most usual first; at least one.
        values: Distinct stored values that are not NULL, sorted; at most a few hundred.
        nullable: Whether some row holds NULL.
        groupable: Whether rows are grouped by it although its kind does not say so: a repeating number, code or key.
    """

    name: str
    kind: str
    phrases: tuple[str, ...]
    values: tuple[Any, ...] = ()
    nullable: bool = False
    groupable: bool = False


@dataclass(frozen=True, slots=True)
class DescribedTable:
    """A table with its nouns: (singular, plural) pairs, most usual first; at least one.

    ``row_count`` counts the rows that ``values`` were read from; in a user's database that is a sample.
    """

    name: str
    nouns: tuple[tuple[str, str], ...]
    columns: tuple[DescribedColumn, ...]
    row_count: int
    is_junction: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A foreign key with optional verbs: child "held at" parent, parent "hosting" child."""

    child_table: str
    child_column: str
    parent_table: str
    parent_column: str
    child_verb: str = ""
    parent_verb: str = ""


@dataclass(frozen=True)
class DescribedSchema:
    """A database's schema with the words for its parts; what question patterns draw from."""

    db_id: str
    schema: Schema
    tables: tuple[DescribedTable, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class DescribedDatabase(DescribedSchema):
    """A populated database of the project's own, described; ``connection`` runs queries on it."""

    connection: sqlite3.Connection


@dataclass(frozen=True, slots=True)
class SyntheticPair:
    """A question with SQL that ran on the described database and returned rows; ``pattern`` names the rule."""

    db_id: str
    question: str
    sql: str
    pattern: str
