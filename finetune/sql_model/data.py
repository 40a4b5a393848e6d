"""Training text for the SQL model: synthetic databases and pairs, in exactly the form the query engine sends."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from coderag_app.compact.decode import NO_ANSWER
from coderag_app.compact.encode import CannotEncodeError, encode_sql
from coderag_app.compact.names import SchemaNames, schema_text
from coderag_app.compact.question import mark_question
from coderag_app.value_index import ValueIndex
from finetune.synthesis.described import DescribedDatabase, SyntheticPair
from finetune.synthesis.domains import DomainSpec, load_domains
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.text_to_sql import generate_pairs

MAX_SCHEMA_CHARS = 1_800


@dataclass(frozen=True, slots=True)
class TrainingDatabase:
    """One line of the training file: the schema's text and its pairs; ``dropped`` counts pairs by reason."""

    schema: str
    pairs: tuple[dict[str, str], ...]
    dropped: Counter[str]

    def to_json(self) -> str:
        """The line as the trainer reads it."""
        return json.dumps({"schema": self.schema, "pairs": self.pairs}, ensure_ascii=False)


def value_index(database: DescribedDatabase) -> ValueIndex:
    """The values of a described database, read as the engine reads those of a user's."""

    def texts(table: str, column: str, limit: int) -> list[str]:
        sql = f'SELECT DISTINCT "{column}" FROM "{table}" WHERE typeof("{column}") = \'text\' LIMIT {limit}'
        return [row[0] for row in database.connection.execute(sql)]

    return ValueIndex.from_database(database.schema, texts)


def training_database(database: DescribedDatabase, pairs: Iterable[SyntheticPair]) -> TrainingDatabase:
    """Write a database and its pairs in the compact language; what the language cannot say is dropped and counted."""
    names, values = SchemaNames(database.schema), value_index(database)
    dropped: Counter[str] = Counter()
    lines = []
    for pair in pairs:
        marked = mark_question(pair.question, names, values)
        try:
            sql = encode_sql(pair.sql, names, marked.literals) if pair.sql else f"<sql> {NO_ANSWER}"
        except CannotEncodeError as error:
            dropped[str(error)] += 1
            continue
        lines.append({"question": marked.text, "sql": sql, "group": pair.pattern})
    return TrainingDatabase(schema_text(names, values), tuple(lines), dropped)


def draw_training_database(
    task: tuple[DomainSpec, int], pairs_per_database: int
) -> TrainingDatabase | None:
    """Draw one database with its pairs; None when its schema text is longer than the model's window allows."""
    spec, seed = task
    database = draw_database(spec, seed)
    try:
        training = training_database(database, generate_pairs(database, pairs_per_database, seed))
    finally:
        database.connection.close()
    return training if len(training.schema) <= MAX_SCHEMA_CHARS else None


def training_lines(databases: int, pairs_per_database: int, seed: int, processes: int) -> Iterator[TrainingDatabase]:
    """Draw databases round-robin over the domains, in an order that does not depend on the number of processes."""
    domains = load_domains()
    tasks = [(domains[number % len(domains)], seed * 1_000_003 + number) for number in range(databases)]
    draw = partial(draw_training_database, pairs_per_database=pairs_per_database)
    with Pool(processes) as pool:
        for training in pool.imap(draw, tasks, chunksize=4):
            if training is not None:
                yield training


def main(
    output: Annotated[Path, typer.Argument(help="JSONL file to write, e.g. runs/sql_model/train.jsonl")],
    databases: Annotated[int, typer.Option(help="How many databases to draw.")] = 2_000,
    pairs: Annotated[int, typer.Option(help="Pairs to draw for each.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed; other seeds give other databases.")] = 0,
    processes: Annotated[int, typer.Option(help="Worker processes.")] = 2,
) -> None:
    """Write the SQL model's training file.

    Example: python -m finetune.sql_model.data runs/sql_model/train.jsonl --databases 2000
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    kept, dropped = 0, Counter[str]()
    partial_file = output.with_suffix(".partial")
    with partial_file.open("w", encoding="utf-8") as file:
        lines = training_lines(databases, pairs, seed, processes)
        for training in track(lines, total=databases, description="databases"):
            file.write(training.to_json() + "\n")
            kept += len(training.pairs)
            dropped += training.dropped
    partial_file.replace(output)
    typer.echo(f"{output}: {kept} pairs; dropped {sum(dropped.values())}: {dict(dropped.most_common(8))}")


if __name__ == "__main__":
    typer.run(main)
