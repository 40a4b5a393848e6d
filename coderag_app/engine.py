"""The main path: retrieve examples, link the schema, write SQL, check it, run it, answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle

from coderag_app.answers.as_text import answer_text
from coderag_app.database import Database
from coderag_app.encoders.loading import embed_documents
from coderag_app.errors import CodeRAGError, ConfigurationError
from coderag_app.index.nodes import example_to_node
from coderag_app.llm.prompts import PromptFormat, PromptRequest
from coderag_app.llm.vocabulary import template_tokens, token_counter
from coderag_app.schema.linking import SchemaLinker
from coderag_app.schema.value_index import ValueIndex
from coderag_app.settings import AppConfig
from coderag_app.sql.corpus_schema import corpus_schema
from coderag_app.sql.guard import check_sql
from coderag_app.text.untrusted_text import MAX_QUESTION_CHARS, checked_question
from coderag_app.types import Attempt, RetrievedExample, SQLAnswer
from coderag_app.vote.assembly import assembled_answer
from coderag_app.vote.candidates import Candidate, Result
from coderag_app.vote.decode import REFUSALS, Decoding, Rank
from coderag_app.vote.question_run import QuestionRun, StreamEvent

if TYPE_CHECKING:
    from coderag_app.examples.retriever import ExampleRetriever
    from coderag_app.schema.tables import Schema

__all__ = ["MAX_QUESTION_CHARS", "StreamEvent", "TextToSQLQueryEngine"]

_SCHEMA_SHARE = 0.6  # of the context window; the rest holds examples, the question and the reply


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
        run = QuestionRun(checked_question(question))
        self._forget_events()
        yield run.event("retrieve")
        with run.timed("retrieve"):
            run.sources = self._retrieve(run.question) if examples is None else examples
        yield run.event("link")
        with run.timed("link"):
            run.schema = self.linked_schema(run.question)
        decoding = self.decoding(run)
        first = yield from decoding.most_likely()
        results = yield from decoding.vote(first)
        yield run.event("done", answer=self._assembled(run, first, results))

    def run_sql(self, sql: str) -> SQLAnswer:
        """Run SQL that a person wrote or edited, through the same guard and sandbox as a model's.

        Returns:
            The rows, or with ``status`` failed the reason; ``question`` is empty, and no model is named.

        Raises:
            ConfigurationError: There is no database.
        """
        if self.database is None:
            raise ConfigurationError("There is no database to run SQL on; expected one (--database FILE_OR_URL).")
        run = QuestionRun("")
        candidate = Candidate("", sql.strip())
        try:
            with run.timed("check"):
                candidate = replace(candidate, sql=check_sql(sql, self.schema, self._dialect).sql)
            with run.timed("execute"):
                candidate = replace(candidate, result=self.database.execute(candidate.sql))
        except REFUSALS as error:
            candidate = replace(candidate, error=str(error))
        run.attempts.append(Attempt("", candidate.sql, candidate.error))
        answer = assembled_answer(run, candidate, (), database=self.database.name)
        return replace(answer, error=candidate.error)

    @property
    def samples(self) -> int:
        """How many further candidates vote: as configured, else as suits the model."""
        return self.prompt_format.samples if self.config.samples is None else self.config.samples

    def decoding(self, run: QuestionRun) -> Decoding:
        """What writes and elects the candidates of a question, with its sources and schema as the run holds them."""
        request = PromptRequest(
            question=run.question,
            schema=run.schema,
            dialect=self._dialect,
            examples=run.sources,
            values=self.values,
            budget_tokens=self._prompt_tokens,
            count_tokens=token_counter(self.llm),
            constrain=self.config.constrain,
        )
        return Decoding(
            run,
            request,
            self.llm,
            self.prompt_format,
            self.config,
            self._full_schema(run),
            self.database,
            self.samples,
            self._rank(run),
        )

    def _rank(self, run: QuestionRun) -> Rank | None:
        """Scores SQL by the encoder's similarity to the question; None without an encoder or a schema."""
        schema = self._full_schema(run)
        if self.retriever is None or schema is None:
            return None
        from coderag_app.vote.candidate_ranking import rank_candidates

        embed_model = self.retriever.embed_model
        return lambda sqls: rank_candidates(run.question, list(sqls), schema, embed_model)

    def _retrieve(self, question: str) -> tuple[RetrievedExample, ...]:
        if self.retriever is None or self.config.similarity_top_k == 0:
            return ()
        return tuple(self.retriever.retrieve_examples(question))

    def linked_schema(self, question: str) -> Schema | None:
        """The part of the schema that enters the prompt for a question; None in corpus-only mode."""
        if self._linker is None:
            return None
        budget = self.config.schema_budget_tokens or int(self.context_window_tokens * _SCHEMA_SHARE)
        return self._linker.link(question, budget) if self.config.link_schema else self._linker.first_tables(budget)

    @cached_property
    def _linker(self) -> SchemaLinker | None:
        embed = partial(embed_documents, self.retriever.embed_model) if self.retriever is not None else None
        return SchemaLinker(self.schema, self.prompt_format.schema_size, self.values, embed) if self.schema else None

    def _full_schema(self, run: QuestionRun) -> Schema | None:
        """What SQL is checked against: the live schema, unpruned, or in corpus-only mode the retrieved contexts."""
        return self.schema if self.database is not None else corpus_schema(run.sources)

    @property
    def _reply_tokens(self) -> int:
        return min(self.config.max_new_tokens, self.prompt_format.reply_tokens)

    @cached_property
    def _prompt_tokens(self) -> int:
        """What a prompt may take, without its chat template; of a short context the reply gets a quarter."""
        reply = min(self._reply_tokens, self.context_window_tokens // 4)
        return self.context_window_tokens - reply - template_tokens(self.llm)

    def _forget_events(self) -> None:
        """Drop the ids of LlamaIndex's events: without handlers nothing reads them, and every reply adds one."""
        models = (self.llm, self.retriever.embed_model if self.retriever is not None else None)
        for manager in (getattr(model, "callback_manager", None) for model in models):
            if manager is not None and not manager.handlers:
                manager.trace_map.clear()

    @property
    def _dialect(self) -> str:
        return self.database.dialect if self.database is not None else "sqlite"

    def _assembled(self, run: QuestionRun, first: Candidate, results: Sequence[Result]) -> SQLAnswer:
        database = self.database.name if self.database is not None else ""
        names = {"database": database, "model": self.llm_name, "encoder": self.encoder_name}
        return assembled_answer(run, first, results, self.config.abstain_below, **names)

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
            "confidence": answer.confidence.score if answer.confidence is not None else None,
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
