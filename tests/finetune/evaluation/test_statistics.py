import numpy as np
import pytest
from scipy.stats import bootstrap

from finetune.evaluation.statistics import bootstrap_interval, compare_paired, holm_adjusted


def test_the_interval_agrees_with_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(1).random(200) < 0.3
    ours = bootstrap_interval(values.astype(float))
    scipys = bootstrap((values.astype(float),), np.mean, n_resamples=4000, method="percentile", rng=2)
    assert ours.mean == pytest.approx(values.mean())
    assert ours.low == pytest.approx(scipys.confidence_interval.low, abs=0.015)
    assert ours.high == pytest.approx(scipys.confidence_interval.high, abs=0.015)


def test_the_interval_of_real_numbers_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(rng.exponential(size=80), seed=i) for i in range(300)]
    covered = sum(interval.low <= 1.0 <= interval.high for interval in intervals) / len(intervals)
    assert 0.88 < covered < 0.99


def test_an_interval_is_the_same_for_the_same_seed() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)


def test_all_right_is_not_certainty() -> None:
    interval = bootstrap_interval([1.0] * 20)
    assert interval.high == 1.0
    assert interval.low == pytest.approx(0.025 ** (1 / 20), abs=1e-6)  # Clopper-Pearson by hand
    assert bootstrap_interval([0.0] * 20).high == pytest.approx(1 - 0.025 ** (1 / 20), abs=1e-6)


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval([])


def test_mcnemar_by_hand() -> None:
    # 1 question won by the first alone, 7 by the second alone: p = 2 * (C(8,0) + C(8,1)) / 2**8
    first = [True] + [False] * 7 + [True] * 5 + [False] * 3
    second = [False] + [True] * 7 + [True] * 5 + [False] * 3
    compared = compare_paired(first, second)
    assert (compared.only_first, compared.only_second, compared.both, compared.neither) == (1, 7, 5, 3)
    assert compared.p_value == pytest.approx(2 * 9 / 256)
    assert compared.difference.mean == pytest.approx(6 / 16)
    assert compared.difference.low < 6 / 16 < compared.difference.high


def test_swapping_the_arms_swaps_the_sign_and_keeps_the_p_value() -> None:
    rng = np.random.default_rng(5)
    first, second = (rng.random(60) < 0.4).tolist(), (rng.random(60) < 0.6).tolist()
    forth, back = compare_paired(first, second), compare_paired(second, first)
    assert forth.p_value == back.p_value
    assert forth.difference.mean == pytest.approx(-back.difference.mean)
    assert forth.only_first == back.only_second


def test_equal_arms_do_not_differ() -> None:
    compared = compare_paired([True, False], [True, False])
    assert compared.p_value == 1.0
    assert compared.difference.mean == 0.0


def test_arms_that_agree_on_a_few_questions_are_not_certainly_equal() -> None:
    few, many = (compare_paired([True] * n, [True] * n).difference for n in (5, 500))
    assert few.high == pytest.approx(1 - 0.025 ** (1 / 5), abs=1e-6)
    assert few.low == -few.high
    assert 0 < many.high < 0.01


def test_outcomes_of_other_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        compare_paired([True, False], [True])


def test_holms_adjustment_by_hand() -> None:
    assert holm_adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm_adjusted([0.6, 0.7]) == [1.0, 1.0]
    assert holm_adjusted([]) == []
