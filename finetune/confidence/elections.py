"""Ask questions with known answers, and write down the evidence for each result and whether it is right."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.loading import load_query_engine
from coderag_app.types import QueryResult
from coderag_app.vote.candidates import Result
from coderag_app.vote.decoding import returned
from coderag_app.vote.question_run import QuestionRun, StreamEvent
from finetune.evaluation.datasets import EvalQuestion, Exclusion
from finetune.evaluation.execution import Verdict, compare_results, is_ordered
from finetune.evaluation.gold import run_gold


@dataclass(frozen=True)
class Election:
    """The results of one question.

    Attributes:
        db_id: Its database, which the fit leaves out as a whole.
        source: Where the question is from.
        evidence: For each result, its evidence by name.
        right: For each result, whether it equals the gold query's.
        sql: A query of each result.
    """

    db_id: str
    source: str
    question: str
    evidence: list[dict[str, float | None]]
    right: list[bool]
    sql: list[str]


def read_elections(path: Path) -> list[Election]:
    """Read what ``ask_all`` wrote; a line that a kill cut short is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Election(**json.loads(line)))
        except ValueError:
            continue
    return found


def ask_all(
    folder: Path,
    out: Path,
    index: Path | None,
    llm: str,
    only: Sequence[str],
    source: str,
    limit: int | None,
    second: str = "",
) -> None:
    """Ask the questions of a folder in Spider's layout and append each election; what is there is not asked again."""
    asked = {(each.db_id, each.question) for each in read_elections(out)}
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if not only or row["db_id"] in only][:limit]
    rows = sorted(rows, key=lambda row: str(row["db_id"]))
    grouped = [(db_id, list(group)) for db_id, group in groupby(rows, key=lambda row: str(row["db_id"]))]
    with out.open("a", encoding="utf-8") as file:
        for db_id, group in track(grouped, description="databases", console=Console(stderr=True)):
            left = [row for row in group if (db_id, row["question"]) not in asked]
            if not left:
                continue
            path = folder / "databases" / f"{db_id}.sqlite"
            options: dict[str, Any] = {"storage_dir": index} if index is not None else {}
            with closing(
                load_query_engine(database=path, llm=llm, second_opinion=second, verified=False, **options)
            ) as engine:
                for election in _elections(engine, db_id, left, source):
                    file.write(json.dumps(asdict(election), ensure_ascii=False) + "\n")
                    file.flush()


def _elections(
    engine: TextToSQLQueryEngine, db_id: str, rows: Sequence[dict[str, Any]], source: str
) -> Iterator[Election]:
    for row in rows:
        gold = _gold(engine, db_id, row)
        if isinstance(gold, Exclusion):
            continue
        results = [result for result in _results(engine, row["question"]) if result.chosen.result is not None]
        ordered = bool(row["sql"]) and is_ordered(row["sql"])
        right = [_right(gold, result.chosen.result, ordered) for result in results]
        evidence = [asdict(result.evidence) for result in results]
        sqls = [result.chosen.sql for result in results]
        yield Election(db_id, row.get("source", source), row["question"], evidence, right, sqls)


def _gold(engine: TextToSQLQueryEngine, db_id: str, row: dict[str, Any]) -> QueryResult | Exclusion | None:
    """The right rows, or why the question says nothing; None where the database has no answer."""
    if row["sql"] is None or engine.database is None:
        return None
    question = EvalQuestion(row["question"], db_id, row["question"], row["sql"], engine.database.name)
    return run_gold(question, engine.database)


def _right(gold: QueryResult | None, found: QueryResult | None, ordered: bool) -> bool:
    return gold is not None and found is not None and compare_results(gold, found, ordered) is Verdict.EQUAL


def _results(engine: TextToSQLQueryEngine, question: str) -> list[Result]:
    """The results of a vote as the engine holds it, the chosen one first."""
    run = QuestionRun(engine.read(question))
    run.sources = tuple(engine.retriever.retrieve_examples(question)) if engine.retriever is not None else ()
    run.schema = engine.linked_schema(question)
    decoding = engine.decoding(run)

    def both() -> Generator[StreamEvent, None, list[Result]]:
        first = yield from decoding.most_likely()
        return (yield from decoding.vote(first))

    results = returned(both())
    return [replace(each, evidence=replace(each.evidence, refused=run.refused)) for each in results]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout, e.g. ../shared/data/spider_train")],
    out: Annotated[Path, typer.Argument(help="File to append elections to; what it holds is not asked again.")],
    index: Annotated[
        Path | None, typer.Option(help="Index of examples, e.g. of `coderag ingest --synthesize`.")
    ] = None,
    llm: Annotated[str, typer.Option(help="The model, as for `coderag ask`.")] = "bundled",
    second: Annotated[str, typer.Option(help="A further model that is asked once, as `--second-opinion`.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="A database to take; may be repeated. Default: all.")] = None,
    source: Annotated[str, typer.Option(help="Name of the set, for rows that name none.")] = "spider",
    limit: Annotated[int | None, typer.Option(help="Take so many questions.")] = None,
) -> None:
    """Ask every question and append the evidence for its results.

    Example: python -m finetune.confidence.elections ../shared/data/spider_train runs/elections.jsonl --only pets_1
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    ask_all(folder, out, index, llm, only or (), source, limit, second)
    found = read_elections(out)
    typer.echo(f"{len(found)} questions in {out}, {sum(any(each.right[:1]) for each in found)} elected right")


if __name__ == "__main__":
    typer.run(main)
