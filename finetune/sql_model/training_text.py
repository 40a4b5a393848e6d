"""Training text for the SQL model: synthetic databases and pairs, in exactly the form the query engine sends."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from multiprocessing import Pool
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from coderag_app.llm.compact.decode import NO_ANSWER
from coderag_app.llm.compact.encode import CannotEncodeError, encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames, schema_text
from coderag_app.schema.profiling import with_profiles
from coderag_app.schema.tables import Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from finetune.sql_model.pairs import Row, jaccard
from finetune.sql_model.word_substitution import substitute, substitute_words
from finetune.synthesis.described import DescribedDatabase, SyntheticPair
from finetune.synthesis.domains import load_domains
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.text_to_sql import generate_pairs

MAX_SCHEMA_CHARS = 2_600
PAIRS_PER_WINDOW = 18
_SIMILAR = 2  # pairs put beside each pair


@dataclass(frozen=True, slots=True)
class TrainingDatabase:
    """One line of the training file.

    Attributes:
        db_id: What databases are held out by: the domain, so that a held-out one was never seen under another name.
        schema: The schema's text.
        pairs: ``question``, ``sql`` and ``group`` (the pattern) of each pair.
        dropped: How many pairs the compact language could not say, by reason.
    """

    db_id: str
    schema: str
    pairs: tuple[dict[str, str], ...]
    dropped: Counter[str]

    def row(self) -> Row:
        """The line as the trainer reads it."""
        return {"db_id": self.db_id, "schema": self.schema, "pairs": list(self.pairs)}


def stored_values(database: DescribedDatabase, tables: Iterable[Table]) -> Iterator[StoredValue]:
    """The text values of some tables of a described database."""
    for table in tables:
        for column in table.columns:
            sql = f'SELECT DISTINCT "{column.name}" FROM "{table.name}" WHERE typeof("{column.name}") = \'text\''
            for (text,) in database.connection.execute(sql):
                yield StoredValue(table.name, column.name, text)


def _profiled(database: DescribedDatabase, tables: Iterable[Table]) -> tuple[Table, ...]:
    """The tables with the profiles of their columns, counted however long it takes."""

    def rows(sql: str, _: float) -> list[tuple[Any, ...]]:
        return database.connection.execute(sql).fetchall()

    schema = Schema(tuple(tables))
    return with_profiles(schema, ValueIndex(stored_values(database, schema.tables)), rows, budget_s=inf).tables


def training_database(
    database: DescribedDatabase,
    pairs: Iterable[SyntheticPair],
    distractors: Sequence[DescribedDatabase] = (),
    seed: int = 0,
) -> TrainingDatabase:
    """Write a database and its pairs in the compact language; what the language cannot say is dropped and counted.

    Args:
        database: The database that the pairs are about.
        pairs: Its pairs.
        distractors: Databases whose tables join the schema's text, as a real schema has more tables than a question
            needs; a table whose name is taken stays out.
        seed: Chooses the order of the tables.
    """
    own = {table.name.lower() for table in database.schema.tables}
    tables = list(_profiled(database, database.schema.tables))
    values = list(stored_values(database, tables))
    for other in distractors:
        strangers = [table for table in other.schema.tables if table.name.lower() not in own]
        values += stored_values(other, strangers)
        tables += _profiled(other, strangers)
        own.update(table.name.lower() for table in strangers)
    random.Random(seed).shuffle(tables)
    names, index = SchemaNames(Schema(tuple(tables))), ValueIndex(values)
    dropped: Counter[str] = Counter()
    lines = []
    for pair in pairs:
        marked = mark_question(pair.question, names, index)
        try:
            sql = encode_sql(pair.sql, names, marked.literals) if pair.sql else f"<sql> {NO_ANSWER}"
        except CannotEncodeError as error:
            dropped[str(error)] += 1
            continue
        lines.append({"question": marked.text, "sql": sql, "group": pair.pattern})
    domain = database.db_id.rpartition("_")[0]
    return TrainingDatabase(domain, schema_text(names, index), tuple(lines), dropped)


def draw_training_database(number: int, pairs_per_database: int) -> TrainingDatabase | None:
    """Draw one database with its pairs; None when its schema text is longer than the model's window allows.

    Args:
        number: Which database: it is of the domain at ``number % len(domains)``; half of the databases carry
            distractor tables from one or two others.
        pairs_per_database: How many pairs to draw.
    """
    domains, rng = load_domains(), random.Random(number)
    database = draw_database(domains[number % len(domains)], number)
    others = [draw_database(rng.choice(domains), number + 1) for _ in range(rng.choice((0, 0, 1, 2)))]
    others = [other for other in others if not _share_words(database, other)]
    try:
        training = training_database(database, generate_pairs(database, pairs_per_database, number), others, number)
    finally:
        for opened in (database, *others):
            opened.connection.close()
    return training if len(training.schema) <= MAX_SCHEMA_CHARS else None


def _share_words(database: DescribedDatabase, other: DescribedDatabase) -> bool:
    """Whether both have a table of one noun: the question would no longer say which is meant."""
    nouns, others = ({noun for table in d.tables for noun, _ in table.nouns} for d in (database, other))
    return bool(nouns & others)


def training_lines(databases: int, pairs_per_database: int, seed: int, processes: int) -> Iterator[TrainingDatabase]:
    """Draw databases round-robin over the domains, in an order that does not depend on the number of processes."""
    first = seed * 1_000_003
    draw = partial(draw_training_database, pairs_per_database=pairs_per_database)
    with Pool(processes) as pool:
        for training in pool.imap(draw, range(first, first + databases), chunksize=4):
            if training is not None:
                yield training


def window_rows(row: Row, rng: random.Random) -> Iterator[Row]:
    """The pairs of a database in groups of about a window, each with names of its own: none can be remembered."""
    pairs = similar_together(row["pairs"])
    for start in range(0, len(pairs), PAIRS_PER_WINDOW):
        group = {**row, "pairs": pairs[start : start + PAIRS_PER_WINDOW]}
        exchanged = substitute(group, rng, substitute_words())
        if exchanged["pairs"]:
            yield exchanged


def similar_together(pairs: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Reorder pairs so that each stands beside the most similar questions: examples of one another in a window."""
    words = [frozenset(pair["question"].split()) for pair in pairs]
    left, ordered = list(range(len(pairs))), []
    while left:
        first = left.pop(0)
        nearest = sorted(left, key=lambda other: -jaccard(words[first], words[other]))[:_SIMILAR]
        ordered += [first, *nearest]
        left = [other for other in left if other not in nearest]
    return [pairs[number] for number in ordered]


def main(
    output: Annotated[Path, typer.Argument(help="JSONL file to write, e.g. runs/sql_model/train.jsonl")],
    databases: Annotated[int, typer.Option(help="How many databases to draw.")] = 2_000,
    pairs: Annotated[int, typer.Option(help="Pairs to draw for each.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed; other seeds give other databases.")] = 0,
    processes: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    exchange: Annotated[bool, typer.Option(help="Exchange words of names, so that the schema must be read.")] = True,
) -> None:
    """Write the SQL model's training file.

    Example: python -m finetune.sql_model.training_text runs/sql_model/train.jsonl --databases 2000
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    kept, dropped, rng = 0, Counter[str](), random.Random(seed)
    partial_file = output.with_suffix(".partial")
    with partial_file.open("w", encoding="utf-8") as file:
        lines = training_lines(databases, pairs, seed, processes)
        for training in track(lines, total=databases, description="databases"):
            for row in window_rows(training.row(), rng) if exchange else [training.row()]:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                kept += len(row["pairs"])
            dropped += training.dropped
    partial_file.replace(output)
    typer.echo(f"{output}: {kept} pairs; dropped {sum(dropped.values())}: {dict(dropped.most_common(8))}")


if __name__ == "__main__":
    typer.run(main)
