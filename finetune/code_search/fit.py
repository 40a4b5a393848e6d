"""Fits the weights of the ranking: the units that answer a question should have the largest share of its scores.

    python -m finetune.code_search.fit REPOSITORY ... --work FOLDER --output coderag_app/code/ranking_weights.json

The loss is the negative logarithm of the answers' share of the softmax over a question's candidates, with a penalty on
large weights. Every fifth repository is left out of the fit, to measure.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coderag_app.code.code_index import CodeIndex
from coderag_app.code.code_query import read_code_query
from coderag_app.code.code_ranking import FEATURES, KIND_FEATURES, ROLE_FEATURES, Ranker, hand_weights
from coderag_app.code.code_search import spread
from coderag_app.code.presence import PRESENCE_FEATURES, presence_features
from coderag_app.errors import CodeRAGError
from finetune.code_search.made_questions import MadeQuestion, make_questions
from ingestion.repository.refresh import open_code_index

_PENALTY = 3e-4
_MOST_CANDIDATES = 60
_SIGNED = {*KIND_FEATURES, *ROLE_FEATURES, "length", "rest_of_file", "asked_test", "covered_squared"}
_PENALTIES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1)
_SCALE = 5.0  # of the weights set by hand, so that a softmax over candidates is neither flat nor certain
_COSTS = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 1.6)


@dataclass(frozen=True, slots=True)
class AskedCode:
    """A question with the features of its candidates.

    Attributes:
        features: float32 (candidates, features).
        answers: bool (candidates,).
        files: int32 (candidates,), the file of each.
    """

    repository: str
    kind: str
    features: NDArray[np.float32]
    answers: NDArray[np.bool_]
    files: NDArray[np.int32]


def ask(index: CodeIndex, questions: Sequence[MadeQuestion], weights: NDArray[np.float32]) -> list[AskedCode]:
    """Features of the candidates of each question that has an answer among them."""
    ranker = Ranker(index, weights)
    paths = [file.path for file in index.files()]
    columns = index.columns
    found = []
    for question in questions:
        ranking = ranker.rank(read_code_query(question.text))
        answers = np.zeros(len(ranking.units), bool)
        files = columns.unit_files[ranking.units]
        for path, first, last in question.answers:
            number = paths.index(path)
            here = (files == number) & (columns.unit_first[ranking.units] <= last)
            answers |= here & (columns.unit_last[ranking.units] >= first)
        if answers.any() and not answers.all():
            # Candidates far behind the answers teach nothing and take most of the time.
            order = np.argsort(-(ranking.features @ hand_weights()), kind="stable")
            kept = np.union1d(order[:_MOST_CANDIDATES], np.flatnonzero(answers)[:20])
            found.append(AskedCode(index.root.name, question.kind, ranking.features[kept], answers[kept], files[kept]))
    return found


def fit_weights(asked: Sequence[AskedCode], prior: NDArray[np.float32], penalty: float) -> NDArray[np.float32]:
    """Weights with the least loss; each repository counts alike, and each kind of question within it.

    Args:
        asked: The questions.
        prior: What the weights are drawn to.
        penalty: How strongly.
    """
    from scipy.optimize import minimize

    sizes: dict[tuple[str, str], int] = {}
    for question in asked:
        key = question.repository, question.kind
        sizes[key] = sizes.get(key, 0) + 1
    share = np.array([sizes[question.repository, question.kind] ** -0.5 for question in asked])
    share /= share.sum()
    starts = np.cumsum([0, *(len(question.features) for question in asked)])[:-1]
    features = np.concatenate([question.features for question in asked]).astype(np.float64)
    answers = np.concatenate([question.answers for question in asked])
    counts = np.diff([*starts, len(features)])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = features @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), counts)
        exponents = np.exp(scores)
        total = np.add.reduceat(exponents, starts)
        right = np.add.reduceat(np.where(answers, exponents, 0), starts)
        slope = np.repeat(share / total, counts) * exponents
        slope -= np.where(answers, np.repeat(share / np.maximum(right, 1e-30), counts) * exponents, 0)
        value = float(share @ (np.log(total) - np.log(np.maximum(right, 1e-30))))
        away = weights - prior
        return value + penalty * float(away @ away), features.T @ slope + 2 * penalty * away

    # Having a word of the question can never count against a unit: without bounds, one of two alike features does.
    bounds = [(None, None) if name in _SIGNED else (0, None) for name in FEATURES]
    begin = np.maximum(prior.astype(np.float64), [low if low is not None else -np.inf for low, _ in bounds])
    done = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 150})
    return np.asarray(done.x, np.float32)


def choose_penalty(
    fitted: Sequence[AskedCode], held: Sequence[AskedCode], start: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    """The weights nearest to those set by hand that are within one standard error of the best on questions left out."""
    found = []
    for penalty in _PENALTIES:
        weights = fit_weights(fitted, _SCALE * start, penalty)
        found.append((quality(held, weights)["all"], penalty, weights))
        sys.stderr.write(f"penalty {penalty}: {found[-1][0]:.4f}\n")
    error = 0.4 / len(held) ** 0.5  # reciprocal ranks vary by about .4
    good = [row for row in found if row[0] >= max(found, key=lambda row: row[0])[0] - error]
    _, penalty, weights = max(good, key=lambda row: row[1])
    return weights, penalty


def by_file(asked: Sequence[AskedCode]) -> list[AskedCode]:
    """The same questions, answered by any unit of the right files: a hit beside the answer is half right."""
    return [
        replace(
            question, kind=f"{question.kind} by file", answers=np.isin(question.files, question.files[question.answers])
        )
        for question in asked
    ]


def presence_rows(
    made: Sequence[tuple[CodeIndex, list[MadeQuestion]]], weights: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Features, whether the question is the repository's own, and the number of the repository; others' for balance."""
    draw = random.Random(seed)
    rows, own, numbers = [], [], []
    for number, (index, questions) in enumerate(made):
        ranker = Ranker(index, weights)
        elsewhere = [question for other, (_, part) in enumerate(made) if other != number for question in part]
        foreign = draw.sample(elsewhere, min(len(questions), len(elsewhere)))
        for question, mine in [*((found, True) for found in questions), *((found, False) for found in foreign)]:
            ranking = ranker.rank(read_code_query(question.text))
            rows.append(presence_features(ranking, ranker.scores(ranking)))
            own.append(mine)
            numbers.append(number)
    return np.array(rows), np.array(own), np.array(numbers)


def fit_presence(rows: NDArray[np.float32], own: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Weights of a logistic function, the bias first."""
    from scipy.optimize import minimize

    features = np.column_stack([np.ones(len(rows)), rows]).astype(np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = np.where(own, 1, -1) * (features @ weights)
        slope = -np.where(own, 1, -1) / (1 + np.exp(margins)) / len(own)
        value = float(np.logaddexp(0, -margins).mean()) + _PENALTY * float(weights[1:] @ weights[1:])
        return value, features.T @ slope + 2 * _PENALTY * np.concatenate([[0], weights[1:]])

    return np.asarray(minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x, np.float32)


def separation(scores: NDArray[np.float32], own: NDArray[np.bool_]) -> float:
    """The area under the ROC curve."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(1, len(scores) + 1)
    mine = int(own.sum())
    return float((ranks[own].sum() - mine * (mine + 1) / 2) / max(mine * (len(own) - mine), 1))


def choose_spread(asked: Sequence[AskedCode], weights: NDArray[np.float32]) -> float:
    """What a further hit in one file should cost: the best sum of hit@5 by lines and reciprocal rank by file."""
    best = (-1.0, 0.0)
    for cost in _COSTS:
        value = 0.0
        for question in asked:
            order = [place for place, _ in spread(question.features @ weights, question.files, 10, cost)]
            right = set(question.files[question.answers].tolist())
            rank = next((at for at, place in enumerate(order, 1) if int(question.files[place]) in right), None)
            value += float(question.answers[order[:5]].any()) + (1 / rank if rank else 0)
        sys.stderr.write(f"a further hit of a file costs {cost}: {value / len(asked):.4f}\n")
        best = max(best, (value, cost))
    return best[1]


def quality(asked: Sequence[AskedCode], weights: NDArray[np.float32]) -> dict[str, float]:
    """Mean reciprocal rank of the first answer, by kind of question and of all."""
    ranks: dict[str, list[float]] = {}
    for question in asked:
        scores = question.features @ weights
        rank = 1 + int((scores > scores[question.answers].max()).sum())
        ranks.setdefault(question.kind, []).append(1 / rank)
    every = [value for values in ranks.values() for value in values]
    return {"all": float(np.mean(every)), **{kind: float(np.mean(values)) for kind, values in sorted(ranks.items())}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the questions, fit, say what it is worth on repositories that were left out, and write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for copies and indexes")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=100, help="of each repository")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args(arguments)
    made = []
    for root in options.repositories:
        copy = options.work / "copies" / root.name
        try:
            questions = make_questions(root, copy, options.questions, options.seed)
            made.append((open_code_index(copy, options.work / "indexes" / root.name), questions))
        except CodeRAGError as error:
            sys.stderr.write(f"{root} is left out: {error}\n")
    start = hand_weights()
    asked = [[*ask(index, questions, start)] for index, questions in made]
    held = [question for number, part in enumerate(asked) if number % 5 == 4 for question in part]
    fitted = [question for number, part in enumerate(asked) if number % 5 != 4 for question in part]
    weights, penalty = choose_penalty([*fitted, *by_file(fitted)], held, start)
    sys.stderr.write(
        f"{len(fitted)} questions fitted, {len(held)} left out: {quality(held, start)} -> {quality(held, weights)}\n"
    )
    every = [*fitted, *held]
    weights = fit_weights([*every, *by_file(every)], _SCALE * start, penalty)
    rows, own, numbers = presence_rows(made, weights, options.seed)
    held_rows = numbers % 5 == 4
    present = fit_presence(rows[~held_rows], own[~held_rows])
    scores = present[0] + rows @ present[1:]
    refused = float(np.quantile(1 / (1 + np.exp(-scores[held_rows & own])), 0.05))
    area = separation(scores[held_rows], own[held_rows])
    sys.stderr.write(
        f"not here: AUROC {area:.3f} on left-out repositories; 5% of their questions are below {refused:.2f}\n"
    )
    cost = choose_spread(every, weights)
    fields = {
        "made_by": "python -m finetune.code_search.fit",
        "repositories": sorted(index.root.name for index, _ in made),
        "questions": len(fitted) + len(held),
        "same_file": cost,
        "weights": {name: round(float(value), 4) for name, value in zip(FEATURES, weights, strict=True)},
        "presence": {
            name: round(float(value), 4) for name, value in zip(("bias", *PRESENCE_FEATURES), present, strict=True)
        },
    }
    options.output.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
