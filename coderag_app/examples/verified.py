"""The verified examples of one database: checked, kept in a text file, matched with questions, found by similarity."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coderag_app.encoders.encoder_loading import embed_documents, embed_queries
from coderag_app.examples.templates import TemplateMatch, template_match
from coderag_app.examples.verified_example import SOURCE, VerifiedExample, is_stale, retrievable_example
from coderag_app.examples.verified_store import VerifiedStore
from coderag_app.index.embed_view import embed_view
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.guard import check_sql
from coderag_app.text.untrusted_text import checked_question
from coderag_app.types import RetrievedExample, SQLExample

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    from coderag_app.database import Database


class VerifiedExamples:
    """The verified examples of one database, shared by everybody who asks it.

    Changes by hand, or by another program, are noticed before each question. Nothing is embedded until ``nearest``
    is asked.

    Args:
        store: The file they are kept in.
        database: Where their SQL is tried before it is kept.
        schema: The database's schema.
        values: Its stored texts, which templates fill in.
    """

    def __init__(self, store: VerifiedStore, database: Database, schema: Schema, values: ValueIndex) -> None:
        self.store = store
        self._database = database
        self._schema = schema
        self._values = values
        self._stamp: tuple[int, int] | None = None
        self._fresh: tuple[VerifiedExample, ...] = ()
        self._stale: tuple[VerifiedExample, ...] = ()
        self._embedded = _Embedded((), np.empty((2, 0, 0), dtype=np.float32))
        self._embedding = threading.Lock()

    # --- changes ---

    def teach(self, question: str, sql: str) -> VerifiedExample:
        """Check the SQL, run it, and store the pair; the next question finds it.

        Raises:
            SQLRejectedError: The SQL may not run.
            DatabaseError: It failed.
            TeachingError: The file of pairs cannot be read or written.
        """
        pair = self.store.add(checked_question(question), self._ran(sql), self._schema)
        self.refresh()
        return pair

    def correct(self, verified_id: str, question: str, sql: str) -> VerifiedExample:
        """Change a pair, checked like a new one; its id stays. See ``teach``."""
        pair = self.store.replace(verified_id, checked_question(question), self._ran(sql), self._schema)
        self.refresh()
        return pair

    def forget(self, verified_id: str) -> VerifiedExample:
        """Remove a pair from the file; the next question no longer finds it.

        Raises:
            TeachingError: There is no such pair.
        """
        pair = self.store.remove(verified_id)
        self.refresh()
        return pair

    def refresh(self) -> None:
        """Read the file again if it has changed since.

        Raises:
            TeachingError: The file cannot be read; what was known stays.
        """
        stamp = self.store.stamp()
        if stamp == self._stamp:
            return
        pairs = self.store.all()
        stale = {pair.verified_id for pair in pairs if is_stale(pair, self._schema)}
        self._fresh = tuple(pair for pair in pairs if pair.verified_id not in stale)
        self._stale = tuple(pair for pair in pairs if pair.verified_id in stale)
        self._stamp = stamp

    # --- what is there ---

    def all(self) -> tuple[VerifiedExample, ...]:
        """All pairs in the order of the file, stale ones included."""
        return self.store.all()

    def fresh(self) -> tuple[VerifiedExample, ...]:
        """The pairs that fit the schema; only these answer questions or are shown to the model."""
        self.refresh()
        return self._fresh

    def stale(self) -> tuple[VerifiedExample, ...]:
        """Pairs whose tables or columns are gone or have changed; they are kept, and not used."""
        self.refresh()
        return self._stale

    def match(self, question: str) -> TemplateMatch | None:
        """The verified example that answers a question as it is or with other literals, with the SQL to run."""
        return template_match(" ".join(question.split()), self.fresh(), self._values, self.store.dialect)

    def example(self, pair: VerifiedExample) -> SQLExample:
        """A pair as the model and the sources of an answer show it."""
        return retrievable_example(pair, self._schema, self.store.db_id)

    def nearest(self, query: NDArray[np.float32], embed_model: BaseEmbedding) -> list[RetrievedExample]:
        """All fresh pairs, the most similar first; pairs that are new are embedded first.

        Args:
            query: The unit vector of a question, shape (dimension,).
            embed_model: The encoder it was made with.
        """
        with self._embedding:
            examples = tuple(self.example(pair) for pair in self.fresh())
            if examples != self._embedded.examples:
                self._embedded = self._embedded.updated(examples, embed_model)
            return self._embedded.nearest(query)

    def _ran(self, sql: str) -> str:
        checked = check_sql(sql, self._schema, self.store.dialect).sql
        self._database.execute(checked)
        return checked


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Examples with the unit vectors of their questions and of their SQL, shape (2, examples, dimension)."""

    examples: tuple[SQLExample, ...]
    vectors: NDArray[np.float32]

    def updated(self, examples: tuple[SQLExample, ...], embed_model: BaseEmbedding) -> _Embedded:
        """The same for other examples; those that are here already are not embedded again."""
        known = {example: self.vectors[:, row] for row, example in enumerate(self.examples)}
        new = [example for example in examples if example not in known]
        if new:
            questions = embed_queries(embed_model, [example.question for example in new])
            queries = embed_documents(embed_model, [embed_view(e.sql, e.context) for e in new])
            known |= {example: np.stack(rows) for example, *rows in zip(new, questions, queries, strict=True)}
        vectors = np.stack([known[example] for example in examples], axis=1) if examples else np.empty((2, 0, 0))
        return _Embedded(examples, vectors.astype(np.float32))

    def nearest(self, query: NDArray[np.float32]) -> list[RetrievedExample]:
        """All examples, by the better of two cosines: of the question with theirs, and with their SQL."""
        if not self.examples:
            return []
        cosines = (self.vectors @ query).max(axis=0)
        return [RetrievedExample(self.examples[i], float(cosines[i])) for i in np.argsort(-cosines, kind="stable")]


def from_verified(source: RetrievedExample) -> bool:
    """Whether a source of an answer is one of the user's own verified queries."""
    return source.example.source.startswith(SOURCE)
