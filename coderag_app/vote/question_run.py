"""One question on its way to an answer: what was found so far, the time of each step, and its events."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coderag_app.errors import CodeRAGError, DatabaseError, SQLRejectedError
from coderag_app.events import SQLCheckedEvent, SQLExecutedEvent, dispatcher
from coderag_app.sql.guard import CheckedSQL, check_sql
from coderag_app.types import Attempt, QueryResult, RetrievedExample, SQLAnswer

if TYPE_CHECKING:
    from coderag_app.database import Database
    from coderag_app.question.read_question import Question
    from coderag_app.schema.tables import Schema


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One step of answering a question.

    Attributes:
        step: retrieve, link, generate, check, execute, vote (a further candidate), or done.
        text: For generate: the next piece of the reply; for check: the SQL being checked; for vote: which candidate.
        elapsed_s: Seconds since the question was asked.
        answer: The answer, on the last event (done) only.
        note: With the answer: how a follow-up was understood, or why something is missing; empty for a plain question.
    """

    step: str
    text: str = ""
    elapsed_s: float = 0.0
    answer: SQLAnswer | None = None
    note: str = ""


def last_answer(events: Iterable[StreamEvent]) -> SQLAnswer:
    """Read events up to the answer.

    Raises:
        CodeRAGError: They end without one.
    """
    for event in events:
        if event.answer is not None:
            return event.answer
    raise CodeRAGError("The engine ended without an answer.")


@dataclass
class QuestionRun:
    """A question with everything that was found and tried for it.

    Attributes:
        question: What is answered: a follow-up in words that stand alone, with slips of spelling put right.
        asked: It as it was asked, where words of it were changed.
        note: How a follow-up was understood.
        attempts: The most likely reply and its repairs, then the sampled reply that was chosen, if one was.
    """

    question: Question
    asked: str = ""
    note: str = ""
    started: float = field(default_factory=time.perf_counter)
    timings_s: dict[str, float] = field(default_factory=dict)
    sources: tuple[RetrievedExample, ...] = ()
    schema: Schema | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of a block to a step's."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings_s[step] = self.timings_s.get(step, 0.0) + time.perf_counter() - started

    @property
    def refused(self) -> int:
        """How many of the attempts were refused."""
        return sum(bool(attempt.error) for attempt in self.attempts)

    def event(self, step: str, text: str = "", answer: SQLAnswer | None = None) -> StreamEvent:
        """Make an event of this question, stamped with the elapsed time."""
        note = self.note if answer is not None else ""
        return StreamEvent(step, text, time.perf_counter() - self.started, answer, note)


@dispatcher.span
def checked_sql(sql: str, schema: Schema | None, dialect: str) -> CheckedSQL:
    """Let the guard check SQL, and report it to LlamaIndex's handlers.

    Returns:
        The SQL as the guard accepts it, with its tree.

    Raises:
        SQLRejectedError: It may not run.
    """
    try:
        checked = check_sql(sql, schema, dialect)
    except SQLRejectedError as error:
        dispatcher.event(SQLCheckedEvent(sql=sql, error=str(error)))
        raise
    dispatcher.event(SQLCheckedEvent(sql=checked.sql))
    return checked


@dispatcher.span
def executed_sql(sql: str, database: Database) -> QueryResult:
    """Run checked SQL, and report it to LlamaIndex's handlers.

    Raises:
        DatabaseError: It failed.
    """
    try:
        result = database.execute(sql)
    except DatabaseError as error:
        dispatcher.event(SQLExecutedEvent(sql=sql, error=str(error)))
        raise
    dispatcher.event(
        SQLExecutedEvent(sql=sql, rows=len(result.rows), truncated=result.truncated, elapsed_s=result.elapsed_s)
    )
    return result
