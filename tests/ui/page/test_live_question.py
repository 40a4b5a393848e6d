"""A question in a thread of its own: its end, its stop, its failure."""

import threading

from coderag_app.engine import StreamEvent
from coderag_app.errors import ModelError
from coderag_app.types import AnswerStatus, SQLAnswer
from ui.page.live_question import LiveQuestion

ANSWER = SQLAnswer(question="q", sql="SELECT 1", status=AnswerStatus.ANSWERED)


def test_the_answer_becomes_the_turn():
    live = LiveQuestion(
        "q", lambda question: iter([StreamEvent("retrieve"), StreamEvent("done", answer=ANSWER)])
    ).start()
    assert live.wait(10)
    assert live.turn().answer == ANSWER
    assert not live.turn().stopped


def test_stopping_closes_the_stream_so_that_the_model_stops():
    first_piece, closed = threading.Event(), threading.Event()
    go_on = threading.Event()

    def stream(question):
        try:
            while True:
                yield StreamEvent("generate", "SELECT ")
                first_piece.set()
                go_on.wait(10)
        finally:
            closed.set()

    live = LiveQuestion("q", stream).start()
    assert first_piece.wait(10)
    live.stop()
    assert live.wait(0)
    turn = live.turn()
    assert turn.stopped and turn.answer is None
    assert turn.partial_sql == "SELECT "
    go_on.set()
    assert closed.wait(10)
    assert live.join(10)


def test_an_answer_that_came_before_the_stop_is_kept():
    live = LiveQuestion("q", lambda question: iter([StreamEvent("done", answer=ANSWER)])).start()
    assert live.join(10)
    live.stop()
    assert live.turn().answer == ANSWER


def test_an_error_of_the_engine_is_the_turns_error():
    def stream(question):
        yield StreamEvent("retrieve")
        raise ModelError("the model is gone")

    live = LiveQuestion("q", stream).start()
    assert live.wait(10)
    assert live.turn().error == "the model is gone"


def test_a_defect_ends_the_question_and_does_not_hang_the_page():
    def stream(question):
        yield StreamEvent("retrieve")
        raise ZeroDivisionError("oops")

    live = LiveQuestion("q", stream).start()
    assert live.wait(10)
    assert "ZeroDivisionError: oops" in live.turn().error
