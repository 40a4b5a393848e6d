"""Fit the order of a vote's results and the confidence of the winner, on questions with known answers.

The order is a conditional logit (McFadden 1974): weights under which the right results of a question are the likeliest.
The confidence is a logistic function of the winner's evidence. Each kind of question weighs the same, whatever its
number, since a confidence that is fitted on one kind holds on that kind alone. What is printed for a kind was
predicted by a fit that left it out; within a kind, by one that left out the question's database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
import yaml
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression

from coderag_app.errors import ConfigurationError
from coderag_app.files import yaml_beside
from coderag_app.vote.evidence import DIRECTIONS, WEIGHTS_FILE, Evidence
from finetune.confidence.elections import Election, read_elections

SIGNS = tuple(field.name for field in fields(Evidence))
SHOWN_AS_SURE = 0.7
MOST_WRONG = 0.15  # of the answers shown as sure, in every kind of question that the fit has not seen
UNKNOWN = ("share", "rank", "probability")  # signs that may be None
_LEAST_OF_A_KIND = 30
_SHRINKAGE = 0.002
_DIRECTIONS = np.array([DIRECTIONS[name] for name in SIGNS])


def signs(election: Election, typical: np.ndarray) -> np.ndarray:
    """The evidence for each result, shape (results, signs); what is unknown counts as ``typical``, shape (signs,)."""
    known = np.array([[_number(each.get(name, 0)) for name in SIGNS] for each in election.evidence], dtype=float)
    return np.where(np.isnan(known), typical, known)


def typical_signs(elections: Sequence[Election]) -> np.ndarray:
    """The mean of each sign over right results where it is known, shape (signs,)."""
    unknown = np.full(len(SIGNS), np.nan)
    right = np.concatenate([signs(each, unknown)[np.array(each.right)] for each in elections if any(each.right)])
    known = ~np.isnan(right)
    return np.where(known, right, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def fit_order(elections: Sequence[Election], typical: np.ndarray) -> np.ndarray:
    """Weights under which the right results are the likeliest, shape (signs,).

    A sign that a few hundred questions turn around (a value left out speaks for a query) says nothing, and gets 0.
    """
    used = np.ones(len(SIGNS))
    while True:
        weights = _likeliest(elections, typical, used)
        turned = (weights * _DIRECTIONS < 0) & (used > 0)
        if not turned.any():
            return weights * used
        used[turned] = 0


def _likeliest(elections: Sequence[Election], typical: np.ndarray, used: np.ndarray) -> np.ndarray:
    data = [(torch.tensor(signs(e, typical) * used), torch.tensor(e.right)) for e in elections if any(e.right)]
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


def winners(elections: Sequence[Election], typical: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The evidence for each question's best result, shape (questions, signs), and whether it is right."""
    evidence, right = [], []
    for election in elections:
        known = signs(election, typical)
        best = int(np.argmax(known @ order))
        evidence.append(known[best])
        right.append(election.right[best])
    return np.array(evidence), np.array(right)


def fit_confidence(evidence: np.ndarray, right: np.ndarray, sources: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights of a logistic function, shape (signs,), and its intercept; turned signs get 0."""
    counts = {source: int((sources == source).sum()) for source in set(sources)}
    each = np.array([len(sources) / len(counts) / counts[source] for source in sources])
    used = np.ones(evidence.shape[1])
    while True:
        fitted = LogisticRegression(C=3, max_iter=1000).fit(evidence * used, right, sample_weight=each)
        turned = (fitted.coef_[0] * _DIRECTIONS < 0) & (used > 0)
        if not turned.any():
            return fitted.coef_[0] * used, float(fitted.intercept_[0])
        used[turned] = 0


def predicted(elections: Sequence[Election], left_out: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each question's winner by a fit without its group, and whether it is right.

    Args:
        elections: The questions.
        left_out: The group of each: its database, or its kind.
    """
    groups = np.array(left_out)
    chances, right = np.zeros(len(elections)), np.zeros(len(elections), dtype=bool)
    for group in sorted(set(left_out)):
        others = [e for e, g in zip(elections, groups, strict=True) if g != group]
        typical = typical_signs(others)
        order = fit_order(others, typical)
        weights, intercept = fit_confidence(*winners(others, typical, order), np.array([e.source for e in others]))
        own = np.flatnonzero(groups == group)
        evidence, right[own] = winners([elections[int(place)] for place in own], typical, order)
        chances[own] = 1 / (1 + np.exp(-(evidence @ weights + intercept)))
    return chances, right


def caution(chances: np.ndarray, right: np.ndarray, kinds: np.ndarray) -> float:
    """What to take off the logit, so that of the sure answers of no kind more than ``MOST_WRONG`` are wrong.

    Users' databases are further from the fitted kinds than these are from each other, so the worst kind decides.
    """
    for sure in np.arange(SHOWN_AS_SURE, 0.95, 0.01):
        chosen = [(kinds == kind) & (chances >= sure) for kind in sorted(set(kinds))]
        shares = [1 - right[each].mean() for each in chosen if each.sum() >= _LEAST_OF_A_KIND]
        if max(shares, default=0.0) <= MOST_WRONG:
            return float(_logit(sure) - _logit(SHOWN_AS_SURE))
    return float(_logit(0.95) - _logit(SHOWN_AS_SURE))


def _logit(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def report(elections: Sequence[Election], console: Console) -> float:
    """Print how the confidence holds where it was not fitted, and return the caution that this asks for."""
    taken = 0.0
    table = Table("left out", "kind", "questions", "right", "sure", "wrong of the sure", "right ones that are sure")
    kinds = np.array([election.source for election in elections])
    for name, groups in (("databases", _folds([e.db_id for e in elections])), ("kinds", list(kinds))):
        if len(set(groups)) < 2:
            continue
        chances, right = predicted(elections, groups)
        if name == "kinds":
            taken = caution(chances, right, kinds)
            chances = 1 / (1 + np.exp(-(np.log(chances / (1 - chances)) - taken)))
        for kind in [*sorted(set(kinds)), "all"]:
            chosen = (kinds == kind) | (kind == "all")
            sure = chosen & (chances >= SHOWN_AS_SURE)
            table.add_row(
                name,
                kind,
                str(chosen.sum()),
                f"{right[chosen].mean():.3f}",
                str(sure.sum()),
                f"{1 - right[sure].mean():.3f}" if sure.any() else "-",
                f"{right[sure].sum() / max(right[chosen].sum(), 1):.3f}",
            )
    console.print(table)
    return taken


def _folds(groups: Sequence[str], count: int = 10) -> list[str]:
    """Ten groups of databases: as many fits as databases would take long."""
    names = sorted(set(groups))
    return [str(names.index(group) % count) for group in groups]


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def main(
    files: Annotated[list[Path], typer.Argument(help="Files that `python -m finetune.confidence.elections` wrote.")],
    write: Annotated[bool, typer.Option(help="Write the weights to where the vote reads them.")] = False,
) -> None:
    """Print the weights and how they hold on what they were not fitted to.

    A sign that these questions never show (no encoder was loaded, no query was retrieved) keeps its weights.

    Example: python -m finetune.confidence.weights_fit runs/elections.jsonl --write
    """
    elections = [election for file in files for election in read_elections(file) if election.evidence]
    if not elections:
        raise ConfigurationError(f"Got no questions in {', '.join(map(str, files))}; expected some with results.")
    taken = report(elections, Console())
    typical = typical_signs(elections)
    order = fit_order(elections, typical)
    evidence, right = winners(elections, typical, order)
    weights, intercept = fit_confidence(evidence, right, np.array([e.source for e in elections]))
    fits = yaml_beside(str(WEIGHTS_FILE), WEIGHTS_FILE.name)
    name_of_fit = _fit_of(elections)
    signs_now: dict[str, dict[str, float]] = fits[name_of_fit]["signs"]
    for place, name in enumerate(SIGNS):
        if np.ptp(evidence[:, place]) > 0:
            measured = {"typical": typical[place], "order": order[place], "confidence": weights[place]}
            signs_now[name] = {kind: round(float(value), 3) for kind, value in measured.items()}
        elif name in UNKNOWN and name in signs_now:  # it keeps its weights, and counts as typical in what was fitted
            intercept -= signs_now[name]["confidence"] * signs_now[name]["typical"]
    ordered = {name: signs_now[name] for name in SIGNS if name in signs_now}
    fits[name_of_fit] = {"intercept": round(intercept - taken, 3), "signs": ordered}
    typer.echo(yaml.safe_dump({name_of_fit: fits[name_of_fit]}, sort_keys=False))
    if write:
        comments = [line for line in WEIGHTS_FILE.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        text = yaml.safe_dump(fits, sort_keys=False)
        WEIGHTS_FILE.write_text("\n".join([*comments, text]), encoding="utf-8")


def _fit_of(elections: Sequence[Election]) -> str:
    """Which fit the questions are for: with a second opinion, or without.

    Raises:
        ConfigurationError: Some have one and others have none.
    """
    seconded = {each.evidence[0].get("seconded") is not None for each in elections}
    if len(seconded) > 1:
        raise ConfigurationError("Some questions have a second opinion and others none; fit each kind by itself.")
    return "seconded" if seconded.pop() else "alone"


if __name__ == "__main__":
    typer.run(main)
