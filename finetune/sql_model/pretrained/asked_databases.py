"""Rows of training text: one database with the questions that are asked of it, as the model reads and writes them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import ConfigurationError
from coderag_app.llm.joinless_text import END, NO_ANSWER, answer_text, table_line
from coderag_app.llm.value_marks import mark_values
from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.parsing import parse_one

_MOST_ANSWER_CHARS = 600


@dataclass(frozen=True)
class Pair:
    """A question with its SQL.

    Attributes:
        question: With its value marks.
        answer: SQL without joins, or ``none``.
        tables: Numbers of the tables that it reads, in the row's ``tables``; none of an unanswerable question.
    """

    question: str
    answer: str
    tables: tuple[int, ...]


@dataclass
class TrainingRow:
    """A database as text.

    Attributes:
        source: What kind of data it is; the training mixes sources by weight.
        db_id: What databases are held out by.
        tables: A line for each table.
        pairs: The questions.
        dropped: How many gold queries could not be read, by reason.
    """

    source: str
    db_id: str
    tables: list[str]
    pairs: list[Pair]
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class AskedDatabase:
    """A database with questions, before they become text.

    Attributes:
        source: What kind of data it is.
        db_id: What databases are held out by.
        schema: The tables.
        values: The stored values.
        asked: Questions with gold SQL in the schema's dialect; None or empty SQL for an unanswerable question.
        notes: What columns mean, by their names.
    """

    source: str
    db_id: str
    schema: Schema
    values: ValueIndex
    asked: Sequence[tuple[str, str | None]]
    notes: Mapping[str, str] = field(default_factory=dict)


def training_row(database: AskedDatabase) -> TrainingRow:
    """Write a database and its questions as training text."""
    schema, values = database.schema, database.values
    tables = [table_line(table, values, database.notes) for table in schema.tables]
    row = TrainingRow(database.source, database.db_id, tables, [])
    number_of = {table.name.lower(): number for number, table in enumerate(schema.tables)}
    joins = JoinGraph(schema)
    for question, sql in database.asked:
        marks = mark_values(" ".join(question.split()), schema, values)
        if not sql:
            row.pairs.append(Pair(marks.text, NO_ANSWER, ()))
            continue
        try:
            answer = answer_text(sql, schema, joins, marks).removesuffix(END).strip()
            read = {t.name.lower() for t in parse_one(sql.strip().rstrip(";"), schema.dialect).find_all(exp.Table)}
        except (SqlglotError, RecursionError) as error:
            row.dropped[type(error).__name__] += 1
            continue
        if len(answer) > _MOST_ANSWER_CHARS or not read & set(number_of):
            row.dropped["long, or reads no table"] += 1
            continue
        row.pairs.append(Pair(marks.text, answer, tuple(sorted(number_of[name] for name in read if name in number_of))))
    return row


def values_of_gold(schema: Schema, queries: Iterable[str]) -> Iterator[StoredValue]:
    """Stored values of a database without rows: the texts that gold queries compare its columns with."""
    seen = set()
    for sql in queries:
        try:
            tree = parse_one(sql.strip().rstrip(";"), schema.dialect)
        except (SqlglotError, RecursionError):
            continue
        read = [table for t in tree.find_all(exp.Table) if (table := schema.table(t.name)) is not None]
        for equal in tree.find_all(exp.EQ):
            column, literal = equal.this, equal.expression
            if not (isinstance(column, exp.Column) and isinstance(literal, exp.Literal) and literal.is_string):
                continue
            holder = next((table for table in read if table.column(column.name)), None)
            if holder is not None and (key := (holder.name, column.name, literal.name)) not in seen:
                seen.add(key)
                yield StoredValue(*key)


def write_rows(path: Path, rows: Iterable[TrainingRow]) -> Counter[str]:
    """Write rows as gzipped JSON lines, whole or not at all, and count the pairs of each source."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    counts: Counter[str] = Counter()
    with gzip.open(part, "wt", encoding="utf-8", compresslevel=3) as file:
        for row in rows:
            if not row.pairs:
                continue
            counts[row.source] += len(row.pairs)
            counts["dropped"] += row.dropped.total()
            document = asdict(row)
            del document["dropped"]
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    part.replace(path)
    return counts


def read_rows_of(paths: Sequence[Path]) -> Iterator[TrainingRow]:
    """Read rows that ``write_rows`` wrote.

    Raises:
        ConfigurationError: A file is missing.
    """
    for path in paths:
        if not path.is_file():
            raise ConfigurationError(f"No training data at {path}. Run: python -m finetune.sql_model.pretrained.gather")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                document = json.loads(line)
                pairs = [Pair(**{**pair, "tables": tuple(pair["tables"])}) for pair in document.pop("pairs")]
                yield TrainingRow(**document, pairs=pairs)
