"""The ablation's table: recall at 1 of every arm with its interval, and the paired difference to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finetune.evaluation.statistics import PairedComparison, bootstrap_interval, compare_paired, holm_adjusted


@dataclass(frozen=True)
class ArmScores:
    """What one arm gave.

    Attributes:
        arm: Its name.
        steps: Steps of its training; 0 for the base.
        seconds: Seconds of its training.
        rows: Rows it was trained on, by part of the mixture; ``distinct``: how many of them are different.
        first_right: By task, whether the first document is right, for each query.
        mrr: By task, MRR@10.
    """

    arm: str
    steps: int
    seconds: float
    rows: dict[str, int]
    distinct: int
    first_right: dict[str, list[bool]]
    mrr: dict[str, float]


def ablation_table(scores: Sequence[ArmScores], reference: str, seed: int = 0) -> str:
    """A Markdown table, one row per arm.

    Args:
        scores: Every arm, measured on the same tasks.
        reference: The arm that the others are compared with.
        seed: Seed of the bootstrap.

    Returns:
        R@1 with its 95% interval, and behind it the difference to the reference in points with its paired interval.
        An asterisk stands where McNemar's exact test gives p below 0.05 after Holm's correction over the whole table.
    """
    whole = next(result for result in scores if result.arm == reference)
    others = [result for result in scores if result.arm != reference]
    tasks = list(whole.first_right)
    keys = [(result.arm, task) for result in others for task in tasks]
    compared = [
        compare_paired(whole.first_right[task], result.first_right[task], seed) for result in others for task in tasks
    ]
    adjusted = holm_adjusted([comparison.p_value for comparison in compared])
    differences = {
        key: _difference(comparison, p_value) for key, comparison, p_value in zip(keys, compared, adjusted, strict=True)
    }
    sizes = {task: len(whole.first_right[task]) for task in tasks}
    headings = [f"{task} ({sizes[task]}) R@1 | MRR@10 | difference" for task in tasks]
    lines = [f"| arm | steps | {' | '.join(headings)} |", "|---" * (2 + 3 * len(tasks)) + "|"]
    for result in scores:
        cells = [f"{_score(result, task, seed)} | {differences.get((result.arm, task), '')}" for task in tasks]
        lines.append(f"| {result.arm} | {result.steps} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _score(result: ArmScores, task: str, seed: int) -> str:
    found = bootstrap_interval([float(right) for right in result.first_right[task]], seed=seed)
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f}) | {result.mrr[task]:.3f}"


def _difference(comparison: PairedComparison, adjusted: float) -> str:
    found = comparison.difference
    mark = "*" if adjusted < 0.05 else ""
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f}){mark}"
