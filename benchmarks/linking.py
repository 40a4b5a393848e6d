"""How many of the tables that a question needs survive schema linking, in schemas of 10, 100 and 1,000 tables.

    .venv/bin/python benchmarks/linking.py --data ../shared/data
    .venv/bin/python benchmarks/linking.py --sizes 100 --budget 400 --questions 100 --rankings lexical

Databases of Spider's layout are merged into one schema of the wanted size, drawn at random; tables of the same name get
the name of their database in front. Tables from the contexts of ``gretel_sample.jsonl`` and from the domains that
training data is synthesised for fill up what is missing. Only questions of the merged databases are asked. For each
size and ranking it prints the share of questions whose tables are all kept within the budget, the mean share of tables
kept, how many tables the schema has left, and the time.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from coderag_app.database import open_database
from coderag_app.encoders.encoder_loading import embed_documents, load_embed_model
from coderag_app.errors import DatabaseError
from coderag_app.loading import PROMPT_FORMATS
from coderag_app.question.read_question import read_question
from coderag_app.schema.linking import Embed, SchemaLinker
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl
from finetune.evaluation.datasets import EvalQuestion, load_spider_layout
from finetune.evaluation.retrieval import table_recall
from finetune.evaluation.sql_form import read_form
from finetune.synthesis.domains import load_domains

RANKINGS = ("lexical", "values", "minilm", "bundled")
_MOST_VALUES = 2_000  # of a column


@dataclass(frozen=True)
class Asked:
    """A question with the tables that its gold SQL needs, as the merged schema calls them."""

    question: str
    needed: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """One schema out of many databases, with their stored values and their questions."""

    schema: Schema
    values: ValueIndex
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Source:
    """One database."""

    db_id: str
    schema: Schema
    values: tuple[StoredValue, ...]
    questions: tuple[EvalQuestion, ...]


def spider_sources(folders: Sequence[Path]) -> list[Source]:
    """Every database of some folders in Spider's layout."""
    sources = []
    for folder in folders:
        by_database: dict[str, list[EvalQuestion]] = {}
        for question in load_spider_layout(folder).questions:
            by_database.setdefault(question.database, []).append(question)
        for target, questions in by_database.items():
            database = open_database(target)
            schema = database.read_schema(samples=0)
            values = tuple(
                StoredValue(table.name, column.name, text)
                for table in schema.tables
                for column in table.columns
                for text in database.distinct_texts(table.name, column.name, _MOST_VALUES)
            )
            database.close()
            sources.append(Source(questions[0].db_id, schema, values, tuple(questions)))
    return sources


def filler_tables(path: Path) -> list[Table]:
    """Tables that nothing asks for: of the synthesis' domains, and of the contexts of gretel rows."""
    specified = (table for domain in load_domains() for table in domain.tables)
    tables = {spec.name: Table(spec.name, tuple(Column(column.name) for column in spec.columns)) for spec in specified}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            found = schema_from_ddl(json.loads(line)["sql_context"]).tables
        except DatabaseError:
            continue
        tables |= {table.name.lower(): replace(table, foreign_keys=()) for table in found if table.columns}
    return list(tables.values())


def merge(sources: Sequence[Source], size: int, filler: Sequence[Table], draw: random.Random) -> Merged:
    """A schema of ``size`` tables: databases in a random order while they fit, then tables to fill it up."""
    tables: dict[str, Table] = {}
    values: list[StoredValue] = []
    asked: list[Asked] = []
    for source in draw.sample(list(sources), len(sources)):
        if len(tables) + len(source.schema.tables) > size:
            continue
        names = {table.name.lower(): table.name for table in source.schema.tables}
        names |= {low: f"{source.db_id}_{name}" for low, name in names.items() if low in tables}
        tables |= {names[table.name.lower()].lower(): _renamed(table, names) for table in source.schema.tables}
        values += [replace(value, table=names[value.table.lower()]) for value in source.values]
        for question in source.questions:
            form = read_form(question.gold_sql, source.schema)
            if form is not None and form.tables:
                needed = tuple(names.get(name.lower(), name) for name in form.tables)
                asked.append(Asked(question.question, needed))
    for table in draw.sample(list(filler), len(filler)):
        if len(tables) < size:
            tables.setdefault(table.name.lower(), table)
    order = draw.sample(list(tables.values()), len(tables))
    return Merged(Schema(tuple(order)), ValueIndex(values), tuple(asked))


def _renamed(table: Table, names: dict[str, str]) -> Table:
    keys = tuple(replace(key, ref_table=names.get(key.ref_table.lower(), key.ref_table)) for key in table.foreign_keys)
    return replace(table, name=names[table.name.lower()], foreign_keys=keys)


@cache
def embedder(ranking: str) -> Embed | None:
    """Texts to vectors, each text embedded once however many schemas hold it; None for a ranking without."""
    if ranking not in ("minilm", "bundled"):
        return None
    model = load_embed_model(ranking).embed_model
    known: dict[str, np.ndarray] = {}

    def embed(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, embed_documents(model, new), strict=True))
        return np.stack([known[text] for text in texts])

    return embed


def measure(merged: Sequence[Merged], ranking: str, size: Callable[[Schema], int], budget: int) -> Iterator[float]:
    """Yield the figures of one row: all kept, share kept, tables left, milliseconds a question."""
    recalls, left, seconds = [], [], []
    for one in merged:
        values = ValueIndex() if ranking == "lexical" else one.values
        linker = SchemaLinker(one.schema, size, embedder(ranking))
        linker.link(read_question(one.asked[0].question, one.schema, values), budget)  # embeds the tables
        for asked in one.asked:
            started = time.perf_counter()
            linked = linker.link(read_question(asked.question, one.schema, values), budget)
            seconds.append(time.perf_counter() - started)
            recalls.append(table_recall(asked.needed, (table.name for table in linked.tables)))
            left.append(len(linked.tables))
    yield 100 * float(np.mean(np.array(recalls) == 1.0))
    yield 100 * float(np.mean(recalls))
    yield float(np.mean(left))
    yield 1000 * float(np.median(seconds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the benchmark data")
    parser.add_argument("--sets", nargs="+", default=["spider_dev", "spider_train"], help="folders in Spider's layout")
    parser.add_argument("--sizes", nargs="+", type=int, default=[10, 100, 1000], help="tables of the schema")
    parser.add_argument("--budget", nargs="+", type=int, default=[400, 2400], help="tokens of schema in the prompt")
    parser.add_argument("--questions", type=int, default=400, help="about how many questions a row")
    parser.add_argument("--rankings", nargs="+", choices=RANKINGS, default=list(RANKINGS))
    parser.add_argument("--format", default="instruct", choices=sorted(PROMPT_FORMATS), help="what counts the tokens")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sources = spider_sources([options.data / name for name in options.sets])
    filler = filler_tables(options.data / "gretel_sample.jsonl")
    count = PROMPT_FORMATS[options.format].schema_size
    print(f"{len(sources)} databases, {sum(len(s.schema.tables) for s in sources)} tables, {len(filler)} to fill up")
    print(
        f"{'tables':>6} {'budget':>6} {'ranking':8} {'all kept %':>10} {'recall %':>8} {'left':>6} {'ms':>7} questions"
    )
    for size in options.sizes:
        merged = draw_schemas(sources, size, filler, options.questions, options.seed)
        for budget in options.budget:
            for ranking in options.rankings:
                kept, recall, left, ms = measure(merged, ranking, count, budget)
                tables, asked = len(merged[0].schema.tables), sum(len(one.asked) for one in merged)
                print(f"{tables:6} {budget:6} {ranking:8} {kept:10.1f} {recall:8.1f} {left:6.1f} {ms:7.1f} {asked}")


def draw_schemas(
    sources: Sequence[Source], size: int, filler: Sequence[Table], questions: int, seed: int
) -> list[Merged]:
    """Schemas of one size, at most 20, that hold about so many questions; of each schema some are drawn."""
    draw = random.Random(seed)
    schemas: list[Merged] = []
    a_schema = max(questions // (20 if size < 50 else 4 if size < 500 else 1), 1)
    while sum(len(one.asked) for one in schemas) < questions:
        merged = merge(sources, size, filler, draw)
        if merged.asked:
            asked = tuple(draw.sample(merged.asked, min(a_schema, len(merged.asked))))
            schemas.append(replace(merged, asked=asked))
    return schemas


if __name__ == "__main__":
    main()
