"""Compare two runs: which questions flipped, arm by arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coderag_app.errors import ConfigurationError
from finetune.evaluation.predictions import Prediction
from finetune.evaluation.report_tables import (
    ReportTable,
    interval_text,
    markdown_text,
    p_value,
    percent,
    to_markdown,
)
from finetune.evaluation.run_directory import RunDirectory
from finetune.evaluation.statistics import PairedComparison, compare_paired
from finetune.evaluation.summary import ARM_ORDER


@dataclass(frozen=True)
class ArmFlips:
    """One arm in two runs, on the questions that both runs answered.

    Attributes:
        questions: How many questions those are.
        compared: The second run against the first.
        won: (before, after) of the questions that only the second run answers correctly; ``lost``: only the first.
    """

    arm: str
    questions: int
    compared: PairedComparison
    won: tuple[tuple[Prediction, Prediction], ...]
    lost: tuple[tuple[Prediction, Prediction], ...]


def compare_runs(before: str | Path, after: str | Path, convention: str = "spider") -> list[ArmFlips]:
    """Compare two runs of the same data set.

    Args:
        before: Folder of the first run.
        after: Folder of the second run.
        convention: Which convention decides what is right.

    Raises:
        ConfigurationError: A folder holds no run, or the runs share no question of the same arm.
    """
    first, second = _by_key(before), _by_key(after)
    common = [key for key in first if key in second and first[key].gold_sql == second[key].gold_sql]
    arms = sorted({arm for arm, _ in common}, key=lambda arm: ARM_ORDER.get(arm, len(ARM_ORDER)))
    if not arms:
        raise ConfigurationError(
            f"{before} and {after} share no question in the same arm; expected runs of one data set."
        )
    return [_flips(arm, [(first[key], second[key]) for key in common if key[0] == arm], convention) for arm in arms]


def _by_key(folder: str | Path) -> dict[tuple[str, str], Prediction]:
    run = RunDirectory(Path(folder))
    run.read_config()
    return {prediction.key: prediction for prediction in run.read_predictions()}


def _flips(arm: str, pairs: Sequence[tuple[Prediction, Prediction]], convention: str) -> ArmFlips:
    right = [(before.right(convention), after.right(convention)) for before, after in pairs]
    return ArmFlips(
        arm=arm,
        questions=len(pairs),
        compared=compare_paired([before for before, _ in right], [after for _, after in right]),
        won=tuple(pair for pair, flip in zip(pairs, right, strict=True) if flip == (False, True)),
        lost=tuple(pair for pair, flip in zip(pairs, right, strict=True) if flip == (True, False)),
    )


def comparison_markdown(flips: Sequence[ArmFlips]) -> str:
    """Write the comparison as Markdown: a table, then every question that flipped with both answers."""
    rows = []
    for arm in flips:
        compared, questions = arm.compared, arm.questions
        before, after = ((compared.both + only) / questions for only in (compared.only_first, compared.only_second))
        difference = interval_text(compared.difference, signed=True)
        counts = (str(compared.only_second), str(compared.only_first))
        rows.append(
            (arm.arm, str(questions), percent(before), percent(after), difference, *counts, p_value(compared.p_value))
        )
    header = ("arm", "questions", "before", "after", "difference (95% interval)", "won", "lost", "p")
    parts = [to_markdown(ReportTable("", header, tuple(rows)))]
    for arm in flips:
        for title, pairs in (("won", arm.won), ("lost", arm.lost)):
            if pairs:
                parts.append(f"## {arm.arm}: {len(pairs)} {title}")
                parts += [_flip_markdown(before, after) for before, after in pairs]
    return "\n\n".join(parts) + "\n"


def _flip_markdown(before: Prediction, after: Prediction) -> str:
    lines = [f"- {markdown_text(before.question)} ({markdown_text(before.db_id)}, {markdown_text(before.question_id)})"]
    for name, sql in (("gold", before.gold_sql), ("before", before.predicted_sql), ("after", after.predicted_sql)):
        lines.append(f"  - {name}: {markdown_text(sql) or '(no SQL)'}")
    return "\n".join(lines)
