"""Fit what orders the results of a vote: a conditional logit (McFadden 1974) on questions with known answers.

Take databases that the SQL model was not trained on. The constants that this prints stand in
``coderag_app/vote/evidence.py``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression

from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.errors import DatabaseError
from coderag_app.loading import load_query_engine
from coderag_app.vote.candidates import Result
from coderag_app.vote.evidence import Evidence
from coderag_app.vote.question_run import QuestionRun
from finetune.evaluation.execution import Verdict, compare_results, is_ordered

SIGNS = tuple(field.name for field in fields(Evidence))
_SHRINKAGE = 0.002
_DIRECTIONS = np.array([1, 1, 1, 1, -1, -1, -1, -1, 1, -1])  # what each sign can mean at all


@dataclass(frozen=True)
class Election:
    """The results of one question: their signs, shape (results, signs), and which are right, shape (results,)."""

    db_id: str
    signs: np.ndarray
    right: np.ndarray


def elections(folder: Path, index: Path, llm: str, only: Sequence[str]) -> Iterator[Election]:
    """Ask the questions of a folder in Spider's layout, with the examples of an index."""
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = sorted((row for row in rows if not only or row["db_id"] in only), key=lambda row: str(row["db_id"]))
    grouped = [(db_id, list(group)) for db_id, group in groupby(rows, key=lambda row: str(row["db_id"]))]
    for db_id, group in track(grouped, description="databases", console=Console(stderr=True)):
        path = folder / "databases" / f"{db_id}.sqlite"
        with closing(load_query_engine(database=path, llm=llm, storage_dir=index, verified=False)) as engine:
            for row in group:
                election = _election(engine, db_id, row)
                if election is not None:
                    yield election


def _election(engine: TextToSQLQueryEngine, db_id: str, row: dict[str, Any]) -> Election | None:
    if engine.database is None or engine.retriever is None:
        return None
    try:
        gold = engine.database.execute(row["sql"])
    except DatabaseError:
        return None
    run = QuestionRun(engine.read(row["question"]))
    run.sources, run.schema = (
        tuple(engine.retriever.retrieve_examples(row["question"])),
        engine.linked_schema(row["question"]),
    )
    results = [result for result in _results(engine, run) if result.chosen.result is not None]
    if not results:
        return None
    signs = [[_number(value) for value in asdict(result.evidence).values()] for result in results]
    ordered = is_ordered(row["sql"], engine.database.dialect)
    found = [result.chosen.result for result in results if result.chosen.result is not None]
    right = [compare_results(gold, rows, ordered) is Verdict.EQUAL for rows in found]
    return Election(db_id, np.array(signs), np.array(right))


def _results(engine: TextToSQLQueryEngine, run: QuestionRun) -> list[Result]:
    decoding = engine.decoding(run)

    def both() -> Generator[Any, None, list[Result]]:
        first = yield from decoding.most_likely()
        return (yield from decoding.vote(first))

    steps = both()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            results: list[Result] = end.value
            return results


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def fit_weights(chosen: Sequence[Election]) -> np.ndarray:
    """Weights under which the right results are the likeliest, shape (signs,).

    A sign that a few hundred questions turn around (a value left out speaks for a query) says nothing, and gets 0.
    """
    weights = _likeliest(chosen, np.ones(len(SIGNS)))
    return _likeliest(chosen, (weights * _DIRECTIONS > 0).astype(float))


def _likeliest(chosen: Sequence[Election], used: np.ndarray) -> np.ndarray:
    data = [(torch.tensor(each.signs * used), torch.tensor(each.right)) for each in chosen if each.right.any()]
    weights = torch.zeros(len(SIGNS), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        losses = [torch.logsumexp(x @ weights, 0) - torch.logsumexp((x @ weights)[right], 0) for x, right in data]
        total = torch.stack(losses).mean() + _SHRINKAGE * (weights**2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    return weights.detach().numpy()


def winners(chosen: Sequence[Election], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The merit of each question's best result and whether it is right, both of shape (questions,)."""
    best = [int(np.argmax(each.signs @ weights)) for each in chosen]
    merits = [float(each.signs[place] @ weights) for each, place in zip(chosen, best, strict=True)]
    return np.array(merits), np.array([bool(each.right[place]) for each, place in zip(chosen, best, strict=True)])


def typical_signs(chosen: Sequence[Election]) -> np.ndarray:
    """The mean of each sign over right results where it is known, shape (signs,)."""
    return np.nanmean(np.concatenate([each.signs[each.right] for each in chosen]), axis=0)


def known(chosen: Sequence[Election], typical: np.ndarray) -> list[Election]:
    """The elections with what is unknown at its typical value."""
    return [Election(e.db_id, np.where(np.isnan(e.signs), typical, e.signs), e.right) for e in chosen]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in Spider's layout, e.g. ../shared/data/spider_train")],
    index: Annotated[Path, typer.Argument(help="Index of examples, e.g. made by `coderag ingest --synthesize`.")],
    llm: Annotated[str, typer.Option(help="The model, as for `coderag ask`.")] = "bundled",
    only: Annotated[list[str] | None, typer.Option(help="A database to take; may be repeated. Default: all.")] = None,
) -> None:
    """Print the weights of the vote, and what they bring on databases left out of the fit.

    Example: python -m finetune.sql_model.vote_weights ../shared/data/spider_train runs/index --only pets_1
    """
    asked = list(elections(folder, index, llm, only or ()))
    typical = typical_signs(asked)
    asked = known(asked, typical)
    weights = fit_weights(asked)
    merits, right = winners(asked, weights)
    logistic = LogisticRegression(C=3).fit(merits[:, None], right)
    for name, weight, mean in zip(SIGNS, weights, typical, strict=True):
        typer.echo(f"{name}: weight {weight:.2f}, mean of right results {mean:.2f}")
    typer.echo(f"confidence: slope {logistic.coef_[0][0]:.2f}, intercept {logistic.intercept_[0]:.2f}")
    left_out = [
        winners([e for e in asked if e.db_id == db_id], fit_weights([e for e in asked if e.db_id != db_id]))
        for db_id in sorted({e.db_id for e in asked})
    ]
    merits, right = (np.concatenate(part) for part in zip(*left_out, strict=True))
    surest = right[np.argsort(-merits)]
    typer.echo(
        f"{len(asked)} questions, each database left out in turn: {right.mean():.3f} right, "
        f"surest half {surest[: len(surest) // 2].mean():.3f}, quarter {surest[: len(surest) // 4].mean():.3f}"
    )


if __name__ == "__main__":
    typer.run(main)
