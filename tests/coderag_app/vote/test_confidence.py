"""How sure an answer is said to be, and what orders results."""

import math
from dataclasses import replace

import pytest

from coderag_app.types import AnswerStatus, Confidence, RetrievedExample, SQLAnswer, SQLExample
from coderag_app.vote.confidence import confidence, no_surer_than
from coderag_app.vote.evidence import Evidence, merit, probability_right

SOURCES = (RetrievedExample(SQLExample("How many?", "SELECT 1", ""), 0.8),)
PLAIN = Evidence(share=0.6, rank=0.6, probability=0.8, retrieved=False, empty=False)


def test_nothing_is_said_where_neither_the_model_nor_candidates_tell():
    assert confidence(replace(PLAIN, share=None, probability=None), SOURCES) is None


@pytest.mark.parametrize(
    ("surer", "less_sure"),
    [
        ({"probability": 0.9}, {"probability": 0.5}),
        ({"share": 0.9}, {"share": 0.4}),
        ({"rank": 0.8}, {"rank": 0.5}),
        ({"retrieved": True}, {"retrieved": False}),
        ({"empty": False}, {"empty": True}),
    ],
)
def test_each_sign_moves_merit_and_probability_its_own_way(surer, less_sure):
    surer, less_sure = replace(PLAIN, **surer), replace(PLAIN, **less_sure)
    assert merit(surer) > merit(less_sure)
    assert 0 < probability_right(less_sure) < probability_right(surer) < 1


def test_what_is_not_known_counts_as_neither_good_nor_bad():
    for sign in ("share", "rank", "probability"):
        low, unknown, high = (merit(replace(PLAIN, **{sign: value})) for value in (0.0, None, 1.0))
        assert low < unknown < high


def test_a_result_with_all_signs_for_it_is_almost_certain_and_one_with_none_is_not():
    assert probability_right(Evidence(1.0, 0.9, 1.0, retrieved=True, empty=False)) > 0.9
    assert probability_right(Evidence(0.0, 0.2, 0.0, retrieved=False, empty=True)) < 0.05


def test_a_second_opinion_is_weighed_by_a_fit_of_its_own_and_said():
    other, same = replace(PLAIN, seconded=False), replace(PLAIN, seconded=True)
    assert probability_right(other) < probability_right(same)
    assert merit(other) < merit(same)
    assert "a second model returns other rows" in confidence(other, ()).reasons
    assert "a second model returns the same rows" in confidence(same, ()).reasons


def test_replies_that_were_refused_lower_the_score():
    assert confidence(replace(PLAIN, refused=1), ()).score < confidence(PLAIN, ()).score


def test_the_reasons_say_what_the_score_is_made_of():
    sure = confidence(Evidence(0.75, 0.7, 0.9, retrieved=True, empty=True, refused=2), SOURCES)
    assert sure.similarity == 0.8 and sure.log_probability == pytest.approx(math.log(0.9))
    text = "; ".join(sure.reasons)
    for part in ("90%", "75% of the candidates", "of 0.70", "a retrieved query", "of 0.80", "2 replies", "no rows"):
        assert part in text
    alone = Evidence(None, None, 0.9, retrieved=False, empty=False)
    assert confidence(alone, ()).reasons == ("the model gave its words a probability of 90% each",)


def test_a_column_used_for_what_it_cannot_hold_is_told_and_lowers_the_score():
    misuse = "cities.name holds text: name < 1900"
    sure = confidence(replace(PLAIN, misused=1), (), doubts=[misuse])
    assert sure.reasons[-1] == misuse
    assert sure.score < confidence(PLAIN, ()).score


BEFORE = SQLAnswer("Open shops", "SELECT 1", AnswerStatus.ANSWERED, confidence=Confidence(0.5, 1.0, None, ("a guess",)))


@pytest.mark.parametrize(("own", "score"), [(None, 0.5), (0.9, 0.5), (0.3, 0.3)])
def test_a_follow_up_is_no_surer_than_the_answer_before(own, score):
    confidence = Confidence(own, 1.0, None, ("its own",)) if own is not None else None
    answer = no_surer_than(BEFORE, replace(BEFORE, sql="SELECT 2", confidence=confidence))
    assert answer.confidence.score == score
    assert ("it builds on the answer before, which was no surer" in answer.confidence.reasons) == (own != 0.3)


@pytest.mark.parametrize("before", [None, replace(BEFORE, confidence=None)])
def test_what_stands_alone_or_on_verified_sql_keeps_its_confidence(before):
    answer = replace(BEFORE, sql="SELECT 2", confidence=Confidence(0.9, 1.0, None, ()))
    assert no_surer_than(before, answer) is answer
    assert no_surer_than(before, replace(answer, confidence=None)).confidence is None
