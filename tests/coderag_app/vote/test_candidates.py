"""The vote among candidates, on results written by hand."""

from dataclasses import replace

import pytest

from coderag_app.sql.checks import LeftOut
from coderag_app.types import QueryResult
from coderag_app.vote.candidates import Candidate, Vote, alternatives


def candidate(sql: str, *rows: tuple, sure: float | None = None, error: str = "") -> Candidate:
    columns = tuple(f"c{i}" for i in range(len(rows[0]) if rows else 1))
    return Candidate(sql, sql, None if error else QueryResult(columns, tuple(rows), False, 0.0), error, sure)


def vote_of(*candidates: Candidate) -> Vote:
    vote = Vote()
    for one in candidates:
        vote.add(one)
    return vote


def winner(vote: Vote, **options) -> str:
    return vote.results(**options)[0].chosen.sql


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
    assert vote.results()[0].evidence.share == pytest.approx(2 / 3)


def test_a_result_is_shown_by_the_query_that_says_most_of_the_question():
    plain, of_2021 = candidate("plain", (1,)), replace(candidate("of 2021", (1,)), left_out=LeftOut(names=1))
    vote = vote_of(replace(plain, left_out=LeftOut(values=1)), of_2021, replace(of_2021, sql="of 2021 too"))
    assert winner(vote) == "of 2021"


def test_of_equally_frequent_results_the_likelier_wins():
    assert winner(vote_of(candidate("greedy", (1,), sure=-0.5), candidate("a", (2,), sure=-0.2))) == "a"


def test_without_probabilities_the_first_of_equally_frequent_results_wins():
    assert winner(vote_of(candidate("greedy", (1,)), candidate("a", (2,)))) == "greedy"


def test_a_refused_candidate_counts_for_nothing_but_lowers_the_agreement():
    vote = vote_of(candidate("bad", error="no such table"), candidate("a", (1,)), candidate("worse", error="no"))
    assert winner(vote) == "a"
    assert vote.results()[0].evidence.share == pytest.approx(1 / 3)


def test_candidates_that_say_there_is_no_answer_agree_with_each_other():
    vote = vote_of(candidate("a", (1,)), Candidate("none", ""), Candidate("nothing", ""))
    assert winner(vote) == ""


def test_without_a_database_only_equal_sql_agrees():
    vote = vote_of(Candidate("x", "SELECT 1"), Candidate("y", "SELECT 1"), Candidate("z", "SELECT 2"))
    assert [len(group) for group in vote.groups] == [2, 1]


@pytest.mark.parametrize(
    ("votes", "refused", "remaining", "decided"),
    [([3], 0, 9, True), ([2], 0, 2, False), ([2], 0, 1, True), ([2], 1, 1, False), ([5, 1], 0, 1, False),
     ([], 0, 0, False), ([3], 1, 9, False)],
)  # fmt: skip
def test_a_vote_is_decided_when_the_first_agree(votes, refused, remaining, decided):
    vote = vote_of(*(candidate(f"{i}", (i,)) for i, count in enumerate(votes) for _ in range(count)))
    for _ in range(refused):
        vote.add(candidate("bad", error="no such table"))
    assert vote.decided(remaining) is decided


def test_a_much_better_rank_outweighs_a_vote():
    vote = vote_of(candidate("a", (1,)), candidate("a", (1,)), candidate("b", (2,)))
    assert winner(vote) == "a"
    assert winner(vote, ranks={"a": 0.1, "b": 0.9}) == "b"
    assert winner(vote, ranks={"a": 0.5, "b": 0.6}) == "a"


def test_a_retrieved_query_joins_a_result_and_has_no_vote():
    vote = vote_of(candidate("a", (1,), sure=-0.1), candidate("b", (2,), sure=-0.1))
    vote.add(replace(candidate("kept", (2,)), reused=True))
    vote.add(replace(candidate("other", (3,)), reused=True))
    assert vote.size == 2
    kept, first, other = vote.results(ranks=dict.fromkeys(("a", "b", "kept", "other"), 0.5))
    assert (kept.chosen.sql, kept.votes, kept.evidence.retrieved) == ("b", 1, True)
    assert (first.votes, first.evidence.retrieved) == (1, False)
    assert (other.votes, other.evidence.share, other.evidence.probability) == (0, 0.0, 0.0)
    silent = vote_of(candidate("a", (1,)), replace(candidate("other", (3,)), reused=True))
    assert silent.groups[1] and silent.results()[1].evidence.probability is None  # a model that tells none


def test_a_second_opinion_is_evidence_without_a_vote():
    vote = vote_of(candidate("a", (1,), sure=-0.1), candidate("b", (2,), sure=-0.1))
    assert vote.results()[0].evidence.seconded is None
    vote.add(replace(candidate("b2", (2,), sure=-2.0), second=True))
    by_sql = {result.candidates[0].sql: result for result in vote.results()}
    assert vote.size == 2
    assert (by_sql["a"].evidence.seconded, by_sql["b"].evidence.seconded) == (False, True)
    assert by_sql["b"].votes == 1 and by_sql["b"].log_probability == -0.1
    vote.add(replace(candidate("bad", error="no such table"), second=True))
    assert vote.refused == 0


def test_a_second_model_alone_wins_only_where_the_weights_know_the_pair():
    for known, winner in ((False, "a"), (True, "other")):
        vote = vote_of(candidate("a", (1,), sure=-2.0))
        vote.second_may_win = known
        vote.add(replace(candidate("other", (2,)), second=True))
        assert vote.results()[0].chosen.sql == winner


def test_a_result_without_rows_loses_against_an_equal_one_with_rows():
    vote = vote_of(candidate("nothing", sure=-0.1), candidate("a", (1,), sure=-0.1))
    assert winner(vote, ranks={"nothing": 0.5, "a": 0.5}) == "a"


def test_the_alternatives_name_each_result_with_its_votes():
    vote = vote_of(candidate("a", (1,), sure=-1.0), candidate("b", (2,)), candidate("b2", (2,)))
    told = [(one.sql, one.votes, one.log_probability) for one in alternatives(vote.results())]
    assert told == [("b", 2, None), ("a", 1, -1.0)]
