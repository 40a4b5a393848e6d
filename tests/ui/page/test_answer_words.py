"""What the page says about an answer: pure."""

import pytest

from coderag_app.types import (
    AnswerStatus,
    Attempt,
    Confidence,
    Origin,
    RetrievedExample,
    SQLAnswer,
    SQLExample,
)
from ui.page.answer_words import headline, plain_label, source_label, summary, sureness


@pytest.mark.parametrize("status", [AnswerStatus.FAILED, AnswerStatus.ABSTAINED])
def test_the_headline_of_an_answer_without_rows_holds_no_text_of_the_model(status):
    tried = (Attempt("<reply>", "<sql>", ""),)
    answer = SQLAnswer(question="<q>", sql="<sql>", status=status, error="<error>", attempts=tried)
    assert headline(answer)
    assert "<" not in headline(answer)


def test_a_command_that_gets_a_query_says_so():
    answer = SQLAnswer(question="q", sql="SELECT 1", status=AnswerStatus.ABSTAINED, error="I only read.")
    assert headline(answer) == "I only read."


def test_an_answer_held_back_is_told_apart_from_a_question_that_the_schema_cannot_answer():
    tried = (Attempt("", "SELECT 1", ""),)
    held_back = SQLAnswer(question="q", sql="SELECT 1", status=AnswerStatus.ABSTAINED, attempts=tried)
    unanswerable = SQLAnswer(question="q", sql="", status=AnswerStatus.ABSTAINED)
    assert "not sure enough" in headline(held_back)
    assert "does not hold" in headline(unanswerable)


def test_the_summary_counts_rows_attempts_and_time():
    answer = SQLAnswer(
        question="q", sql="SELECT 1", status=AnswerStatus.REPAIRED, rows=((1,),), columns=("1",), executed=True,
        truncated=True, attempts=(Attempt("", "", "no"), Attempt("", "", "")), timings_s={"total": 0.25},
    )  # fmt: skip
    assert summary(answer) == "1 row (cut at the limits) · repaired in attempt 2 · 250 ms"


@pytest.mark.parametrize(("score", "word"), [(0.95, "Quite sure"), (0.5, "Fairly sure"), (0.1, "Unsure")])
def test_a_score_is_told_in_words(score, word):
    assert sureness(Confidence(score, None, None, ()))[0].startswith(f"{word} · {100 * score:.0f}%")


def test_a_source_says_whether_a_person_confirmed_it():
    synthetic = RetrievedExample(SQLExample("q", "SELECT 1", "", origin=Origin.SYNTHETIC), 0.5)
    verified = RetrievedExample(SQLExample("q", "SELECT 1", ""), 0.5)
    assert source_label(verified, taught=True) == "from your verified query"
    assert source_label(verified, taught=False) == "verified example"
    assert source_label(synthetic, taught=False) == "made from the schema"


def test_every_mark_of_a_label_is_escaped():
    assert plain_label("**a** [b](c) <i>") == r"\*\*a\*\* \[b\]\(c\) \<i\>"


def test_a_label_has_no_link_and_no_emoji_left():
    assert "https:" not in plain_label("https://example.org :smile:")
    assert ":smile:" not in plain_label(":smile:").replace("\\", "")
    assert "www." not in plain_label("www.example.org").replace("\\", "")
