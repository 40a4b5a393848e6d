"""The chat page's memory: pure."""

import pytest

from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.engine import StreamEvent
from coderag_app.settings import AppConfig
from ui.page.chat_state import MAX_TURNS, AskProgress, ChatState, Connection, Turn, conversation_title


def test_turns_are_kept_in_order_and_the_oldest_go():
    chat = ChatState()
    for number in range(MAX_TURNS + 3):
        chat = chat.with_turn(Turn(f"question {number}"))
    assert len(chat.turns) == MAX_TURNS
    assert chat.turns[0].question == "question 3"
    assert chat.turns[-1].question == f"question {MAX_TURNS + 2}"
    assert chat.dropped == 3


def test_one_turn_is_replaced_and_the_others_stay():
    chat = ChatState((Turn("a"), Turn("b"), Turn("c"))).with_replaced(1, Turn("x"))
    assert [turn.question for turn in chat.turns] == ["a", "x", "c"]


def test_the_reply_grows_with_each_piece_and_a_new_attempt_begins_anew():
    progress = AskProgress()
    for event in (
        StreamEvent("retrieve"), StreamEvent("generate", "SELECT "), StreamEvent("generate", "nope"),
        StreamEvent("check", "SELECT nope"), StreamEvent("generate", "SELECT 1"),
    ):  # fmt: skip
        progress = progress.after(event)
    assert progress.reply == "SELECT 1"
    assert progress.attempt == 2
    assert progress.label == "Writing SQL (attempt 2)"


def test_the_reply_stays_while_it_is_checked():
    progress = AskProgress().after(StreamEvent("generate", "SELECT 1")).after(StreamEvent("check", "SELECT 1"))
    assert progress.reply == "SELECT 1"
    assert progress.label == "Checking SQL"


def test_every_step_that_ended_is_told_with_its_time():
    progress = AskProgress()
    for event in (
        StreamEvent("retrieve", elapsed_s=0.0), StreamEvent("generate", "S", elapsed_s=0.25),
        StreamEvent("generate", "Q", elapsed_s=1.0), StreamEvent("check", elapsed_s=2.25),
    ):  # fmt: skip
        progress = progress.after(event)
    assert progress.lines() == ["Finding examples · 250 ms", "Writing SQL · 2.0 s"]


def test_without_settings_the_demo_is_open(monkeypatch):
    monkeypatch.delenv("CODERAG_DATABASE", raising=False)
    connection = Connection.from_config(AppConfig())
    assert connection.is_demo
    assert connection.database_target == str(DEMO_DATABASE)


def test_blanks_around_what_was_typed_do_not_count():
    assert Connection(" shop.sqlite ", " storage\n").stripped() == Connection("shop.sqlite", "storage")


def test_a_password_is_neither_printed_nor_stored():
    connection = Connection("postgresql://me:s3cret@db/shop", "storage")
    assert "s3cret" not in repr(connection)
    assert connection.stored_target == ""
    assert Connection("shop.sqlite", "storage").stored_target == "shop.sqlite"


@pytest.mark.parametrize(("question", "title"), [(" a \n b ", "a b"), ("x" * 100, "x" * 59 + "…")])
def test_a_title_is_the_question_on_one_short_line(question, title):
    assert conversation_title(question) == title
