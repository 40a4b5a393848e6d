"""Real question-SQL pairs as training text, beside questions that the project makes from the same schemas.

In use, a real question comes with the nearest synthetic examples of its schema. So each real pair is put beside the
most similar of some synthetic ones. Pairs that share their SQL are kept apart: an example that is the answer teaches
nothing but to copy it.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from coderag_app.database import open_database
from coderag_app.llm.compact.encode import CannotEncodeError, encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames, schema_text
from coderag_app.schema.value_index import ValueIndex
from finetune.sql_model.pairs import Row, jaccard
from finetune.sql_model.training_text import TrainingDatabase, window_rows
from finetune.synthesis.own_schema import synthesize_examples

_COMPARED = 200  # synthetic pairs that are compared with a real one
REAL, MADE = "real", "made"


def real_databases(folder: Path, synthesized: int = 0, leave_out: Sequence[str] = ()) -> Iterator[TrainingDatabase]:
    """Yield each database of ``folder`` (questions.jsonl, databases/<db_id>.sqlite) with its encoded pairs.

    Args:
        folder: Data in Spider's layout.
        synthesized: How many questions to make from each schema; their group is ``made``, that of others ``real``.
        leave_out: Databases not to read.
    """
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda row: str(row["db_id"]))
    for db_id, group in groupby(rows, key=lambda row: str(row["db_id"])):
        if db_id in leave_out:
            continue
        asked = [(row["question"], row["sql"], REAL) for row in group]
        with closing(open_database(folder / "databases" / f"{db_id}.sqlite")) as database:
            schema = database.read_schema(samples=0)
            names = SchemaNames(schema)
            values = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
            if synthesized:
                asked += [
                    (made.question, made.sql, MADE)
                    for made in synthesize_examples(database, schema, synthesized, as_people_ask=False)
                ]
        dropped: Counter[str] = Counter()
        pairs = []
        for question, gold, origin in asked:
            marked = mark_question(question, names, values)
            try:
                sql = encode_sql(gold, names, marked.literals)
            except CannotEncodeError as error:
                dropped[str(error)] += 1
                continue
            pairs.append({"question": marked.text, "sql": sql, "group": origin})
        yield TrainingDatabase(db_id, schema_text(names, values), tuple(pairs), dropped)


def mixed_rows(database: TrainingDatabase, copies: int, rng: random.Random) -> Iterator[Row]:
    """The real pairs ``copies`` times, under other names each time, beside the most similar of the made ones."""
    real = [pair for pair in database.pairs if pair["group"] == REAL]
    made = [pair for pair in database.pairs if pair["group"] == MADE]
    for _ in range(copies):
        for apart in _apart(rng.sample(real, len(real))):
            beside = [_most_similar(pair, rng.sample(made, min(_COMPARED, len(made)))) for pair in apart if made]
            pairs = {pair["question"]: pair for pair in (*beside, *apart)}
            yield from window_rows(replace(database, pairs=tuple(pairs.values())).row(), rng)


def _apart(pairs: Sequence[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """Split pairs into parts in which no two have the same SQL."""
    same: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for pair in pairs:
        same[pair["sql"]].append(pair)
    for part in zip_longest(*same.values()):
        yield [pair for pair in part if pair is not None]


def _most_similar(pair: dict[str, str], others: Sequence[dict[str, str]]) -> dict[str, str]:
    words = frozenset(pair["question"].split())
    return max(others, key=lambda other: jaccard(words, frozenset(other["question"].split())))


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout, e.g. ../shared/data/spider_train")],
    output: Annotated[Path, typer.Argument(help="JSONL file to write.")],
    copies: Annotated[int, typer.Option(help="How many times each pair is written, under other names each time.")] = 12,
    synthesized: Annotated[int, typer.Option(help="Questions to make from each schema.")] = 500,
    leave_out: Annotated[list[str] | None, typer.Option(help="A database to leave out; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses the names and what stands beside a pair.")] = 0,
) -> None:
    """Write real pairs as training text.

    Example: python -m finetune.sql_model.real_data ../shared/data/spider_train runs/sql_model/spider_train.jsonl
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    dropped, kept, rng = Counter[str](), Counter[str](), random.Random(seed)
    partial_file = output.with_suffix(".partial")
    with partial_file.open("w", encoding="utf-8") as file:
        for database in track(list(real_databases(folder, synthesized, leave_out or ())), description="databases"):
            for row in mixed_rows(database, copies, rng):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                kept.update(pair["group"] for pair in row["pairs"])
            dropped += database.dropped
    partial_file.replace(output)
    typer.echo(f"{output}: {dict(kept)} pairs; dropped {sum(dropped.values())}: {dict(dropped.most_common(8))}")


if __name__ == "__main__":
    typer.run(main)
