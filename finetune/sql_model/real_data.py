"""Real question-SQL pairs as training text: a folder in Spider's layout, written like the synthetic data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from coderag_app.compact.encode import CannotEncodeError, encode_sql
from coderag_app.compact.names import SchemaNames, schema_text
from coderag_app.compact.question import mark_question
from coderag_app.database import open_database
from coderag_app.value_index import ValueIndex
from finetune.sql_model.data import TrainingDatabase


def real_databases(folder: Path) -> Iterator[TrainingDatabase]:
    """Yield each database of ``folder`` (questions.jsonl, databases/<db_id>.sqlite) with its encoded pairs."""
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda row: str(row["db_id"]))
    for db_id, group in groupby(rows, key=lambda row: row["db_id"]):
        with closing(open_database(folder / "databases" / f"{db_id}.sqlite")) as database:
            schema = database.read_schema(samples=0)
            names, values = SchemaNames(schema), ValueIndex.from_database(schema, database.distinct_texts)
        dropped: Counter[str] = Counter()
        pairs = []
        for row in group:
            marked = mark_question(row["question"], names, values)
            try:
                sql = encode_sql(row["sql"], names, marked.literals)
            except CannotEncodeError as error:
                dropped[str(error)] += 1
                continue
            pairs.append({"question": marked.text, "sql": sql, "group": "real"})
        yield TrainingDatabase(str(db_id), schema_text(names, values), tuple(pairs), dropped)


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout, e.g. ../shared/data/spider_train")],
    output: Annotated[Path, typer.Argument(help="JSONL file to write.")],
) -> None:
    """Write real pairs as training text.

    Example: python -m finetune.sql_model.real_data ../shared/data/spider_train runs/sql_model/spider_train.jsonl
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    dropped: Counter[str] = Counter()
    kept = 0
    with output.open("w", encoding="utf-8") as file:
        for database in real_databases(folder):
            file.write(json.dumps(database.row(), ensure_ascii=False) + "\n")
            kept += len(database.pairs)
            dropped += database.dropped
    typer.echo(f"{output}: {kept} pairs; dropped {sum(dropped.values())}: {dict(dropped.most_common(8))}")


if __name__ == "__main__":
    typer.run(main)
