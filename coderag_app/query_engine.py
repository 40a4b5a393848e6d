"""The main path: retrieve examples, link the schema, write SQL, check it, run it, answer."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle

from coderag_app.answer_text import answer_text
from coderag_app.config import AppConfig
from coderag_app.corpus_schema import corpus_schema
from coderag_app.database import Database
from coderag_app.encoders import embed_documents
from coderag_app.errors import CodeRAGError, DatabaseError, SQLRejectedError
from coderag_app.example_nodes import example_to_node
from coderag_app.generation import stream_reply
from coderag_app.prompts import PromptFormat, PromptRequest
from coderag_app.schema_linking import SchemaLinker
from coderag_app.sql_extraction import NoSQLError
from coderag_app.sql_guard import check_sql
from coderag_app.types import AnswerStatus, Attempt, QueryResult, RetrievedExample, SQLAnswer
from coderag_app.value_index import ValueIndex

if TYPE_CHECKING:
    from coderag_app.retriever import ExampleRetriever
    from coderag_app.schema import Schema

MAX_QUESTION_CHARS = 4_000
_SCHEMA_SHARE = 0.6  # of the context window; the rest holds examples, the question and the reply


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What happens while a question is answered.

    Attributes:
        step: retrieve, link, generate, check, execute, or done.
        text: For generate: the next piece of the reply; for check: the SQL being checked.
        elapsed_s: Seconds since the question was asked.
        answer: The answer, with the last event (done) alone.
    """

    step: str
    text: str = ""
    elapsed_s: float = 0.0
    answer: SQLAnswer | None = None


@dataclass
class _Run:
    """One question on its way to an answer."""

    question: str
    started: float = field(default_factory=time.perf_counter)
    timings_s: dict[str, float] = field(default_factory=dict)
    sources: tuple[RetrievedExample, ...] = ()
    schema: Schema | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings_s[step] = self.timings_s.get(step, 0.0) + time.perf_counter() - started

    def event(self, step: str, text: str = "", answer: SQLAnswer | None = None) -> StreamEvent:
        return StreamEvent(step, text, time.perf_counter() - self.started, answer)


class TextToSQLQueryEngine(BaseQueryEngine):
    """Answers questions about one database, or about a corpus of examples when there is none.

    Build it with ``load_query_engine``; the constructor only assigns.
    """

    def __init__(
        self,
        llm: LLM,
        prompt_format: PromptFormat,
        config: AppConfig,
        database: Database | None = None,
        schema: Schema | None = None,
        values: ValueIndex | None = None,
        retriever: ExampleRetriever | None = None,
        llm_name: str = "",
        encoder_name: str = "",
        context_window_tokens: int = 4096,
    ) -> None:
        super().__init__(callback_manager=CallbackManager())
        self.llm = llm
        self.prompt_format = prompt_format
        self.config = config
        self.database = database
        self.schema = schema
        self.values = values if values is not None else ValueIndex()
        self.retriever = retriever
        self.llm_name = llm_name
        self.encoder_name = encoder_name
        self.context_window_tokens = context_window_tokens

    # --- asking ---

    def ask(self, question: str, examples: tuple[RetrievedExample, ...] | None = None) -> SQLAnswer:
        """Answer a question.

        Args:
            question: The question in plain language.
            examples: Examples to show the model instead of those the index would give, most similar first.

        Returns:
            The answer; what went wrong with the SQL is in its ``status`` and ``error``.

        Raises:
            CodeRAGError: The question is empty or too long, or the index or the LLM failed.
        """
        for event in self.stream(question, examples):
            if event.answer is not None:
                return event.answer
        raise CodeRAGError("The engine ended without an answer.")

    def stream(self, question: str, examples: tuple[RetrievedExample, ...] | None = None) -> Iterator[StreamEvent]:
        """Answer a question step by step; the last event holds the answer. Closing the iterator stops the LLM."""
        run = _Run(_checked_question(question))
        yield run.event("retrieve")
        with run.timed("retrieve"):
            run.sources = self._retrieve(run.question) if examples is None else examples
        yield run.event("link")
        with run.timed("link"):
            run.schema = self.linked_schema(run.question)
        for _ in range(1 + self.config.max_repairs):
            sql, refusal = "", ""
            try:
                sql = yield from self._write_sql(run)
                if not sql:
                    yield run.event("done", answer=self._abstained(run))
                    return
                yield run.event("check", sql)
                with run.timed("check"):
                    checked = check_sql(sql, self._full_schema(run), self._dialect)
                yield run.event("execute", checked.sql)
                with run.timed("execute"):
                    result = self.database.execute(checked.sql) if self.database is not None else None
                yield run.event("done", answer=self._answered(run, checked.sql, result))
                return
            except (NoSQLError, SQLRejectedError, DatabaseError) as error:
                refusal = str(error)
            run.attempts[-1] = replace(run.attempts[-1], sql=sql, error=refusal)
        yield run.event("done", answer=self._failed(run))

    def _write_sql(self, run: _Run) -> Generator[StreamEvent, None, str]:
        """Generate one reply and read the SQL out of it; returns the SQL."""
        request = PromptRequest(
            question=run.question,
            schema=run.schema,
            dialect=self._dialect,
            examples=run.sources,
            values=self.values,
            failed=tuple(run.attempts),
            budget_tokens=self.context_window_tokens - self._reply_tokens,
        )
        run.attempts.append(Attempt(reply="", sql="", error=""))
        prompt = self.prompt_format.build(request)
        pieces: list[str] = []
        with run.timed("generate"):
            for piece in stream_reply(self.llm, prompt, self._reply_tokens):
                pieces.append(piece)
                yield run.event("generate", piece)
        reply = "".join(pieces)
        run.attempts[-1] = Attempt(reply=reply, sql="", error="")
        return prompt.read_sql(reply)

    def _retrieve(self, question: str) -> tuple[RetrievedExample, ...]:
        if self.retriever is None or self.config.similarity_top_k == 0:
            return ()
        return tuple(self.retriever.retrieve_examples(question))

    def linked_schema(self, question: str) -> Schema | None:
        """The part of the schema that enters the prompt for a question; None in corpus-only mode."""
        if self._linker is None:
            return None
        return self._linker.link(question, int(self.context_window_tokens * _SCHEMA_SHARE))

    @cached_property
    def _linker(self) -> SchemaLinker | None:
        embed = partial(embed_documents, self.retriever.embed_model) if self.retriever is not None else None
        return SchemaLinker(self.schema, self.prompt_format.schema_size, self.values, embed) if self.schema else None

    def _full_schema(self, run: _Run) -> Schema | None:
        """What SQL is checked against: the live schema, unpruned, or in corpus-only mode the retrieved contexts."""
        return self.schema if self.database is not None else corpus_schema(run.sources)

    @property
    def _reply_tokens(self) -> int:
        return min(self.config.max_new_tokens, self.prompt_format.reply_tokens)

    @property
    def _dialect(self) -> str:
        return self.database.dialect if self.database is not None else "sqlite"

    # --- answers ---

    def _answer(self, run: _Run, sql: str, status: AnswerStatus, error: str = "") -> SQLAnswer:
        run.timings_s["total"] = time.perf_counter() - run.started
        return SQLAnswer(
            question=run.question,
            sql=sql,
            status=status,
            error=error,
            sources=run.sources,
            attempts=tuple(run.attempts),
            timings_s=run.timings_s,
            database=self.database.name if self.database is not None else "",
            model=self.llm_name,
            encoder=self.encoder_name,
        )

    def _answered(self, run: _Run, sql: str, result: QueryResult | None) -> SQLAnswer:
        run.attempts[-1] = replace(run.attempts[-1], sql=sql)
        status = AnswerStatus.ANSWERED if len(run.attempts) == 1 else AnswerStatus.REPAIRED
        answer = self._answer(run, sql, status)
        if result is None:
            return answer
        return replace(answer, columns=result.columns, rows=result.rows, truncated=result.truncated, executed=True)

    def _abstained(self, run: _Run) -> SQLAnswer:
        return self._answer(run, "", AnswerStatus.ABSTAINED, "The question cannot be answered from this schema.")

    def _failed(self, run: _Run) -> SQLAnswer:
        last = run.attempts[-1]
        rounds = f"{len(run.attempts)} attempt{'s' if len(run.attempts) > 1 else ''}"
        return self._answer(run, last.sql, AnswerStatus.FAILED, f"No usable SQL after {rounds}: {last.error}")

    # --- LlamaIndex ---

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        answer = self.ask(query_bundle.query_str)
        nodes = [NodeWithScore(node=example_to_node(s.example), score=s.similarity) for s in answer.sources]
        metadata = {
            "sql": answer.sql,
            "status": answer.status.value,
            "columns": list(answer.columns),
            "rows": [list(row) for row in answer.rows],
            "truncated": answer.truncated,
            "executed": answer.executed,
            "error": answer.error,
            "timings_s": answer.timings_s,
            "model": answer.model,
            "encoder": answer.encoder,
        }
        return Response(response=answer_text(answer), source_nodes=nodes, metadata=metadata)

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        import asyncio

        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def close(self) -> None:
        """Close the database. The models stay loaded: other engines may share them."""
        if self.database is not None:
            self.database.close()


def _checked_question(question: str) -> str:
    question = " ".join(question.split())
    if not question:
        raise CodeRAGError("The question is empty. Ask something like: How many customers are there per country?")
    if len(question) > MAX_QUESTION_CHARS:
        raise CodeRAGError(
            f"The question has {len(question)} characters; the most that is taken is {MAX_QUESTION_CHARS}."
        )
    return question
