"""How far synthetic pairs alone go: how often the nearest ones to a real question return the gold result.

``python -m finetune.evaluate_cold_start ../shared/data/spider_dev --encoder minilm --encoder bundled``

For each database of a folder in Spider's layout, pairs are made from its schema and rows alone, embedded, and searched
with the folder's questions; no human example is in the index. Only questions whose gold returns something count.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from coderag_app.database import Database, Limits, open_database
from coderag_app.errors import CodeRAGError, ConfigurationError, DatabaseError
from coderag_app.index.embed_view import embed_view
from coderag_app.index.synthesis import drawn_to_questions
from coderag_app.types import QueryResult, SQLExample
from finetune.evaluation.execution import Verdict, compare_results, is_ordered
from finetune.synthesis.own_schema import DEFAULT_LIMIT, synthesize_examples

if TYPE_CHECKING:
    from coderag_app.encoders.encoder_loading import LoadedEncoder

DEPTHS = (1, 3, 10)
_LIMITS = Limits(timeout_s=5.0, max_rows=20_000)
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_LIMIT = re.compile(r"\blimit\s+\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question with what its gold query returns; ``literal_free``: the gold holds no value but in LIMIT."""

    question: str
    sql: str
    result: QueryResult
    ordered: bool
    literal_free: bool


@dataclass(frozen=True, slots=True)
class Hits:
    """For one question and encoder: the place of the first synthetic query with the gold result (from 1), or 0.

    ``possible``: whether any of the database's synthetic queries returns it.
    """

    db_id: str
    encoder: str
    question: str
    gold: str
    literal_free: bool
    place: int
    possible: bool
    nearest: str


def is_literal_free(sql: str) -> bool:
    """Whether a query holds no literal, the number behind LIMIT aside.

    >>> is_literal_free("SELECT name FROM t ORDER BY age LIMIT 3"), is_literal_free("SELECT a FROM t WHERE b > 3")
    (True, False)
    """
    return not _LITERAL.search(_LIMIT.sub("", sql))


def evaluate_cold_start(
    folder: Path,
    encoders: Sequence[LoadedEncoder],
    limit: int = DEFAULT_LIMIT,
    databases: Sequence[str] = (),
    seed: int = 0,
) -> Iterator[Hits]:
    """Measure every scorable question of a folder.

    Args:
        folder: questions.jsonl and databases/.
        encoders: What to search with.
        limit: Synthetic pairs per database at most.
        databases: Only these; all of them if empty.
        seed: Seed of the synthesis.

    Raises:
        ConfigurationError: There are no questions.
    """
    path = folder / "questions.jsonl"
    if not path.is_file():
        raise ConfigurationError(f"No questions at {path}. Expected questions.jsonl and databases/ in {folder}.")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for db_id in dict.fromkeys(row["db_id"] for row in rows if not databases or row["db_id"] in databases):
        with closing(open_database(folder / "databases" / f"{db_id}.sqlite", _LIMITS)) as database:
            questions = list(gold_questions(database, (row for row in rows if row["db_id"] == db_id)))
            examples = list(synthesize_examples(database, database.read_schema(samples=0), limit, seed))
            results = [_result(database, example.sql) for example in examples]
        right = [_right(question, results) for question in questions]
        for encoder in encoders:
            yield from _hits(db_id, encoder, questions, examples, right)


def gold_questions(database: Database, rows: Iterable[dict[str, Any]]) -> Iterator[GoldQuestion]:
    """The questions whose gold returns rows that are not a lone 0 or NULL; each question once."""
    seen: set[str] = set()
    for row in rows:
        result = _result(database, row["sql"])
        if result is None or result.truncated or not result.rows or row["question"] in seen:
            continue
        if len(result.rows) == 1 and len(result.rows[0]) == 1 and result.rows[0][0] in (None, 0):
            continue
        seen.add(row["question"])
        yield GoldQuestion(row["question"], row["sql"], result, is_ordered(row["sql"]), is_literal_free(row["sql"]))


def _result(database: Database, sql: str) -> QueryResult | None:
    try:
        return database.execute(sql)
    except DatabaseError:
        return None


def _right(question: GoldQuestion, results: Sequence[QueryResult | None]) -> list[bool]:
    gold = question.result
    shape = (len(gold.rows), len(gold.columns))
    return [
        result is not None
        and (len(result.rows), len(result.columns)) == shape
        and compare_results(gold, result, question.ordered) is Verdict.EQUAL
        for result in results
    ]


def _hits(
    db_id: str,
    encoder: LoadedEncoder,
    questions: Sequence[GoldQuestion],
    examples: Sequence[SQLExample],
    right: Sequence[Sequence[bool]],
) -> Iterator[Hits]:
    if not questions or not examples:
        return
    scores = similarities(encoder, [question.question for question in questions], examples)
    for question, row, correct in zip(questions, scores, right, strict=True):
        order = np.argsort(-row, kind="stable")
        place = next((number for number, i in enumerate(order[: max(DEPTHS)], start=1) if correct[i]), 0)
        yield Hits(
            db_id, encoder.info.name, question.question, question.sql, question.literal_free, place, any(correct),
            examples[order[0]].sql,
        )  # fmt: skip


def similarities(
    encoder: LoadedEncoder, questions: Sequence[str], examples: Sequence[SQLExample]
) -> NDArray[np.float32]:
    """Cosine of each question with each example, as the index computes it."""
    from coderag_app.encoders.encoder_loading import embed_documents, embed_queries

    model = encoder.embed_model
    queries = embed_documents(model, [embed_view(example.sql, example.context) for example in examples])
    made = drawn_to_questions(queries, embed_documents(model, [example.question for example in examples]))
    return embed_queries(model, list(questions)) @ made.T


def shares(hits: Sequence[Hits]) -> dict[str, float]:
    """Share of the questions whose gold result is among the nearest 1, 3 and 10, and at all."""
    if not hits:
        return {}
    found = {f"nearest_{depth}": sum(0 < hit.place <= depth for hit in hits) / len(hits) for depth in DEPTHS}
    return {**found, "any": sum(hit.possible for hit in hits) / len(hits), "questions": float(len(hits))}


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout.")],
    encoder: Annotated[list[str] | None, typer.Option(help="What to search with. Default: minilm and bundled.")] = None,
    limit: Annotated[int, typer.Option(help="Synthetic pairs per database.")] = DEFAULT_LIMIT,
    database: Annotated[list[str] | None, typer.Option(help="Only this database; repeatable.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the synthesis.")] = 0,
    output: Annotated[Path | None, typer.Option(help="JSONL of every question, for looking at the misses.")] = None,
) -> None:
    """Print how often the nearest synthetic queries return the gold result."""
    from coderag_app.encoders.encoder_loading import load_embed_model

    started = time.monotonic()
    encoders = [load_embed_model(name) for name in encoder or ("minilm", "bundled")]
    hits = list(evaluate_cold_start(folder, encoders, limit, database or (), seed))
    if output is not None:
        output.write_text("".join(json.dumps(asdict(hit)) + "\n" for hit in hits), encoding="utf-8")
    for name in dict.fromkeys(hit.encoder for hit in hits):
        of_encoder = [hit for hit in hits if hit.encoder == name]
        for label, chosen in (("literal-free", [h for h in of_encoder if h.literal_free]), ("all", of_encoder)):
            found = shares(chosen)
            text = " / ".join(f"{100 * found[f'nearest_{depth}']:.1f}" for depth in DEPTHS) if found else "none"
            possible = f"{100 * found['any']:.1f}" if found else "0"
            typer.echo(f"{name}, {label} ({len(chosen)} questions): {text} within 1 / 3 / 10; any: {possible}")
    typer.echo(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    try:
        typer.run(main)
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
