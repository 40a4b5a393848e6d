"""Intervals and paired comparisons. Pure; every draw takes a seed.

The intervals hold for further questions of the same kind over the same databases. Questions about one database
resemble each other, so for unseen databases they are too narrow; the breakdown by database shows by how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two arms on the same questions.

    Attributes:
        only_first: Questions that only the first arm answers correctly; ``only_second``: only the second.
        both: Questions that both answer correctly; ``neither``: that none does.
        difference: Accuracy of the second minus accuracy of the first, with its paired bootstrap interval.
        p_value: McNemar's exact test: how likely a split at least as uneven is if neither is better.
    """

    only_first: int
    only_second: int
    both: int
    neither: int
    difference: Interval
    p_value: float


def bootstrap_interval(
    values: Sequence[float] | NDArray[np.float64], confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Compute the percentile bootstrap interval of a mean.

    Args:
        values: One value per question, at least one; right and wrong as 1 and 0.
        confidence: Share of resamples inside the interval.
        seed: Seed of the resampling.

    Returns:
        The mean with its interval. If all values are 0 or all are 1, resampling would claim certainty, so the exact
        (Clopper-Pearson) interval of a proportion is returned.

    Raises:
        ValueError: There are no values.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise ValueError("Got no values; expected at least one.")
    mean = float(sample.mean())
    if mean in (0.0, 1.0) and np.all(sample == mean):
        from scipy.stats import binomtest

        exact = binomtest(int(sample.sum()), sample.size).proportion_ci(confidence)
        return Interval(mean, float(exact.low), float(exact.high))
    distinct, counts = np.unique(sample, return_counts=True)
    # A resample is described by how often it drew each distinct value: two numbers for right and wrong, not thousands.
    drawn = np.random.default_rng(seed).multinomial(sample.size, counts / sample.size, size=RESAMPLES)
    low, high = np.quantile(drawn @ distinct / sample.size, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(mean, float(low), float(high))


def compare_paired(first: Sequence[bool], second: Sequence[bool], seed: int = 0) -> PairedComparison:
    """Compare two arms question by question (McNemar 1947, exact form, two-sided).

    Args:
        first: Whether the first arm is right, by question.
        second: The same for the second arm, in the same order of questions.
        seed: Seed of the difference's bootstrap.

    Raises:
        ValueError: The lengths differ, or there are no questions.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"Got {len(first)} and {len(second)} outcomes; expected as many of each, at least one.")
    from scipy.stats import binomtest

    left, right = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    only_first, only_second = int((left & ~right).sum()), int((right & ~left).sum())
    split = only_first + only_second
    p_value = float(binomtest(only_second, split).pvalue) if split else 1.0
    return PairedComparison(
        only_first=only_first,
        only_second=only_second,
        both=int((left & right).sum()),
        neither=int((~left & ~right).sum()),
        difference=_difference(right.astype(float) - left.astype(float), seed),
        p_value=p_value,
    )


def _difference(differences: NDArray[np.float64], seed: int) -> Interval:
    if np.all(differences == 0):
        # Resampling would claim certainty: the bound is the exact one on how often the arms differ at all.
        bound = bootstrap_interval(differences, seed=seed).high
        return Interval(0.0, -bound, bound)
    return bootstrap_interval(differences, seed=seed)


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of several comparisons (Holm 1979), so that the chance of any false alarm stays at 5%."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = largest
    return adjusted
