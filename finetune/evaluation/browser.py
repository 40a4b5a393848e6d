"""Data of the error browser: every question with its arms' answers, equal answers grouped. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coderag_app.text.cell_text import visible_text
from finetune.evaluation.predictions import Prediction, PredictionSource, ResultPreview

SHOWN_ROWS = 5


@dataclass(frozen=True)
class Answer:
    """One SQL text and the arms that returned it.

    Attributes:
        sources: The examples that each arm was shown.
    """

    arms: tuple[str, ...]
    right: bool
    sql: str
    error: str
    error_class: str
    verdict: str
    result: ResultPreview
    sources: Mapping[str, tuple[PredictionSource, ...]]


@dataclass(frozen=True)
class BrowserEntry:
    """One question, its gold and its answers; ``wrong_arms`` are those that got it wrong."""

    question_id: str
    db_id: str
    question: str
    hardness: str
    gold_sql: str
    gold_result: ResultPreview
    answers: tuple[Answer, ...]
    wrong_arms: tuple[str, ...]
    error_classes: tuple[str, ...]


def browser_entries(paired: Mapping[str, Mapping[str, Prediction]], convention: str) -> list[BrowserEntry]:
    """List the questions that at least one arm got wrong, by database, the worst first.

    Args:
        paired: Predictions by arm and question (``paired_predictions``).
        convention: Which convention decides what is wrong.
    """
    arms = list(paired)
    entries = [_entry([paired[arm][key] for arm in arms], convention) for key in (paired[arms[0]] if arms else ())]
    wrong = [entry for entry in entries if entry.wrong_arms]
    return sorted(wrong, key=lambda entry: (entry.db_id, -len(entry.wrong_arms), entry.question_id))


def _entry(predictions: list[Prediction], convention: str) -> BrowserEntry:
    first = predictions[0]
    by_answer: dict[tuple[str, bool], list[Prediction]] = {}
    for prediction in predictions:
        by_answer.setdefault((prediction.predicted_sql, prediction.right(convention)), []).append(prediction)
    wrong = [prediction for prediction in predictions if not prediction.right(convention)]
    return BrowserEntry(
        question_id=_shown(first.question_id),
        db_id=_shown(first.db_id),
        question=_shown(first.question),
        hardness=first.hardness,
        gold_sql=_shown(first.gold_sql),
        gold_result=_shown_result(first.gold_result),
        answers=tuple(_answer(same, right) for (_, right), same in by_answer.items()),
        wrong_arms=tuple(prediction.arm for prediction in wrong),
        error_classes=tuple(dict.fromkeys(prediction.error_class for prediction in wrong)),
    )


def _answer(same: list[Prediction], right: bool) -> Answer:
    first = same[0]
    return Answer(
        arms=tuple(prediction.arm for prediction in same),
        right=right,
        sql=_shown(first.predicted_sql),
        error=_shown(first.error),
        error_class="" if right else first.error_class,
        verdict=first.verdict,
        result=_shown_result(first.predicted_result),
        sources={prediction.arm: tuple(map(_shown_source, prediction.sources)) for prediction in same},
    )


def _shown_source(source: PredictionSource) -> PredictionSource:
    question, sql = _shown(source.question), _shown(source.sql)
    return PredictionSource(source.example_id, _shown(source.db_id), question, sql, source.similarity)


def _shown_result(result: ResultPreview) -> ResultPreview:
    """Keep fewer rows; cells are already escaped, column names are not."""
    return ResultPreview(tuple(map(_shown, result.columns)), result.rows[:SHOWN_ROWS], result.total)


def _shown(text: str) -> str:
    return visible_text(text, keep="\n\t")
