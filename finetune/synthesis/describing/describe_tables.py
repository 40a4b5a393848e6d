"""Describes a user's database: nouns for its tables, phrases and kinds for its columns, the keys between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coderag_app.database import Database
from coderag_app.schema.tables import Column, Schema
from finetune.synthesis.described import DescribedColumn, DescribedSchema, DescribedTable, Relation
from finetune.synthesis.describing.keys import relations_of
from finetune.synthesis.describing.kinds import is_about_people, kind_of
from finetune.synthesis.describing.table_rows import SampledTable, sample_table
from finetune.synthesis.describing.words import is_usual, singular, words_of, written_out
from finetune.synthesis.inflection import plural

_MOST_VALUES = 400
_TABLE_PREFIXES = frozenset("tbl t ref dim fact vw v lkp lookup stg".split())
_TABLE_SUFFIXES = frozenset("table tbl list data info".split())
_GROUPABLE = frozenset("int code name one first_name last_name date year city country region".split())
_KEY_WORDS = frozenset("id code number no key".split())
_COUNT_WORDS = frozenset("num number count total amount".split())


def describe_database(database: Database, schema: Schema, unread: Sequence[str] = ()) -> DescribedSchema:
    """Read rows of every table and describe it; nothing is written, and a few hundred rows a table are held at once.

    Args:
        database: The user's database.
        schema: Its tables.
        unread: Columns that must not be read; they are left out.
    """
    sampled = [sample_table(database, table, schema.dialect, unread) for table in schema.tables if table.columns]
    filled = {
        (part.table.name, column.name): tuple(value for value in values if value is not None)
        for part in sampled
        for column, values in zip(part.columns, part.values, strict=True)
    }
    complete = frozenset(part.table.name for part in sampled if part.complete)
    relations = relations_of(schema, filled, complete)
    known = _known_words(schema)
    common = _common_prefix([words_of(table.name, known) for table in schema.tables])
    tables = tuple(_described(part, relations, known, common) for part in sampled)
    names = {table.name: {column.name for column in table.columns} for table in tables}
    usable = tuple(
        relation
        for relation in relations
        if relation.child_column in names.get(relation.child_table, ())
        and relation.parent_column in names.get(relation.parent_table, ())
    )
    return DescribedSchema(database.name, schema, tables, usable)


def _known_words(schema: Schema) -> frozenset[str]:
    """Usual words that table and column names hold whole: a glued name may be made of them."""
    names = [table.name for table in schema.tables] + [column.name for t in schema.tables for column in t.columns]
    return frozenset(word for name in names for word in words_of(name) if len(word) > 2 and word.isalpha())


def _common_prefix(names: Sequence[tuple[str, ...]]) -> str:
    """A first word that all of several tables share, such as an application's name; else ""."""
    firsts = {words[0] for words in names if len(words) > 1}
    return firsts.pop() if len(names) > 2 and len(firsts) == 1 and all(len(words) > 1 for words in names) else ""


def _described(
    part: SampledTable, relations: tuple[Relation, ...], known: frozenset[str], common: str
) -> DescribedTable:
    own = _table_words(words_of(part.table.name, known), common)
    nouns = _nouns(own)
    named = [_column_words(column, own, known) for column in part.columns]
    people = is_about_people([noun for noun, _ in nouns], named)
    references = {relation.child_column for relation in relations if relation.child_table == part.table.name}
    columns = tuple(
        _described_column(column, values, words, own, column.name in references, people)
        for column, values, words in zip(part.columns, part.values, named, strict=True)
    )
    table = DescribedTable(part.table.name, nouns, _with_own_name(columns, nouns), part.row_count)
    return replace(table, is_junction=_is_junction(table, references))


def _table_words(words: tuple[str, ...], common: str) -> tuple[str, ...]:
    if len(words) > 1 and (words[0] in _TABLE_PREFIXES or words[0] == common):
        words = words[1:]
    if len(words) > 1 and words[-1] in _TABLE_SUFFIXES:
        words = words[:-1]
    return written_out(words)


def _nouns(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Singular and plural, the whole name first, then its head alone where that is a noun of its own."""
    whole = singular(" ".join(words))
    return ((whole, plural(whole)),)


def _column_words(column: Column, table: tuple[str, ...], known: frozenset[str]) -> tuple[str, ...]:
    """The words of a column's name, short forms written out, a table's initial before them taken away."""
    words = words_of(column.name, known)
    expanded = written_out(words)
    if len(expanded) == 1 and not is_usual(words[0]) and words[0][:1] == table[0][:1] and is_usual(words[0][1:]):
        return (words[0][1:],) if len(words[0]) > 4 else expanded
    if len(expanded) > 1 and len(words[0]) == 1 and words[0] == table[0][0]:
        return expanded[1:]
    if len(words[0]) > 1 and "".join(word[0] for word in table) == words[0] and len(words) > 1:
        return (*table, *expanded[1:])
    return tuple(_completed(word, table) for word in expanded)


def _completed(word: str, table: tuple[str, ...]) -> str:
    """``stu`` in a table of students as student."""
    short = len(word) > 1 and not is_usual(word)
    return next((singular(full) for full in table if short and full.startswith(word) and len(full) > len(word)), word)


def _described_column(
    column: Column,
    values: tuple[Any, ...],
    words: tuple[str, ...],
    table: tuple[str, ...],
    is_reference: bool,
    about_people: bool,
) -> DescribedColumn:
    filled = tuple(value for value in values if value is not None and value != "")
    kind = kind_of(column, words, filled, about_people)
    if kind == "key" and is_reference:
        kind = "code"
    phrases = _reference_phrases(words) if is_reference and not column.primary_key else _phrases(words, table, kind)
    distinct = tuple(sorted(set(filled)))[:_MOST_VALUES]
    groupable = is_reference or kind in _GROUPABLE
    return DescribedColumn(
        column.name, kind, phrases, distinct, any(value is None for value in values), groupable and bool(distinct)
    )


def _reference_phrases(words: tuple[str, ...]) -> tuple[str, ...]:
    """What a foreign key stands for, then its name: ("manager", "manager id")."""
    named = " ".join(words)
    role = " ".join(words[:-1]) if len(words) > 1 and words[-1] in _KEY_WORDS else named
    return tuple(dict.fromkeys((role, named)))


def _phrases(words: tuple[str, ...], table: tuple[str, ...], kind: str) -> tuple[str, ...]:
    """How people say the column: without the table's name before it, as it stands, counts as "number of"."""
    full = " ".join(words)
    found: list[str] = []
    head = tuple(singular(word) for word in table)
    lead = tuple(singular(word) for word in words[: len(table)])
    if len(words) > len(table) and lead == head:
        found.append(" ".join(words[len(table) :]))
    elif len(words) > 1 and singular(words[0]) == head[-1]:
        found.append(" ".join(words[1:]))
    if kind == "int" and len(words) > 1 and words[-1] == "count":
        found.append(f"number of {plural(' '.join(words[:-1]))}")
    if kind == "int" and len(words) > 1 and words[0] in ("num", "number") and words[1] != "of":
        found.append(f"number of {' '.join(words[1:])}")
    if kind == "flag":
        bare = [word for word in words if word not in ("is", "has", "was", "flag", "yn")]
        found.append(" ".join(bare) or full)
    if len(words) > 1 and words[-1] == "yn":
        full = " ".join(words[:-1])
    return tuple(dict.fromkeys((*found, full)))


def _with_own_name(
    columns: tuple[DescribedColumn, ...], nouns: tuple[tuple[str, str], ...]
) -> tuple[DescribedColumn, ...]:
    """A text column called like its table (``aircraft.Aircraft``) is the rows' name."""
    head = nouns[0][0].split()[-1]
    named_already = any(column.phrases[0].split()[-1] in ("name", "title") for column in columns)
    return tuple(
        replace(column, kind="name", phrases=(*column.phrases, "name"))
        if not named_already and column.kind in ("one", "name") and column.phrases[0] in (head, nouns[0][0])
        else column
        for column in columns
    )


def _is_junction(table: DescribedTable, references: set[str]) -> bool:
    """Whether the table links others rather than naming things: two references or more, and hardly anything else."""
    others = [column for column in table.columns if column.name not in references and column.kind != "key"]
    named = any(column.kind in ("name", "person", "first_name", "last_name") for column in others)
    return len(references) > 1 and not named and len(others) <= len(references)


def shapes(described: DescribedSchema) -> Counter[str]:
    """How many columns of each kind there are, for people to look at."""
    return Counter(column.kind for table in described.tables for column in table.columns)
