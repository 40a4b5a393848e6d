"""Databases with questions that the project makes: synthetic ones, questions for groups, and schemas in disguise."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.files import yaml_beside
from coderag_app.schema.name_words import identifier_words, singular
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table, identifier, quote_identifier
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.parsing import parse_one
from finetune.sql_model.pretrained.asked_databases import AskedDatabase
from finetune.sql_model.training_text import stored_values
from finetune.synthesis.domains import load_domains
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.text_to_sql import generate_pairs

_GROUPS_PER_TABLE = 4
_TABLES_RENAMED = 0.5  # the others keep their words, so that most questions still name a table
_COUNTS = ("1", "2", "3", "5", "10")


def synthetic_rows(first: int, databases: int, pairs: int) -> Iterator[AskedDatabase]:
    """Described databases with their questions; half of them carry tables of another one as well."""
    domains = load_domains()
    for number in range(first, first + databases):
        rng = random.Random(number)
        database = draw_database(domains[number % len(domains)], number)
        others = [draw_database(rng.choice(domains), number + 1)] if rng.random() < 0.5 else []
        try:
            tables = {table.name.lower(): table for each in (*others, database) for table in each.schema.tables}
            values = [value for each in (*others, database) for value in stored_values(each, each.schema.tables)]
            asked = [(pair.question, pair.sql) for pair in generate_pairs(database, pairs, number)]
        finally:
            for opened in (database, *others):
                opened.connection.close()
        schema = Schema(tuple(tables.values()))
        yield AskedDatabase("synthetic", database.db_id, schema, ValueIndex(values), asked)


def group_questions(schema: Schema, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Questions for groups of rows: "the most common area", "top 3 areas by crimes", "crimes per area"."""
    for table in schema.tables:
        texts = [c for c in table.columns if not c.is_numeric and not c.primary_key and "name" not in c.name.lower()]
        numbers = [c for c in table.columns if c.is_numeric and not c.primary_key and not _is_key(c, table)]
        for _ in range(min(_GROUPS_PER_TABLE, len(texts))):
            column, shape = rng.choice(texts), rng.choice(group_shapes())
            if "{number}" in shape["sql"] + "".join(shape["questions"]) and not numbers:
                continue
            number = rng.choice(numbers).name if numbers else ""
            count, wording = rng.choice(_COUNTS[1:]), rng.choice(shape["questions"])
            words = {"table": _plural(identifier_words(table.name)), "row": identifier_words(table.name)}
            said = {"column": identifier_words(column.name), "number": identifier_words(number) if number else ""}
            question = wording.format(**words, **said, columns=_plural(said["column"]), count=count)
            names = {"table": table.name, "column": column.name, "number": number}
            quoted = {key: quote_identifier(name, "sqlite") if name else "" for key, name in names.items()}
            yield question[0].upper() + question[1:], shape["sql"].format(**quoted, count=count)


@lru_cache(maxsize=1)
def group_shapes() -> list[dict[str, str]]:
    """The shapes of ``group_shapes.yaml``: SQL and the ways to ask for it."""
    shapes: list[dict[str, str]] = yaml_beside(__file__, "group_shapes.yaml")
    return shapes


Rename = Callable[[str, random.Random], str]


def disguised(database: AskedDatabase, rng: random.Random) -> AskedDatabase:
    """The database with abbreviated names in another style; half of the time with notes on what its columns mean.

    Real schemas say ``emp_dept_cd`` for what people call the department; the notes are what a data dictionary says.
    """
    return _renamed(database, f"{database.source}_disguised", _shorter, rng, 0.5)


def called_otherwise(
    database: AskedDatabase, synonyms: Mapping[str, Sequence[str]], rng: random.Random
) -> AskedDatabase:
    """The database with synonyms for many of the words in its names, under the same questions.

    What people ask for and what its column is called are then two words, which only meaning ties to each other.
    """
    return _renamed(database, f"{database.source}_synonyms", partial(_synonymous, synonyms=synonyms), rng, 0.0)


def _renamed(database: AskedDatabase, source: str, rename: Rename, rng: random.Random, noted: float) -> AskedDatabase:
    """The database with new names.

    Args:
        database: The original.
        source: What the copy is.
        rename: Makes new words of the words of a name.
        rng: Chooses style, prefix and words.
        noted: How often the copy has notes on what its columns mean, 0 to 1.
    """
    schema, values = database.schema, database.values
    style, prefix = rng.choice(_STYLES), rng.choice(("", "", "", "tbl_", "t_", "app_", "dim_"))
    columns: dict[str, str] = {}
    for table in schema.tables:
        for column in table.columns:
            wanted = style(rename(identifier_words(column.name), rng))
            while wanted.lower() in {name.lower() for name in columns.values()} and column.name.lower() not in columns:
                wanted += "_x"
            columns.setdefault(column.name.lower(), wanted)
    tables: dict[str, str] = {}
    for number, table in enumerate(schema.tables):
        words = identifier_words(table.name)
        wanted = style(prefix + (rename(words, rng) if rng.random() < _TABLES_RENAMED else words))
        taken = {name.lower() for name in tables.values()}
        tables[table.name.lower()] = wanted if wanted.lower() not in taken else f"{wanted}_{number}"
    renamed = Schema(tuple(_renamed_table(table, tables, columns) for table in schema.tables))
    stored = [
        StoredValue(tables[table.name.lower()], columns[column.name.lower()], text)
        for table in schema.tables
        for column in table.columns
        for text in values.values_of(table.name, column.name)
    ]
    notes = {columns[c.name.lower()]: identifier_words(c.name) for table in schema.tables for c in table.columns}
    notes = {name: words for name, words in notes.items() if identifier_words(name) != words}
    asked = [(question, _renamed_sql(sql, tables, columns) if sql else None) for question, sql in database.asked]
    kept = [(question, sql) for question, sql in asked if sql != ""]
    shown = notes if rng.random() < noted else {}
    return AskedDatabase(source, database.db_id, renamed, ValueIndex(stored), kept, shown)


def _renamed_table(table: Table, tables: dict[str, str], columns: dict[str, str]) -> Table:
    keys = tuple(
        ForeignKey(
            tuple(columns[name.lower()] for name in key.columns),
            tables[key.ref_table.lower()],
            tuple(columns[name.lower()] for name in key.ref_columns if name.lower() in columns),
        )
        for key in table.foreign_keys
        if key.ref_table.lower() in tables
    )
    own = tuple(Column(columns[c.name.lower()], c.type, c.primary_key) for c in table.columns)
    return Table(tables[table.name.lower()], own, keys)


def _renamed_sql(sql: str, tables: dict[str, str], columns: dict[str, str]) -> str:
    """The query with the new names, or nothing if it is not SQL."""
    try:
        tree: exp.Expr = parse_one(sql.strip().rstrip(";"), "sqlite")
    except (SqlglotError, RecursionError):
        return ""
    aliases = {item.alias.lower() for item in tree.find_all(exp.Alias, exp.TableAlias) if item.alias}
    for table in tree.find_all(exp.Table):
        if table.name.lower() in tables:
            table.set("this", identifier(tables[table.name.lower()], "sqlite"))
    for column in tree.find_all(exp.Column):
        if column.table and column.table.lower() not in aliases and column.table.lower() in tables:
            column.set("table", identifier(tables[column.table.lower()], "sqlite"))
        if column.name.lower() in columns and (column.table or column.name.lower() not in aliases):
            column.set("this", identifier(columns[column.name.lower()], "sqlite"))
    return tree.sql("sqlite")


def _shorter(words: str, rng: random.Random) -> str:
    """Some of the words cut short, as schemas do: dept, cd, qty, addr."""
    return " ".join(_cut(word, rng) if len(word) > 4 and rng.random() < 0.6 else word for word in words.split())


def _synonymous(words: str, rng: random.Random, synonyms: Mapping[str, Sequence[str]]) -> str:
    """Most of the words that have synonyms exchanged for one of the first, which are the frequent ones."""
    return " ".join(_other_word(word, rng, synonyms) if rng.random() < 0.7 else word for word in words.split())


def _other_word(word: str, rng: random.Random, synonyms: Mapping[str, Sequence[str]]) -> str:
    one = singular(word)
    if one not in synonyms:
        return word
    other = rng.choice(synonyms[one][:3])
    return _plural(other) if one != word else other


def _cut(word: str, rng: random.Random) -> str:
    consonants = word[0] + re.sub(r"[aeiou]", "", word[1:])
    return rng.choice((word[:3], word[:4], consonants[:4], consonants[:3], consonants))


def _camel(words: str) -> str:
    first, *rest = re.split(r"[ _]+", words)
    return first + "".join(word.capitalize() for word in rest)


def _snake(words: str) -> str:
    return re.sub(r"[ _]+", "_", words)


def _pascal(words: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[ _]+", words))


def _capitals(words: str) -> str:
    return _snake(words).upper()


_STYLES: tuple[Callable[[str], str], ...] = (_snake, _snake, _camel, _pascal, _capitals)


def _is_key(column: Column, table: Table) -> bool:
    return column.name.lower().endswith("id") or any(column.name in key.columns for key in table.foreign_keys)


def _plural(words: str) -> str:
    if words.endswith("s"):
        return words
    return f"{words[:-1]}ies" if words.endswith("y") and words[-2:-1] not in "aeiou" else f"{words}s"
