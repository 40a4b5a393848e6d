"""Teaching an engine: verified pairs are checked, stored, and found by its next retrieval."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.errors import TeachingError
from coderag_app.examples.pairs import SOURCE, VerifiedPair, pair_example
from coderag_app.examples.retrieval import TaughtRetriever
from coderag_app.examples.store import VerifiedStore
from coderag_app.examples.templates import TemplateMatch, template_match
from coderag_app.schema.tables import Schema
from coderag_app.text.untrusted_text import checked_question
from coderag_app.types import RetrievedExample, SQLAnswer
from coderag_app.vote.question_run import StreamEvent

if TYPE_CHECKING:
    from coderag_app.engine import TextToSQLQueryEngine


class Teaching:
    """An engine together with its database's verified pairs. Engines are shared; so may this be.

    Changes by hand, or by another program, are noticed before each question.
    """

    def __init__(self, engine: TextToSQLQueryEngine, store: VerifiedStore) -> None:
        self.engine = engine
        self.store = store
        self._stamp: tuple[int, int] | None = None
        self._fresh: tuple[VerifiedPair, ...] = ()
        self._stale: tuple[VerifiedPair, ...] = ()

    def teach(self, question: str, sql: str) -> VerifiedPair:
        """Check the SQL, run it, and store the pair; the engine finds it from now on.

        Raises:
            SQLRejectedError: The SQL may not run.
            DatabaseError: It failed.
            TeachingError: The file of pairs cannot be read or written, or there is no database.
        """
        pair = self.store.add(checked_question(question), self._ran(sql), self._schema)
        self.refresh()
        return pair

    def correct(self, pair_id: str, question: str, sql: str) -> VerifiedPair:
        """Change a pair, checked like a new one; its id stays. See ``teach``."""
        pair = self.store.replace(pair_id, checked_question(question), self._ran(sql), self._schema)
        self.refresh()
        return pair

    def forget(self, pair_id: str) -> VerifiedPair:
        """Remove a pair from the file and from the engine's retrieval.

        Raises:
            TeachingError: There is no such pair.
        """
        pair = self.store.remove(pair_id)
        self.refresh()
        return pair

    def pairs(self) -> tuple[VerifiedPair, ...]:
        """All pairs in the order of the file, stale ones included."""
        return self.store.pairs()

    def stale(self) -> tuple[VerifiedPair, ...]:
        """Pairs whose tables or columns are gone or have changed; they are kept, and not shown to the model."""
        self.refresh()
        return self._stale

    def refresh(self) -> None:
        """Bring the engine's retrieval up to the file, if that has changed since.

        Raises:
            TeachingError: The file cannot be read; the engine keeps what it knew.
        """
        stamp = self.store.stamp()
        if stamp == self._stamp:
            return
        pairs = self.store.pairs()
        stale = {pair.pair_id for pair in pairs if self.store.is_stale(pair, self._schema)}
        self._fresh = tuple(pair for pair in pairs if pair.pair_id not in stale)
        self._stale = tuple(pair for pair in pairs if pair.pair_id in stale)
        retriever = self._retriever(needed=bool(self._fresh))
        if retriever is not None:
            retriever.teach([pair_example(pair, self._schema, self.store.db_id) for pair in self._fresh])
        self._stamp = stamp

    def match(self, question: str) -> TemplateMatch | None:
        """The verified pair that answers a question as it is or with other literals, with the SQL to run."""
        self.refresh()
        return template_match(question, self._fresh, self.engine.values, self.store.dialect)

    def ask(self, question: str) -> SQLAnswer:
        """Answer a question: by a verified query where one fits, else by the engine, which sees the pairs as examples.

        Raises:
            CodeRAGError: As ``engine.ask``.
        """
        for event in self.stream(question):
            if event.answer is not None:
                return event.answer
        raise TeachingError("The engine ended without an answer.")

    def stream(self, question: str) -> Iterator[StreamEvent]:
        """The same step by step; closing the iterator stops the model."""
        question = checked_question(question)
        started = time.perf_counter()
        yield StreamEvent("retrieve")
        match = self.match(question)
        retrieve_s = time.perf_counter() - started
        if match is not None:
            yield StreamEvent("check", match.sql, retrieve_s)
            answer = self._verified_answer(question, match, retrieve_s)
            if answer.ok:
                yield StreamEvent("done", "", time.perf_counter() - started, answer)
                return
        yield from self.engine.stream(question)

    def _verified_answer(self, question: str, match: TemplateMatch, retrieve_s: float) -> SQLAnswer:
        answer = self.engine.run_sql(match.sql)
        timings = {"retrieve": retrieve_s, **answer.timings_s}
        timings["total"] = timings.get("total", 0.0) + retrieve_s
        source = RetrievedExample(pair_example(match.pair, self._schema, self.store.db_id), 1.0)
        return replace(answer, question=question, sources=(source,), timings_s=timings)

    def _ran(self, sql: str) -> str:
        from coderag_app.sql.guard import check_sql

        database = self.engine.database
        if database is None:
            raise TeachingError("There is no database to run the SQL on; expected one (--database FILE_OR_URL).")
        checked = check_sql(sql, self._schema, database.dialect).sql
        database.execute(checked)
        return checked

    @property
    def _schema(self) -> Schema:
        if self.engine.schema is None:
            raise TeachingError("Without a database nothing can be taught; expected one (--database FILE_OR_URL).")
        return self.engine.schema

    def _retriever(self, needed: bool) -> TaughtRetriever | None:
        """The engine's retriever for verified pairs, put before the one it has. An encoder is loaded only if needed."""
        current = self.engine.retriever
        if isinstance(current, TaughtRetriever):
            return current
        if current is None:
            if not needed:
                return None
            from coderag_app.examples.retriever import ExampleRetriever
            from coderag_app.index.store import ExampleIndex
            from coderag_app.llm.loading import load_embed_model

            loaded = load_embed_model(self.engine.config.embed_model, self.engine.config.threads)
            self.engine.encoder_name = f"{loaded.info.name} ({loaded.origin})"
            top_k = self.engine.config.similarity_top_k
            current = ExampleRetriever(ExampleIndex.empty(loaded.info), loaded.embed_model, top_k)
        retriever = TaughtRetriever(current)
        self.engine.retriever = retriever
        return retriever


def from_verified(source: RetrievedExample) -> bool:
    """Whether a source of an answer is one of the user's own verified queries."""
    return source.example.source.startswith(SOURCE)


def open_verified(engine: TextToSQLQueryEngine, folder: Path | None = None) -> Teaching:
    """Load the database's verified pairs into the engine's retrieval.

    Args:
        engine: The engine; several calls for one engine share its retrieval.
        folder: Folder of the files of pairs; None for the settings' ``verified_dir``.

    Raises:
        TeachingError: The engine has no database, or the file of pairs cannot be read.
    """
    if engine.database is None:
        raise TeachingError("Without a database nothing can be taught; expected one (--database FILE_OR_URL).")
    store = VerifiedStore(folder or engine.config.verified_dir, engine.database.name, engine.database.dialect)
    teaching = Teaching(engine, store)
    teaching.refresh()
    return teaching
