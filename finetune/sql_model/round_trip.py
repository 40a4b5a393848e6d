"""How much of real SQL the compact language can say: gold queries encoded, decoded, and run beside the original."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from coderag_app.database import open_database
from coderag_app.errors import DatabaseError
from coderag_app.llm.compact.decode import CannotDecodeError, decode_sql
from coderag_app.llm.compact.encode import CannotEncodeError, encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.schema.value_index import ValueIndex


def round_trip(folder: Path) -> Counter[str]:
    """Count the outcomes over the questions of a folder in Spider's layout whose gold returns rows."""
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted((row for row in map(json.loads, lines) if row["non_empty"]), key=lambda row: str(row["db_id"]))
    outcomes: Counter[str] = Counter()
    for db_id, group in groupby(rows, key=lambda row: row["db_id"]):
        with closing(open_database(folder / "databases" / f"{db_id}.sqlite")) as database:
            schema = database.read_schema(samples=0)
            names = SchemaNames(schema)
            values = ValueIndex.from_database(
                schema, database.distinct_texts, (), lambda sql: database.execute(sql).rows
            )
            for row in group:
                literals = mark_question(row["question"], names, values).literals
                try:
                    sql = decode_sql(encode_sql(row["sql"], names, literals), names, literals, values)
                    expected, got = database.execute(row["sql"]).rows, database.execute(sql).rows
                except (CannotEncodeError, CannotDecodeError, DatabaseError) as error:
                    outcomes[f"not encoded: {error}"[:60]] += 1
                    continue
                same = sorted(map(repr, expected)) == sorted(map(repr, got))
                outcomes["same rows" if same else "other rows"] += 1
    return outcomes


def main(folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout.")]) -> None:
    """Print the share of gold queries that return the same rows after the round trip."""
    outcomes = round_trip(folder)
    total = outcomes.total()
    typer.echo(f"{outcomes['same rows'] / total:.1%} of {total} gold queries return the same rows")
    for reason, count in outcomes.most_common():
        typer.echo(f"{count:6d}  {reason}")


if __name__ == "__main__":
    typer.run(main)
