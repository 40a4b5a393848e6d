"""How much of real SQL a model's language can say: gold queries written in it, read back, and run beside the gold."""

from __future__ import annotations

import enum
import json
from collections import Counter
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from sqlglot.errors import SqlglotError

from coderag_app.database import open_database
from coderag_app.errors import CodeRAGError
from coderag_app.llm.compact.decode import CannotDecodeError, decode_sql
from coderag_app.llm.compact.encode import CannotEncodeError, encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.llm.joinless_text import answer_text, joins_of, read_reply
from coderag_app.llm.value_marks import mark_values
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex


class Language(enum.StrEnum):
    """The language of a model."""

    COMPACT = "compact"
    JOINLESS = "joinless"


def there_and_back(language: Language, question: str, sql: str, schema: Schema, values: ValueIndex) -> str:
    """The SQL that is read from a gold query as the model would write it.

    Raises:
        CannotEncodeError: The language cannot say it.
        CodeRAGError: What was written is not read back.
    """
    if language == Language.JOINLESS:
        marks = mark_values(question, schema, values)
        return read_reply(answer_text(sql, schema, joins_of(schema), marks), schema, marks, values)
    names = SchemaNames(schema)
    literals = mark_question(question, names, values).literals
    return decode_sql(encode_sql(sql, names, literals), names, literals, values)


def round_trip(folder: Path, language: Language = Language.COMPACT, every: int = 1) -> Counter[str]:
    """Count the outcomes over the questions of a folder in Spider's layout whose gold returns rows.

    Args:
        folder: Data in Spider's layout.
        language: The language to try.
        every: Take every n-th question.
    """
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted((row for row in map(json.loads, lines) if row["non_empty"]), key=lambda row: str(row["db_id"]))
    outcomes: Counter[str] = Counter()
    for db_id, group in groupby(rows[::every], key=lambda row: row["db_id"]):
        with closing(open_database(folder / "databases" / f"{db_id}.sqlite")) as database:
            schema = database.read_schema(samples=0)
            values = ValueIndex.from_database(schema, database.texts_of, (), lambda sql: database.execute(sql).rows)
            for row in group:
                try:
                    sql = there_and_back(language, row["question"], row["sql"], schema, values)
                    expected, got = database.execute(row["sql"]).rows, database.execute(sql).rows
                except (CannotEncodeError, CannotDecodeError, SqlglotError, CodeRAGError) as error:
                    outcomes[f"not encoded: {error}"[:60]] += 1
                    continue
                same = sorted(map(repr, expected)) == sorted(map(repr, got))
                outcomes["same rows" if same else "other rows"] += 1
    return outcomes


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout.")],
    language: Annotated[Language, typer.Option(help="Language of the model.")] = Language.COMPACT,
    every: Annotated[int, typer.Option(help="Take every n-th question.")] = 1,
) -> None:
    """Print the share of gold queries that return the same rows after the round trip."""
    outcomes = round_trip(folder, language, every)
    total = outcomes.total()
    typer.echo(f"{outcomes['same rows'] / total:.1%} of {total} gold queries return the same rows")
    for reason, count in outcomes.most_common():
        typer.echo(f"{count:6d}  {reason}")


if __name__ == "__main__":
    typer.run(main)
