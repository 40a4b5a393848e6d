"""The turns of one person's conversation with an engine, and what a follow-up refers to among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coderag_app.chat.follow_ups.missing import CHECK_COLUMNS
from coderag_app.chat.standalone import FollowUp, standalone_question
from coderag_app.text.untrusted_text import checked_question
from coderag_app.types import Origin, RetrievedExample, SQLAnswer, SQLExample
from coderag_app.vote.question_run import StreamEvent, last_answer

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.schema.tables import Schema

__all__ = ["Conversation", "ConversationTurn", "FollowUp", "standalone_question"]

_MAX_CONTEXT_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """What was asked and what came of it.

    Attributes:
        asked: The words that were typed.
        answer: The answer; its ``question`` is the stand-alone form.
        note: How a follow-up was understood, or why something is missing, in words; empty for a plain question.
    """

    asked: str
    answer: SQLAnswer
    note: str = ""


class Conversation:
    """Asks an engine question after question and keeps the turns. ``engine.conversation()`` makes one.

    A conversation belongs to one person, an engine may be shared: the engine is given the turns with each question,
    and keeps none of them.

    Args:
        engine: The engine.
        turns: Turns of an earlier conversation to go on from.
    """

    def __init__(self, engine: TextToSQLQueryEngine, turns: Iterable[ConversationTurn] = ()) -> None:
        self.engine = engine
        self.turns: tuple[ConversationTurn, ...] = tuple(turns)

    def ask(self, question: str) -> SQLAnswer:
        """Answer a question or a follow-up; afterwards it is the last of ``turns``.

        Raises:
            CodeRAGError: As ``engine.ask``; then there is no new turn.
        """
        return last_answer(self.stream(question))

    def stream(self, question: str) -> Iterator[StreamEvent]:
        """Answer step by step; the last event holds the answer, and by then it is the last of ``turns``.

        Closing the iterator stops the model and leaves the conversation as it was.
        """
        question = checked_question(question)
        for event in self.engine.stream(question, turns=self.turns):
            if event.answer is not None:
                self.show(question, event.answer, event.note)
            yield event

    def show(self, asked: str, answer: SQLAnswer, note: str = "") -> None:
        """Take in an answer that was not asked for here, such as SQL that a person edited; follow-ups go on from it."""
        self.turns = (*self.turns, ConversationTurn(asked, answer, note))


def previous_answer(turns: Sequence[ConversationTurn]) -> SQLAnswer | None:
    """The last answer with SQL that ran, which a follow-up speaks of."""
    answers = (turn.answer for turn in reversed(turns))
    runs = (answer for answer in answers if answer.ok and answer.executed and answer.columns != CHECK_COLUMNS)
    return next(runs, None)


def previous_example(previous: SQLAnswer, schema: Schema | None) -> RetrievedExample:
    """The previous question with its SQL, as the first example for a follow-up that the model answers."""
    context = schema.to_ddl(samples=False)[:_MAX_CONTEXT_CHARS] if schema is not None else ""
    example = SQLExample(
        previous.question, previous.sql, context, previous.database, Origin.SYNTHETIC, "previous answer"
    )
    return RetrievedExample(example, 1.0)
