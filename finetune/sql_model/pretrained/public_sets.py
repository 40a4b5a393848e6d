"""Databases with questions from public data: Spider, further wordings, and WikiSQL in made databases."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from coderag_app.database import open_database
from coderag_app.schema.name_words import singular
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.schema.value_index import ValueIndex
from finetune.sql_model.pretrained.asked_databases import AskedDatabase, values_of_gold

_TYPES = {"number": "INTEGER", "time": "DATETIME", "boolean": "BOOLEAN"}
_TABLE_SHAPES = (
    "{plural}", "{word}", "{plural}", "{word}_list", "{word}_records", "{word}_data", "{word}_stats", "{word}_results",
    "tbl_{word}", "{other}_{plural}", "{word}_{other}", "{word}_info", "all_{plural}", "{word}_summary",
)  # fmt: skip
_HINTS_KEPT = 0.7  # share of WikiSQL's values that the made database is said to store


def spider_rows(folder: Path) -> Iterator[AskedDatabase]:
    """The questions of a folder in Spider's layout, a row for each database."""
    for db_id, group in groupby(_sorted(json_rows(folder / "questions.jsonl")), key=lambda row: str(row["db_id"])):
        schema, values = opened_schema(folder, db_id)
        yield AskedDatabase("spider", db_id, schema, values, [(row["question"], row["sql"]) for row in group])


def opened_schema(folder: Path, db_id: str) -> tuple[Schema, ValueIndex]:
    """The schema and the stored values of a database in Spider's layout."""
    with closing(open_database(folder / "databases" / f"{db_id}.sqlite")) as database:
        schema = database.read_schema(samples=0)
        return schema, ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)


def reworded_rows(folder: Path, spider: Path) -> Iterator[AskedDatabase]:
    """The further questions of ``folder``, over Spider's databases where they are there, else over schemas alone."""
    schemas = {row["db_id"]: row for row in json_rows(folder / "schemas.jsonl.gz")}
    rows = sorted(json_rows(folder / "questions.jsonl.gz"), key=lambda row: (row["db_id"], row["source"]))
    for (db_id, source), group in groupby(rows, key=lambda row: (row["db_id"], row["source"])):
        asked = [(row["question"], row["sql"]) for row in group]
        if (spider / "databases" / f"{db_id}.sqlite").is_file():
            schema, values = opened_schema(spider, db_id)
        else:
            schema = _schema_of(schemas[db_id])
            values = ValueIndex(values_of_gold(schema, (sql for _, sql in asked if sql)))
        yield AskedDatabase(source, db_id, schema, values, asked)


def wikisql_rows(folder: Path, seed: int, databases: int) -> Iterator[AskedDatabase]:
    """WikiSQL's questions over made databases of three to six of its tables, under made names."""
    rng = random.Random(seed)
    columns = {row["table"]: row["columns"] for row in json_rows(folder / "wikisql_tables.jsonl.gz")}
    questions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json_rows(folder / "wikisql.jsonl.gz"):
        questions[row["table"]].append(row)
    order = sorted(questions)
    rng.shuffle(order)
    place = 0
    for number in range(databases):
        size = rng.choice((1, 2, 3, 3, 4, 4, 5, 6))
        chosen, place = order[place : place + size], place + size
        if len(chosen) < size:
            return
        names: dict[str, str] = {}
        for key in chosen:
            names[key] = _made_name(columns[key], set(names.values()), rng)
        tables = tuple(_wide_table(names[key], columns[key], rng) for key in chosen)
        schema = Schema(tables)
        asked = [
            (row["question"], row["sql"].replace("{table}", names[key])) for key in chosen for row in questions[key]
        ]
        stored = [v for v in values_of_gold(schema, (sql for _, sql in asked if sql)) if rng.random() < _HINTS_KEPT]
        foreign = questions[rng.choice(order)]
        asked += [(row["question"], None) for row in foreign[:1] if _is_foreign(row["question"], schema)]
        yield AskedDatabase("wikisql", f"wikisql_{number}", schema, ValueIndex(stored), asked)


def _is_foreign(question: str, schema: Schema) -> bool:
    """Whether no word of a question stands in the schema, so that it cannot be answered there."""
    names = " ".join(f"{table.name} {' '.join(c.name for c in table.columns)}" for table in schema.tables).lower()
    return not any(singular(word) in names for word in re.findall(r"[a-z]{4,}", question.lower()))


def _wide_table(name: str, columns: Sequence[Sequence[str]], rng: random.Random) -> Table:
    own = [Column(column, _TYPES.get(kind, "TEXT")) for column, kind in columns]
    if rng.random() < 0.5 and "id" not in [column.name.lower() for column in own]:
        own.insert(0, Column("id", "INTEGER", primary_key=True))
    return Table(name, tuple(own))


def _made_name(columns: Sequence[Sequence[str]], taken: set[str], rng: random.Random) -> str:
    """A table's name after its first columns: what the rows of a list are called tends to stand there."""
    words = [re.sub(r"[^a-z]", "", column.rsplit("_", 1)[-1].lower()) for column, _ in columns[:4]]
    words = [singular(word) for word in words if len(word) > 2] or ["entry"]
    for _ in range(20):
        word, other = rng.choice(words[:2]), rng.choice(words)
        plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
        name = rng.choice(_TABLE_SHAPES).format(word=word, plural=plural, other=other)
        if name not in taken:
            return name
    return f"list_{len(taken) + 1}"


def _schema_of(row: dict[str, Any]) -> Schema:
    keys: dict[str, list[ForeignKey]] = defaultdict(list)
    for table, column, other, target in row["foreign_keys"]:
        keys[table].append(ForeignKey((column,), other, (target,)))
    return Schema(
        tuple(
            Table(
                table["name"],
                tuple(
                    Column(c["name"], _TYPES.get(c["type"], "TEXT"), bool(c.get("primary_key")))
                    for c in table["columns"]
                ),
                tuple(keys[table["name"]]),
            )
            for table in row["tables"]
        )
    )


def _sorted(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["db_id"]))


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines, compressed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
