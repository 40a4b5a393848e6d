"""A conversation about one database: follow-ups are understood in the context of what was asked before."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coderag_app.chat.follow_ups.answering import edited_sql
from coderag_app.chat.follow_ups.grammar import read_follow_up
from coderag_app.chat.follow_ups.intents import Missing
from coderag_app.chat.follow_ups.missing import CHECK_COLUMNS, MissingReport, explain_missing
from coderag_app.chat.follow_ups.query_edit import CannotEditError
from coderag_app.chat.standalone import FollowUp, standalone_question
from coderag_app.errors import CodeRAGError
from coderag_app.text.untrusted_text import checked_question
from coderag_app.types import AnswerStatus, Origin, RetrievedExample, SQLAnswer, SQLExample
from coderag_app.vote.question_run import StreamEvent

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.examples import Teaching

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
    """Asks an engine question after question. One conversation belongs to one person; engines may be shared.

    A question takes the first of these ways that fits: the SQL of a verified pair; as a follow-up, a count of what
    each part of the previous query leaves of a value ("why is Lyon missing?"), or a change to the previous query's
    syntax tree ("only for 2023", "and by city?"); else the model, which is given a stand-alone question, and for a
    follow-up the previous question with its SQL as the first example. All SQL passes guard and sandbox.

    Args:
        engine: The engine.
        teaching: Its verified pairs; their templates answer near-identical questions.
        turns: Turns of an earlier conversation to go on from.
    """

    def __init__(
        self,
        engine: TextToSQLQueryEngine,
        teaching: Teaching | None = None,
        turns: Iterable[ConversationTurn] = (),
    ) -> None:
        self.engine = engine
        self.teaching = teaching
        self.turns: tuple[ConversationTurn, ...] = tuple(turns)

    def ask(self, question: str) -> SQLAnswer:
        """Answer a question or a follow-up; afterwards it is the last of ``turns``.

        Raises:
            CodeRAGError: As ``engine.ask``; then there is no new turn.
        """
        for event in self.stream(question):
            if event.answer is not None:
                return event.answer
        raise CodeRAGError("The engine ended without an answer.")

    def stream(self, question: str) -> Iterator[StreamEvent]:
        """Answer step by step; the last event holds the answer, and by then it is the last of ``turns``.

        Closing the iterator stops the model and leaves the conversation as it was.
        """
        question = checked_question(question)
        note = yield from self._try_follow_up(question)
        if note is None:
            yield from self._ask_model(question)

    def show(self, asked: str, answer: SQLAnswer, note: str = "") -> None:
        """Take in an answer that was not asked for here, such as SQL that a person edited; follow-ups go on from it."""
        self.turns = (*self.turns, ConversationTurn(asked, answer, note))

    @property
    def previous(self) -> SQLAnswer | None:
        """The last answer with SQL that ran, which a follow-up speaks of."""
        answers = (turn.answer for turn in reversed(self.turns))
        runs = (answer for answer in answers if answer.ok and answer.executed and answer.columns != CHECK_COLUMNS)
        return next(runs, None)

    def _try_follow_up(self, question: str) -> Generator[StreamEvent, None, str | None]:
        """Answer a follow-up from the previous query; None when the words need the model or stand alone."""
        previous, schema = self.previous, self.engine.schema
        if previous is None or schema is None or self.engine.database is None or self._is_taught(question):
            return None
        started = time.perf_counter()
        report = self._missing(question, previous)
        if report is not None:
            answer = report.answer or _without_rows(question, report.note, previous)
            answer = replace(answer, question=" ".join(question.split()))
            yield self._done(question, answer, report.note, started)
            return report.note
        edited = edited_sql(question, previous.sql, schema, self.engine.values)
        if edited is None:
            return None
        yield StreamEvent("check", edited.sql, time.perf_counter() - started)
        answer = self.engine.run_sql(edited.sql)
        if not answer.ok:
            return None  # what a change of the tree could not do, the model may
        text = f"{previous.question.rstrip(' ?.!')}, {' '.join(question.split()).rstrip(' ?.!')}?"
        followed = standalone_question(question, previous)
        answer = replace(answer, question=followed.text if followed.how else text)
        yield self._done(question, answer, edited.how, started)
        return edited.how

    def _missing(self, question: str, previous: SQLAnswer) -> MissingReport | None:
        wanted = [reading[0] for reading in read_follow_up(question) if isinstance(reading[0], Missing)]
        for intent in wanted[:1]:
            assert isinstance(intent, Missing) and self.engine.schema is not None  # noqa: S101 - filtered above
            try:
                return explain_missing(
                    intent.text, previous, self.engine.schema, self.engine.values, self.engine.run_sql
                )
            except CannotEditError:
                return None
        return None

    def _is_taught(self, question: str) -> bool:
        return self.teaching is not None and self.teaching.match(" ".join(question.split())) is not None

    def _ask_model(self, question: str) -> Iterator[StreamEvent]:
        previous = self.previous
        followed = FollowUp(question)
        if previous is not None and not self._is_taught(question):
            followed = standalone_question(question, previous)
        if self.teaching is not None and (not followed.how or self._is_taught(followed.text)):
            events = self.teaching.stream(followed.text)
        elif followed.how and previous is not None:
            events = self.engine.stream(followed.text, self._examples(followed.text, previous))
        else:
            events = self.engine.stream(followed.text)
        for event in events:
            if event.answer is not None:
                self.show(question, event.answer, followed.how)
            yield event

    def _examples(self, question: str, previous: SQLAnswer) -> tuple[RetrievedExample, ...]:
        """The previous question with its SQL, then what the index finds."""
        schema = self.engine.schema
        context = schema.to_ddl(samples=False)[:_MAX_CONTEXT_CHARS] if schema is not None else ""
        example = SQLExample(
            previous.question, previous.sql, context, previous.database, Origin.SYNTHETIC, "previous answer"
        )
        found: list[RetrievedExample] = []
        top_k = self.engine.config.similarity_top_k
        if self.engine.retriever is not None and top_k > 1:
            found = self.engine.retriever.retrieve_examples(question)[: top_k - 1]
        return (RetrievedExample(example, 1.0), *found)

    def _done(self, asked: str, answer: SQLAnswer, note: str, started: float) -> StreamEvent:
        elapsed_s = time.perf_counter() - started
        answer = replace(answer, timings_s={**answer.timings_s, "total": elapsed_s})
        self.show(asked, answer, note)
        return StreamEvent("done", "", elapsed_s, answer)


def _without_rows(question: str, note: str, previous: SQLAnswer) -> SQLAnswer:
    """An answer in words alone: nothing is stored that could be counted."""
    return SQLAnswer(question, "", AnswerStatus.ABSTAINED, error=note, database=previous.database)
