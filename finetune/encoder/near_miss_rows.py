"""Training rows for the encoder from question-SQL pairs: near misses on the same database are the negatives.

``python -m finetune.encoder.near_miss_rows runs/encoder/text_to_sql.jsonl --databases 1500 --pairs 32``
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from coderag_app.database import open_database
from coderag_app.errors import ConfigurationError
from coderag_app.index.embed_view import embed_view
from coderag_app.sql.lenient_reading import read_sql
from finetune.encoder.code_rows import code_rows
from finetune.encoder.equivalence import TargetDatabase
from finetune.encoder.near_misses import NearMiss, near_misses
from finetune.encoder.table_aliases import with_aliases
from finetune.encoder.training_rows import TEXT_TO_CODE, EncoderRow, write_rows
from finetune.synthesis.described import DescribedDatabase, SyntheticPair
from finetune.synthesis.domains import load_domains
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.text_to_sql import generate_pairs

logger = logging.getLogger(__name__)

# How often each kind of near miss comes first: what a ranking confuses most has most weight.
KIND_WEIGHTS = {
    "column": 4.0, "shape": 3.0, "table": 3.0, "aggregate": 2.0, "direction": 2.0, "projection": 2.0, "filter": 1.5,
    "neighbour": 3.0, "literal": 1.0,
}  # fmt: skip
_ALIASED_SHARE = 0.5
_NEIGHBOURS_LOOKED_AT = 16
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class EncoderDataPlan:
    """What to make.

    Attributes:
        databases: How many synthetic databases to draw, in turn from every domain.
        pairs: Pairs per database at most.
        negatives: Negatives per row at most.
        seed: Equal plans give equal rows.
    """

    databases: int = 1500
    pairs: int = 32
    negatives: int = 3
    seed: int = 0


def synthetic_rows(plan: EncoderDataPlan) -> Iterator[EncoderRow]:
    """Rows of invented databases; a question comes once, whatever the database.

    Rows of one database stand together, those on the same tables and of like length next to each other (see
    ``NeighbourhoodBatchSampler``).
    """
    specs = load_domains()
    order = Random(f"domains:{plan.seed}").sample(range(len(specs)), len(specs))
    asked: set[str] = set()
    for number in range(plan.databases):
        spec = specs[order[number % len(specs)]]
        described = draw_database(spec, plan.seed * 1_000_003 + number // len(specs))
        pairs = [pair for pair in generate_pairs(described, plan.pairs, plan.seed) if pair.sql]
        fresh = [pair for pair in pairs if pair.question.lower() not in asked]
        asked.update(pair.question.lower() for pair in fresh)
        with closing(described.connection):
            yield from rows_of_database(described_target(described), fresh, plan.negatives, plan.seed)


def real_rows(folder: Path, negatives: int = 3, seed: int = 0) -> Iterator[EncoderRow]:
    """Rows of a folder in Spider's layout: questions.jsonl and databases/<db_id>.sqlite, opened read-only.

    Raises:
        ConfigurationError: There is no questions.jsonl.
    """
    path = folder / "questions.jsonl"
    if not path.is_file():
        raise ConfigurationError(f"No questions at {path}. Expected questions.jsonl and databases/ in {folder}.")
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    for db_id, group in groupby(sorted(lines, key=lambda row: str(row["db_id"])), key=lambda row: row["db_id"]):
        pairs = [SyntheticPair(db_id, row["question"], row["sql"], "real") for row in group if row["executes"]]
        with sqlite_target(folder / "databases" / f"{db_id}.sqlite") as target:
            yield from rows_of_database(target, pairs, negatives, seed)


def described_target(described: DescribedDatabase) -> TargetDatabase:
    """An invented database as something to compare queries on."""
    values = {
        (table.name.lower(), column.name.lower()): column.values
        for table in described.tables
        for column in table.columns
    }
    return TargetDatabase(described.db_id, described.schema, values, described.connection)


@contextmanager
def sqlite_target(path: Path) -> Iterator[TargetDatabase]:
    """A SQLite file, opened read-only, as something to compare queries on."""
    with closing(open_database(path)) as database:
        schema = database.read_schema(samples=0)
        values = {
            (table.name.lower(), column.name.lower()): tuple(
                database.distinct_texts(table.name, column.name, _MOST_VALUES)
            )
            for table in schema.tables
            for column in table.columns
        }
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        yield TargetDatabase(path.stem, schema, values, connection)


def rows_of_database(
    target: TargetDatabase, pairs: Sequence[SyntheticPair], negatives: int, seed: int
) -> list[EncoderRow]:
    """One row for each pair whose SQL runs; queries that are spelled differently and mean the same become one text.

    Args:
        target: The database the pairs are about.
        pairs: Questions with SQL.
        negatives: Negatives per row at most.
        seed: With the database's name, chooses spelling and negatives.
    """
    rng = Random(f"{target.db_id}:{seed}")
    running = [pair for pair in pairs if target.result(pair.sql) is not None]
    spelling = _Spelling(target, (pair.sql for pair in running))
    aliased = rng.random() < _ALIASED_SHARE  # one way for the whole database: equal meanings stay equal texts
    context = target.schema.to_ddl(samples=False)

    def view(sql: str) -> str:
        return embed_view(with_aliases(sql) if aliased else sql, context)

    rows: list[tuple[tuple[str, ...], EncoderRow]] = []
    for pair in running:
        gold = spelling.of(pair.sql)
        chosen = _negatives(gold, pair, running, target, rng, negatives)
        positive = view(gold)
        others = dict.fromkeys(text for sql in chosen if (text := view(spelling.of(sql))) != positive)
        row = EncoderRow(pair.question, positive, tuple(others), TEXT_TO_CODE, "text_to_sql", target.db_id)
        rows.append((tuple(sorted(read_sql(gold).tables)), row))
    rng.shuffle(rows)
    rows.sort(key=lambda item: (item[0], len(item[1].positive)))
    return [row for _, row in rows]


class _Spelling:
    """The first spelling of each query of a database, so that equal meanings are equal texts wherever they stand."""

    def __init__(self, target: TargetDatabase, queries: Iterable[str]) -> None:
        self._target = target
        self._by_result: dict[Hashable, list[str]] = {}
        for sql in queries:
            self.of(sql, add=True)

    def of(self, sql: str, add: bool = False) -> str:
        alike = self._by_result.setdefault(self._target.result_key(sql), [])
        for other in alike:  # the normalised form is slow: only queries with equal results are compared by it
            if other == sql or self._target.same_form(other, sql):
                return other
        if add:
            alike.append(sql)
        return sql


def _negatives(
    gold: str, pair: SyntheticPair, pairs: Sequence[SyntheticPair], target: TargetDatabase, rng: Random, count: int
) -> list[str]:
    """Queries of different kinds of difference that run and certainly do not mean the same as the gold."""
    candidates = [*near_misses(gold, target.schema, target.values, rng), *_neighbours(gold, pair, pairs, rng)]
    keys = {id(miss): rng.random() ** (1 / KIND_WEIGHTS[miss.kind]) for miss in candidates}  # weighted order
    chosen: list[str] = []
    for miss in sorted(candidates, key=lambda miss: keys[id(miss)], reverse=True):
        if len(chosen) == count:
            break
        different = target.result(miss.sql) is not None and not target.equivalent(gold, miss.sql)
        if different and miss.sql not in chosen:
            chosen.append(miss.sql)
    return chosen


def _neighbours(gold: str, pair: SyntheticPair, pairs: Sequence[SyntheticPair], rng: Random) -> Iterator[NearMiss]:
    """Other pairs' SQL: of the same pattern on other tables, and the one whose text is nearest."""
    others = rng.sample(pairs, min(_NEIGHBOURS_LOOKED_AT, len(pairs)))
    tables, words = read_sql(gold).tables, set(gold.lower().split())
    of_pattern = [o.sql for o in others if o.pattern == pair.pattern and read_sql(o.sql).tables != tables]
    if of_pattern:
        yield NearMiss("table", of_pattern[0])
    nearest = sorted(others, key=lambda o: len(words ^ set(o.sql.lower().split())))
    for other in nearest[:3]:
        if other.sql != gold:
            yield NearMiss("neighbour", other.sql)


def main(
    output: Annotated[Path, typer.Argument(help="JSONL file to write.")],
    databases: Annotated[int, typer.Option(help="Synthetic databases to draw.")] = 1500,
    pairs: Annotated[int, typer.Option(help="Question-SQL pairs per database.")] = 32,
    negatives: Annotated[int, typer.Option(help="Near misses per row at most.")] = 3,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 0,
    code: Annotated[
        int, typer.Option(help="Rows of Python functions to add, so that other code is not forgotten.")
    ] = 0,
    real: Annotated[Path | None, typer.Option(help="Write rows of this folder in Spider's layout instead.")] = None,
) -> None:
    """Write training rows for the encoder: question, the gold's embed view, near misses.

    Examples:
      python -m finetune.encoder.near_miss_rows runs/encoder/synthetic.jsonl --databases 1500
      python -m finetune.encoder.near_miss_rows runs/encoder/real.jsonl --real ../shared/data/spider_train
    """
    plan = EncoderDataPlan(databases, pairs, negatives, seed)
    made = chain(real_rows(real, negatives, seed) if real is not None else synthetic_rows(plan), code_rows(code, seed))
    counts: Counter[int] = Counter()

    def counted() -> Iterator[EncoderRow]:
        for row in made:
            counts[len(row.negatives)] += 1
            yield row

    total = write_rows(counted(), output)
    by_negatives = ", ".join(f"{count} with {n}" for n, count in sorted(counts.items()))
    typer.echo(f"{output}: {total:,} rows ({by_negatives} negatives)")


if __name__ == "__main__":
    typer.run(main)
