"""Compute figures from predictions. Pure.

Arms are compared on the questions that every arm of the run has answered. Figures by hardness, clause and database are
counts, so that every accuracy comes with its number of questions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from finetune.evaluation.arms import ARM_LABELS, ARM_NAMES, ARM_TITLES
from finetune.evaluation.clauses import CLAUSES
from finetune.evaluation.error_classes import ErrorClass
from finetune.evaluation.hardness import Hardness
from finetune.evaluation.predictions import Prediction
from finetune.evaluation.statistics import (
    Interval,
    PairedComparison,
    bootstrap_interval,
    compare_paired,
    holm_adjusted,
)

BASELINE = "none"
COVERAGES = (10, 25, 50, 75, 100)
ARM_ORDER = {name: place for place, name in enumerate(ARM_NAMES)}


@dataclass(frozen=True, slots=True)
class Share:
    """Right answers out of a number of questions."""

    right: int
    questions: int

    @property
    def share(self) -> float:
        """Right over questions; 0 where there are none."""
        return self.right / self.questions if self.questions else 0.0


@dataclass(frozen=True)
class ArmSummary:
    """The figures of one arm.

    Attributes:
        accuracy: Execution accuracy in the run's convention, with its interval.
        spider: Execution accuracy in Spider's convention; ``bird``: in BIRD's.
        strict: Share of exact matches by text; ``normalised``: after normalisation.
        valid: Share of questions with SQL that passed every check and ran.
        table_recall: Mean share of needed tables kept by schema linking; None if it was not measured.
        retrieval: Means of recall, mrr and ndcg over the questions whose skeleton some example has.
        retrieval_questions: How many questions those are.
        latency_s: Percentiles 50, 90, 95 and 99, and the mean.
        surest: Right answers among the most confident 10, 25, 50, 75 and 100 percent of the questions; empty if no
            answer has a confidence.
        among_candidates: Right results among the candidates out of the questions with a vote; None without one.
        by_hardness, by_clause, by_database: Right answers out of questions, by group.
        error_classes: Number of wrong answers by class.
        compared: This arm against the baseline; None for the baseline itself.
        adjusted_p_value: The comparison's p-value after Holm's adjustment over all arms of the run.
    """

    arm: str
    title: str
    questions: int
    accuracy: Interval
    spider: float
    bird: float
    strict: float
    normalised: float
    valid: float
    table_recall: float | None
    retrieval: dict[str, float]
    retrieval_questions: int
    latency_s: dict[str, float]
    by_hardness: dict[str, Share]
    by_clause: dict[str, Share]
    by_database: dict[str, Share]
    error_classes: dict[str, int]
    surest: dict[str, Share] = field(default_factory=dict)
    among_candidates: Share | None = None
    compared: PairedComparison | None = None
    adjusted_p_value: float | None = None

    @property
    def label(self) -> str:
        """Short name for the head of a column."""
        return ARM_LABELS.get(self.arm, self.arm)


@dataclass(frozen=True)
class Summary:
    """The figures of a run.

    Attributes:
        convention: Which convention ``ArmSummary.accuracy`` follows.
        questions: Number of questions that every arm answered.
        unpaired: Predictions left out because another arm lacks the question.
        baseline: The arm that the others are compared with; empty if there is only one arm.
    """

    convention: str
    questions: int
    unpaired: int
    baseline: str
    arms: tuple[ArmSummary, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``summary.json``."""
        return asdict(self)

    def arm(self, name: str) -> ArmSummary | None:
        """The figures of an arm, or None."""
        return next((arm for arm in self.arms if arm.arm == name), None)


def paired_predictions(predictions: Iterable[Prediction]) -> dict[str, dict[str, Prediction]]:
    """Predictions by arm and question, of the questions that every arm has; arms in the order of ``ARM_NAMES``."""
    by_arm: dict[str, dict[str, Prediction]] = {}
    for prediction in predictions:
        by_arm.setdefault(prediction.arm, {})[prediction.question_id] = prediction
    if not by_arm:
        return {}
    shared = set.intersection(*(set(answers) for answers in by_arm.values()))
    order = sorted(by_arm, key=lambda arm: ARM_ORDER.get(arm, len(ARM_ORDER)))
    return {arm: {key: by_arm[arm][key] for key in sorted(shared)} for arm in order}


def summarise(predictions: Sequence[Prediction], convention: str = "spider", seed: int = 0) -> Summary:
    """Compute every figure of a run.

    Args:
        predictions: All predictions of the run.
        convention: ``spider`` or ``bird``.
        seed: Seed of the bootstrap.
    """
    paired = paired_predictions(predictions)
    questions = len(next(iter(paired.values()), {}))
    unpaired = len(predictions) - questions * len(paired)
    baseline = (BASELINE if BASELINE in paired else next(iter(paired), "")) if len(paired) > 1 else ""
    if not questions:
        return Summary(convention, 0, unpaired, "", ())
    right = {arm: [p.right(convention) for p in answers.values()] for arm, answers in paired.items()}
    others = [arm for arm in paired if baseline and arm != baseline]
    compared = {arm: compare_paired(right[baseline], right[arm], seed) for arm in others}
    adjusted = dict(zip(compared, holm_adjusted([c.p_value for c in compared.values()]), strict=True))
    arms = tuple(
        _arm_summary(arm, list(answers.values()), convention, seed, compared.get(arm), adjusted.get(arm))
        for arm, answers in paired.items()
    )
    return Summary(convention, questions, unpaired, baseline, arms)


def _arm_summary(
    arm: str,
    answers: list[Prediction],
    convention: str,
    seed: int,
    compared: PairedComparison | None,
    adjusted_p_value: float | None,
) -> ArmSummary:
    right = [answer.right(convention) for answer in answers]
    recalls = [answer.table_recall for answer in answers if answer.table_recall is not None]
    found = [answer.among_candidates for answer in answers if answer.among_candidates is not None]
    retrieved = [answer.retrieval for answer in answers if answer.retrieval is not None]
    return ArmSummary(
        arm=arm,
        title=ARM_TITLES.get(arm, arm),
        questions=len(answers),
        accuracy=bootstrap_interval([float(value) for value in right], seed=seed),
        spider=_mean(answer.spider for answer in answers),
        bird=_mean(answer.bird for answer in answers),
        strict=_mean(answer.strict for answer in answers),
        normalised=_mean(answer.normalised for answer in answers),
        valid=_mean(answer.valid for answer in answers),
        table_recall=_mean(recalls) if recalls else None,
        retrieval={key: _mean(row[key] for row in retrieved) for key in (retrieved[0] if retrieved else {})},
        retrieval_questions=len(retrieved),
        latency_s=_percentiles([answer.latency_s for answer in answers]),
        by_hardness=_groups(answers, convention, lambda answer: (answer.hardness,), list(Hardness)),
        by_clause=_groups(answers, convention, lambda answer: answer.clauses, CLAUSES),
        by_database=_groups(answers, convention, lambda answer: (answer.db_id,), sorted({a.db_id for a in answers})),
        error_classes=_error_classes(answers, convention),
        surest=surest_shares(answers, convention),
        among_candidates=Share(sum(map(bool, found)), len(found)) if found else None,
        compared=compared,
        adjusted_p_value=adjusted_p_value,
    )


def surest_shares(answers: Sequence[Prediction], convention: str = "spider") -> dict[str, Share]:
    """Compute accuracy against coverage: right answers among the most confident ones, by their share in percent.

    Questions without an accepted answer, or without a confidence, come last.
    """
    if all(answer.confidence is None for answer in answers):
        return {}

    def sureness(answer: Prediction) -> float:
        return answer.confidence if answer.valid and answer.confidence is not None else -1.0

    order = sorted(answers, key=lambda answer: (-sureness(answer), answer.question_id))
    shares = {}
    for percent in COVERAGES:
        kept = order[: math.ceil(len(order) * percent / 100)]
        shares[f"{percent}%"] = Share(sum(answer.right(convention) for answer in kept), len(kept))
    return shares


def _mean(values: Iterable[float]) -> float:
    numbers = [float(value) for value in values]
    return sum(numbers) / len(numbers)


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    named = {f"p{percent}": float(np.percentile(seconds, percent)) for percent in (50, 90, 95, 99)}
    return named | {"mean": _mean(seconds)}


def _groups(
    answers: Sequence[Prediction],
    convention: str,
    groups_of: Callable[[Prediction], Iterable[str]],
    order: Sequence[str],
) -> dict[str, Share]:
    """Count by group, in the given order, without empty groups; a question may be in several."""
    questions, right = Counter[str](), Counter[str]()
    for answer in answers:
        for group in groups_of(answer):
            questions[group] += 1
            right[group] += answer.right(convention)
    return {group: Share(right[group], questions[group]) for group in order if questions[group]}


def _error_classes(answers: Sequence[Prediction], convention: str) -> dict[str, int]:
    """Count wrong answers by class, in the order of ``ErrorClass``; classes follow Spider's convention."""
    counts: Mapping[str, int] = Counter(
        answer.error_class if answer.error_class != ErrorClass.NONE else ErrorClass.OTHER.value
        for answer in answers
        if not answer.right(convention)
    )
    return {kind.value: counts[kind.value] for kind in ErrorClass if counts.get(kind.value)}
