"""The vote among candidates, on results written by hand."""

import pytest

from coderag_app.decoding.candidates import Candidate, Vote, alternatives
from coderag_app.types import QueryResult


def candidate(sql: str, *rows: tuple, sure: float | None = None, error: str = "") -> Candidate:
    columns = tuple(f"c{i}" for i in range(len(rows[0]) if rows else 1))
    return Candidate(sql, sql, None if error else QueryResult(columns, tuple(rows), False, 0.0), error, sure)


def vote_of(*candidates: Candidate) -> Vote:
    vote = Vote()
    for one in candidates:
        vote.add(one)
    return vote


def winner(vote: Vote, **options) -> str:
    return vote.ranked(**options)[0][0].sql


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        ([(1,), (2,)], [(2,), (1,)], True),  # the order of rows does not count
        ([("a", 1)], [(1, "a")], True),  # nor that of columns
        ([(1,)], [(1.0,)], True),
        ([(0.1 + 0.2,)], [(0.3,)], True),  # sums depend on the order of their terms
        ([(1,), (1,)], [(1,)], False),  # how often a row comes does
        ([(1,)], [("1",)], False),
        ([(None,)], [(0,)], False),
        ([(1, 2)], [(1,)], False),
    ],
)
def test_candidates_agree_when_they_return_the_same_multiset_of_rows(first, second, agree):
    assert len(vote_of(candidate("a", *first), candidate("b", *second)).groups) == (1 if agree else 2)


def test_the_most_frequent_result_wins_however_its_sql_is_written():
    vote = vote_of(candidate("greedy", (1,), sure=-0.1), candidate("a", (2,), sure=-2.0), candidate("b", (2,)))
    assert winner(vote) == "a"
    assert vote.agreement(vote.ranked()[0]) == pytest.approx(2 / 3)


def test_of_equally_frequent_results_the_likelier_wins():
    assert winner(vote_of(candidate("greedy", (1,), sure=-0.5), candidate("a", (2,), sure=-0.2))) == "a"


def test_without_probabilities_the_first_of_equally_frequent_results_wins():
    assert winner(vote_of(candidate("greedy", (1,)), candidate("a", (2,)))) == "greedy"


def test_a_refused_candidate_counts_for_nothing_but_lowers_the_agreement():
    vote = vote_of(candidate("bad", error="no such table"), candidate("a", (1,)), candidate("worse", error="no"))
    assert winner(vote) == "a"
    assert vote.agreement(vote.groups[0]) == pytest.approx(1 / 3)


def test_candidates_that_say_there_is_no_answer_agree_with_each_other():
    vote = vote_of(candidate("a", (1,)), Candidate("none", ""), Candidate("nothing", ""))
    assert winner(vote) == ""


def test_without_a_database_only_equal_sql_agrees():
    vote = vote_of(Candidate("x", "SELECT 1"), Candidate("y", "SELECT 1"), Candidate("z", "SELECT 2"))
    assert [len(group) for group in vote.groups] == [2, 1]


@pytest.mark.parametrize(
    ("votes", "remaining", "decided"),
    [([3], 2, True), ([3], 3, False), ([3, 1], 1, True), ([3, 1], 2, False), ([], 0, False)],
)
def test_a_vote_is_decided_when_the_rest_cannot_overtake_or_tie(votes, remaining, decided):
    vote = vote_of(*(candidate(f"{i}", (i,)) for i, count in enumerate(votes) for _ in range(count)))
    assert vote.decided(remaining) is decided


def test_where_ranks_count_too_only_agreement_of_all_decides_early():
    vote = vote_of(*[candidate("a", (1,))] * 5, candidate("b", (2,)))
    assert vote.decided(2)
    assert not vote.decided(2, unanimous=True)
    assert vote_of(*[candidate("a", (1,))] * 5).decided(2, unanimous=True)


def test_a_much_better_rank_outweighs_a_vote():
    vote = vote_of(candidate("a", (1,)), candidate("a", (1,)), candidate("b", (2,)))
    assert winner(vote) == "a"
    assert winner(vote, ranks={"a": 0.1, "b": 0.9}) == "b"
    assert winner(vote, ranks={"a": 0.5, "b": 0.6}) == "a"


def test_the_alternatives_name_each_result_with_its_votes():
    vote = vote_of(candidate("a", (1,), sure=-1.0), candidate("b", (2,)), candidate("b2", (2,)))
    told = [(one.sql, one.votes, one.log_probability) for one in alternatives(vote.ranked())]
    assert told == [("b", 2, None), ("a", 1, -1.0)]
