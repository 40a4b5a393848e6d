"""How sure an answer is said to be."""

import math

import pytest

from coderag_app.decoding.confidence import confidence
from coderag_app.types import RetrievedExample, SQLExample

SOURCES = (RetrievedExample(SQLExample("How many?", "SELECT 1", ""), 0.8),)


def test_nothing_is_said_where_neither_the_model_nor_candidates_tell():
    assert confidence(None, None, SOURCES) is None


@pytest.mark.parametrize(
    ("surer", "less_sure"),
    [
        ({"log_probability": -0.1}, {"log_probability": -0.5}),
        ({"agreement": 0.9}, {"agreement": 0.4}),
        ({"repairs": 0}, {"repairs": 1}),
        ({"empty": False}, {"empty": True}),
    ],
)
def test_each_sign_moves_the_score_its_own_way(surer, less_sure):
    plain = {"log_probability": -0.3, "agreement": 0.7, "sources": ()}
    assert confidence(**plain | surer).score > confidence(**plain | less_sure).score


def test_the_score_stays_between_0_and_1_and_reaches_both_ends():
    assert confidence(0.0, 1.0, ()).score == 1.0
    assert 0 <= confidence(-50.0, 0.01, (), repairs=5, empty=True).score < 1e-6


def test_one_sign_alone_is_the_score():
    assert confidence(math.log(0.5), None, ()).score == pytest.approx(0.5)
    assert confidence(None, 0.25, ()).score == pytest.approx(0.25)


def test_the_reasons_say_what_the_score_is_made_of():
    sure = confidence(math.log(0.9), 0.75, SOURCES, repairs=2, empty=True)
    assert sure.similarity == 0.8 and sure.log_probability == pytest.approx(math.log(0.9))
    text = "; ".join(sure.reasons)
    for part in ("90%", "75% of the candidates", "similarity of 0.80", "2 replies were refused", "no rows"):
        assert part in text
    assert confidence(-0.1, None, ()).reasons == ("the model gave its words a probability of 90% each",)
