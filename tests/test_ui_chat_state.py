"""The chat page's memory and words: pure."""

import pytest

from coderag_app.bundled.demo.files import DEMO_DATABASE
from coderag_app.config import AppConfig
from coderag_app.query_engine import StreamEvent
from coderag_app.types import AnswerStatus, Attempt, SQLAnswer
from ui.chat_state import MAX_TURNS, AskProgress, ChatState, Connection, Turn, headline, summary


def test_turns_are_kept_in_order_and_the_oldest_go():
    chat = ChatState()
    for number in range(MAX_TURNS + 3):
        chat = chat.with_turn(Turn(f"question {number}"))
    assert len(chat.turns) == MAX_TURNS
    assert chat.turns[0].question == "question 3"
    assert chat.turns[-1].question == f"question {MAX_TURNS + 2}"


def test_the_reply_grows_with_each_piece_and_a_new_attempt_begins_anew():
    progress = AskProgress()
    for event in (
        StreamEvent("retrieve"), StreamEvent("generate", "SELECT "), StreamEvent("generate", "nope"),
        StreamEvent("check", "SELECT nope"), StreamEvent("generate", "SELECT 1"),
    ):  # fmt: skip
        progress = progress.after(event)
    assert progress.reply == "SELECT 1"
    assert progress.attempt == 2
    assert progress.label == "Writing SQL (attempt 2)…"


def test_the_reply_stays_while_it_is_checked():
    progress = AskProgress().after(StreamEvent("generate", "SELECT 1")).after(StreamEvent("check", "SELECT 1"))
    assert progress.reply == "SELECT 1"
    assert progress.label == "Checking SQL…"


def test_without_settings_the_demo_is_open(monkeypatch):
    monkeypatch.delenv("CODERAG_DATABASE", raising=False)
    connection = Connection.from_config(AppConfig())
    assert connection.is_demo
    assert connection.database_target == str(DEMO_DATABASE)


def test_blanks_around_what_was_typed_do_not_count():
    assert Connection(" shop.sqlite ", " storage\n").stripped() == Connection("shop.sqlite", "storage")


@pytest.mark.parametrize("status", [AnswerStatus.FAILED, AnswerStatus.ABSTAINED])
def test_the_headline_of_an_answer_without_rows_holds_no_text_of_the_model(status):
    answer = SQLAnswer(question="<q>", sql="<sql>", status=status, error="<error>")
    assert headline(answer)
    assert "<" not in headline(answer)


def test_the_summary_counts_rows_attempts_and_time():
    answer = SQLAnswer(
        question="q", sql="SELECT 1", status=AnswerStatus.REPAIRED, rows=((1,),), columns=("1",), executed=True,
        truncated=True, attempts=(Attempt("", "", "no"), Attempt("", "", "")), timings_s={"total": 0.25},
    )  # fmt: skip
    assert summary(answer) == "1 row (cut at the limits) · repaired in attempt 2 · 250 ms"
