import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.evaluation.retrieval import mrr_at_k, ndcg_at_k, recall_at_k, table_recall

METRICS = (recall_at_k, mrr_at_k, ndcg_at_k)
ids = st.sampled_from("abcdefgh")


def test_the_figures_of_a_ranking_worked_out_by_hand() -> None:
    ranked, relevant = ["x", "a", "y", "b"], {"a", "b", "c"}
    assert recall_at_k(ranked, relevant, 4) == pytest.approx(2 / 3)
    assert recall_at_k(ranked, relevant, 2) == pytest.approx(1 / 2)
    assert mrr_at_k(ranked, relevant, 4) == pytest.approx(1 / 2)
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg_at_k(ranked, relevant, 4) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


def test_nothing_relevant_among_the_first_k_scores_0() -> None:
    assert [metric(["x", "y", "a"], {"a"}, 2) for metric in METRICS] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("metric", METRICS)
def test_a_copy_neither_counts_again_nor_takes_a_place(metric) -> None:
    assert metric(["a", "a", "a", "b"], {"a", "b"}, 2) == 1.0
    assert metric(["x", "x", "a"], {"a"}, 2) == metric(["x", "a"], {"a"}, 2) > 0


@pytest.mark.parametrize("metric", METRICS)
def test_asking_for_the_impossible_is_refused(metric) -> None:
    with pytest.raises(ValueError, match="0 relevant"):
        metric(["a"], set(), 3)
    with pytest.raises(ValueError, match="k = 0"):
        metric(["a"], {"a"}, 0)


@pytest.mark.parametrize("metric", METRICS)
@settings(deadline=None)
@given(relevant=st.sets(ids, min_size=1), other=st.lists(st.sampled_from("xyz")), k=st.integers(1, 10), data=st.data())
def test_a_perfect_ranking_scores_1_however_many_copies_it_holds(metric, relevant, other, k, data) -> None:
    perfect = [item for item in sorted(relevant) for _ in range(data.draw(st.integers(1, 3)))]
    assert metric([*perfect, *other], relevant, k) == pytest.approx(1.0)


@pytest.mark.parametrize("metric", METRICS)
@settings(deadline=None)
@given(ranked=st.lists(ids), relevant=st.sets(ids, min_size=1), k=st.integers(1, 10))
def test_every_figure_lies_between_0_and_1(metric, ranked, relevant, k) -> None:
    assert 0.0 <= metric(ranked, relevant, k) <= 1.0 + 1e-9


def test_table_recall_counts_needed_tables_whatever_the_case() -> None:
    assert table_recall(["Orders", "customers"], ["orders", "items"]) == 0.5
    assert table_recall(["orders"], ["ORDERS", "items"]) == 1.0
    assert table_recall(["orders"], []) == 0.0
    assert table_recall([], ["orders"]) == 1.0
