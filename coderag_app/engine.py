"""The one front door: a verified example, a follow-up, or else retrieve, link, write, repair, check, run, choose."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import LLM

from coderag_app.chat.change_requests import query_for_rows, question_for_rows, rows_shown
from coderag_app.chat.conversation import Conversation, ConversationTurn, previous_answer, previous_example
from coderag_app.chat.follow_ups.answering import counted_once, edited_sql, missing_report
from coderag_app.chat.requests import is_change, offer_of_rows, reply_to_other_language, reply_to_request
from coderag_app.chat.standalone import question_with, standalone_question
from coderag_app.database import Database
from coderag_app.encoders.encoder_loading import embed_documents
from coderag_app.errors import ConfigurationError, TeachingError
from coderag_app.llm.prompts import PromptFormat, PromptRequest
from coderag_app.llm.vocabulary import room_for_prompt, token_counter
from coderag_app.query_engine import StreamingQueryEngine
from coderag_app.question.read_question import Question, read_question
from coderag_app.question.signs import signs_in_figures
from coderag_app.question.typos import misspelt_words, spelled_right
from coderag_app.schema.linking import SchemaLinker
from coderag_app.schema.value_index import ValueIndex
from coderag_app.settings import AppConfig
from coderag_app.sql.checks import question_of_the_world
from coderag_app.sql.corpus_schema import corpus_schema
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext
from coderag_app.sql.repairs.spellings import spellings_said
from coderag_app.text.untrusted_text import MAX_QUESTION_CHARS, checked_question
from coderag_app.types import AnswerStatus, Attempt, RetrievedExample, SQLAnswer
from coderag_app.vote.assembly import assembled_answer
from coderag_app.vote.candidates import Candidate, Result
from coderag_app.vote.confidence import no_surer_than
from coderag_app.vote.decoding import REFUSALS, Decoding, Rank, SecondModel
from coderag_app.vote.question_run import QuestionRun, StreamEvent, checked_sql, executed_sql, last_answer

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    from coderag_app.examples import VerifiedExample, VerifiedExamples
    from coderag_app.examples.retriever import ExampleRetriever
    from coderag_app.examples.templates import TemplateMatch
    from coderag_app.schema.tables import Schema

__all__ = ["MAX_QUESTION_CHARS", "StreamEvent", "TextToSQLQueryEngine"]

_SCHEMA_SHARE = 0.6  # of the context window; the rest holds examples, the question and the reply


class TextToSQLQueryEngine(StreamingQueryEngine):
    """Answers questions about one database, or about a corpus of examples when there is none.

    Python, the command line, the page and evaluations all ask ``stream``, so they get the same answer. Build it with
    ``load_query_engine``; the constructor only assigns. An engine keeps nothing about who asks: the turns of a
    conversation come with the question.
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
        verified: VerifiedExamples | None = None,
        llm_name: str = "",
        context_window_tokens: int = 4096,
        streaming: bool = False,
        second: SecondModel | None = None,
    ) -> None:
        super().__init__(prompt_format, retriever, streaming)
        self.llm = llm
        self.config = config
        self.database = database
        self.schema = schema
        self.values = values if values is not None else ValueIndex()
        self.verified = verified
        self.llm_name = llm_name
        self.context_window_tokens = context_window_tokens
        self.second = second
        self._linkers: dict[bool, SchemaLinker] = {}  # with and without an encoder

    # --- asking ---

    def ask(
        self,
        question: str,
        examples: tuple[RetrievedExample, ...] | None = None,
        turns: Sequence[ConversationTurn] = (),
    ) -> SQLAnswer:
        """Answer a question.

        Args:
            question: The question in plain language.
            examples: Examples to show the model instead of those that retrieval would give, most similar first.
            turns: What was asked before, for a follow-up; ``conversation`` keeps them for you.

        Returns:
            The answer; what went wrong with the SQL is in its ``status`` and ``error``.

        Raises:
            CodeRAGError: The question is empty or too long, or the verified examples, the index or the LLM failed.
        """
        return last_answer(self.stream(question, examples, turns))

    def stream(
        self,
        question: str,
        examples: tuple[RetrievedExample, ...] | None = None,
        turns: Sequence[ConversationTurn] = (),
    ) -> Generator[StreamEvent, None, None]:
        """Answer a question step by step; the last event holds the answer. Closing the iterator stops the LLM.

        The first of these that fits answers: a verified example with this question, or with this question and other
        literals; a few words where nothing is asked ("thanks", "delete all orders"); a change to the previous query;
        the model, which is given a follow-up as a question that stands alone.
        """
        run = QuestionRun(self.read(question))
        match = self._match(run)
        previous = previous_answer(turns) if match is None else None
        reply = reply_to_request(run.question.text, self.schema, previous) if match is None else ""
        if match is None and getattr(self.prompt_format, "reads_english_alone", False):
            reply = reply or reply_to_other_language(run.question.text)
        if reply and is_change(run.question.text, previous):
            offered = yield from self._rows_to_change(run)
            if offered is not None:
                yield run.event("done", answer=offered)
                return
        if reply:
            yield run.event("done", answer=_within(run, self._in_words(run.question.text, reply)))
            return
        if match is None:
            self._put_plainly(run)
        if previous is not None:
            followed = yield from self._follow_up(run, previous)
            if followed is not None:
                yield run.event("done", answer=followed)
                return
            match = self._stand_alone(run, previous)
        yield run.event("retrieve")
        if match is not None:
            verified = yield from self._verified_answer(run, match)
            if verified.ok:
                yield run.event("done", answer=verified)
                return
        elif examples is None and previous is not None and run.note:
            examples = self._with_previous(run, previous)
        yield from self._written(run, examples, previous if run.note else None)

    def read(self, question: str) -> Question:
        """Read a question once, for everything that answers it.

        Raises:
            CodeRAGError: It is empty or too long.
        """
        return read_question(checked_question(question), self.schema, self.values)

    def _put_plainly(self, run: QuestionRun) -> None:
        """Put slips of spelling right, and signs of numbers in figures, which every model reads."""
        if self.schema is None or self.database is None:
            return
        asked = run.question.text
        slips = misspelt_words(run.question, self.schema, self.values)
        if slips:
            run.question = self.read(spelled_right(run.question, slips))
        plain = signs_in_figures(run.question, self.schema)
        if plain != run.question.text:
            run.question = self.read(plain)
        run.question = replace(run.question, misspelt=slips)
        run.asked = asked if run.question.text != asked else ""

    def with_settings(self, **settings: Any) -> TextToSQLQueryEngine:
        """This engine with other settings of decoding, over the same database and models.

        Args:
            **settings: Fields of ``AppConfig`` that are read for each question, such as ``without_repairs``.
        """
        other = copy(self)
        other.config = AppConfig.load(**(self.config.model_dump() | settings))
        return other

    def conversation(self, turns: Iterable[ConversationTurn] = ()) -> Conversation:
        """A conversation with this engine, from its beginning or from these turns on."""
        return Conversation(self, turns)

    # --- the ways to an answer ---

    def _match(self, run: QuestionRun) -> TemplateMatch | None:
        """The verified example that answers the question as it stands."""
        if self.verified is None:
            return None
        with run.timed("retrieve"):
            return self.verified.match(run.question.text)

    def _verified_answer(self, run: QuestionRun, match: TemplateMatch) -> Generator[StreamEvent, None, SQLAnswer]:
        assert self.verified is not None  # noqa: S101 - the match is one of its examples
        yield run.event("check", match.sql)
        answer = self.run_sql(match.sql)
        source = RetrievedExample(self.verified.example(match.pair), 1.0)
        return _within(run, replace(answer, question=run.question.text, sources=(source,)))

    def _follow_up(self, run: QuestionRun, previous: SQLAnswer) -> Generator[StreamEvent, None, SQLAnswer | None]:
        """The answer by the previous query, counted or changed; None where the model must be asked."""
        if self.schema is None or self.database is None:
            return None
        report = missing_report(run.question.text, previous, self.schema, self.values, self.run_sql)
        if report is not None:
            run.note = report.note
            # Without a query the words alone are the answer: nothing is stored that could be counted.
            words = self._in_words(run.question.text, report.note)
            return _within(run, replace(report.answer or words, question=run.question.text))
        edited = edited_sql(run.question.text, previous.sql, self.schema, self.values)
        if edited is None:
            return None
        asked = question_with(run.question.text, previous)
        context = RepairContext.of_question(read_question(asked, self.schema, self.values), self.schema, self.values)
        if "fan_out" not in self.config.without_repairs:
            edited = counted_once(edited, previous.sql, context)
        yield run.event("check", edited.sql)
        answer = self.run_sql(edited.sql)
        if not answer.ok:
            return None  # what a change of the tree could not do, the model may
        run.note = edited.how
        return _within(run, no_surer_than(previous, replace(answer, question=asked, doubts=previous.doubts)))

    def _rows_to_change(self, run: QuestionRun) -> Generator[StreamEvent, None, SQLAnswer | None]:
        """The query for the rows that a command would change, which is refused; None where none is safe."""
        if self.database is None:
            return None
        sql = query_for_rows(run.question.text, self._dialect)
        if not sql and (asked := question_for_rows(run.question.text)):
            shown = QuestionRun(self.read(asked))
            self._put_plainly(shown)
            answer = None
            for event in self._written(shown, None, None):
                answer = event.answer
                if answer is None:
                    yield event
            if answer is not None and self.schema is not None:
                sql = rows_shown(answer, RepairContext.of_question(shown.question, self.schema, self.values))
        if not sql or not (found := self.run_sql(sql)).ok:
            return None
        refused = self._in_words(run.question.text, offer_of_rows())
        return _within(run, replace(refused, sql=found.sql))

    def _in_words(self, question: str, words: str) -> SQLAnswer:
        """An answer without a query."""
        database = self.database.name if self.database is not None else ""
        return SQLAnswer(question, "", AnswerStatus.ABSTAINED, error=words, database=database)

    def _stand_alone(self, run: QuestionRun, previous: SQLAnswer) -> TemplateMatch | None:
        """Put a follow-up into words that stand alone; the verified example that answers these, if there is one."""
        followed = standalone_question(run.question.text, previous, run.question.names)
        run.question, run.note = self.read(followed.text), followed.how
        return self._match(run) if followed.how else None

    def _with_previous(self, run: QuestionRun, previous: SQLAnswer) -> tuple[RetrievedExample, ...]:
        """The previous question with its SQL, then what retrieval finds."""
        with run.timed("retrieve"):
            room = max(self.config.similarity_top_k - 1, 0)
            return (previous_example(previous, self.schema), *self._retrieve(run.question.text)[:room])

    def _written(
        self, run: QuestionRun, examples: tuple[RetrievedExample, ...] | None, previous: SQLAnswer | None
    ) -> Iterator[StreamEvent]:
        """Let the model write: with examples and the linked schema, then repair, check, run and choose.

        A follow-up is no surer than the answer before, whose question it goes on from.
        """
        self._forget_events()
        if unknown := self._of_the_world(run.question):
            words = f"This database holds nothing on {unknown}."
            yield run.event("done", answer=_within(run, self._in_words(run.question.text, words)))
            return
        with run.timed("retrieve"):
            run.sources = self._retrieve(run.question.text) if examples is None else examples
        yield run.event("link")
        with run.timed("link"):
            run.schema = self._linked(run.question)
        decoding = self.decoding(run)
        first = yield from decoding.most_likely()
        results = yield from decoding.vote(first)
        answer = no_surer_than(previous, self._assembled(run, first, results))
        run.note = " ".join(filter(None, (run.note, self._spellings(answer))))
        yield run.event("done", answer=answer)

    def _spellings(self, answer: SQLAnswer) -> str:
        """Which stored spellings the answer takes for one value."""
        if not answer.executed or self.schema is None:
            return ""
        said = spellings_said(parse_one(answer.sql, dialect=self._dialect))
        return " ".join(f"{each}." for each in dict.fromkeys(said))

    def _of_the_world(self, question: Question) -> str:
        """What a question asks for that neither a name nor a value of the database means; empty where it may."""
        if self.database is None or self.schema is None:
            return ""
        return question_of_the_world(RepairContext.of_question(question, self.schema, self.values))

    def run_sql(self, sql: str) -> SQLAnswer:
        """Run SQL that a person wrote or edited, through the same guard and sandbox as a model's.

        Returns:
            The rows, or with ``status`` failed the reason; ``question`` is empty, and no model is named.

        Raises:
            ConfigurationError: There is no database.
        """
        if self.database is None:
            raise ConfigurationError("There is no database to run SQL on; expected one (--database FILE_OR_URL).")
        run = QuestionRun(Question())
        candidate = Candidate("", sql.strip())
        try:
            with run.timed("check"):
                candidate = replace(candidate, sql=checked_sql(sql, self.schema, self._dialect).sql)
            with run.timed("execute"):
                candidate = replace(candidate, result=executed_sql(candidate.sql, self.database))
        except REFUSALS as error:
            candidate = replace(candidate, error=str(error))
        run.attempts.append(Attempt("", candidate.sql, candidate.error))
        answer = assembled_answer(run, candidate, (), database=self.database.name)
        return replace(answer, error=candidate.error)

    # --- teaching ---

    def teach(self, question: str, sql: str) -> VerifiedExample:
        """Check the SQL, run it, and keep it as the verified answer of a question, which it gives from now on.

        Raises:
            SQLRejectedError: The SQL may not run.
            DatabaseError: It failed.
            TeachingError: The file of verified examples cannot be read or written, or there is no database.
        """
        return self._taught.teach(question, sql)

    def correct(self, verified_id: str, question: str, sql: str) -> VerifiedExample:
        """Change a verified example, checked like a new one; its id stays. See ``teach``."""
        return self._taught.correct(verified_id, question, sql)

    def forget(self, verified_id: str) -> VerifiedExample:
        """Remove a verified example.

        Raises:
            TeachingError: There is no such pair, or no database.
        """
        return self._taught.forget(verified_id)

    @property
    def _taught(self) -> VerifiedExamples:
        if self.verified is not None:
            return self.verified
        if self.database is None:
            raise TeachingError("Without a database nothing can be taught; expected one (--database FILE_OR_URL).")
        raise TeachingError("This engine was opened without verified examples; expected load_query_engine(...) as is.")

    # --- what the model is asked with ---

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
            self.second,
        )

    def _rank(self, run: QuestionRun) -> Rank | None:
        """Scores SQL by the encoder's similarity to the question; None without an encoder or a schema."""
        schema = self._full_schema(run)
        embed_model = self._embed_model
        if embed_model is None or schema is None:
            return None
        from coderag_app.vote.candidate_ranking import rank_candidates

        return lambda sqls: rank_candidates(run.question.text, list(sqls), schema, embed_model)

    @property
    def encoder_name(self) -> str:
        """Name and origin of the encoder; empty while none is loaded."""
        return self.retriever.encoder_name if self.retriever is not None else ""

    @property
    def _embed_model(self) -> BaseEmbedding | None:
        return self.retriever.embed_model if self.retriever is not None else None

    def _retrieve(self, question: str) -> tuple[RetrievedExample, ...]:
        if self.retriever is None or self.config.similarity_top_k == 0:
            return ()
        return tuple(self.retriever.retrieve_examples(question))

    def linked_schema(self, question: str) -> Schema | None:
        """The part of the schema that enters the prompt for a question; None in corpus-only mode."""
        return self._linked(self.read(question))

    def _linked(self, question: Question) -> Schema | None:
        linker = self._linker
        if linker is None:
            return None
        budget = self.config.schema_budget_tokens or int(self.context_window_tokens * _SCHEMA_SHARE)
        return linker.link(question, budget) if self.config.link_schema else linker.first_tables(budget)

    @property
    def _linker(self) -> SchemaLinker | None:
        """Ranks tables by the encoder too, once there is one."""
        if self.schema is None:
            return None
        embed_model = self._embed_model
        encoded = embed_model is not None
        if encoded not in self._linkers:
            embed = partial(embed_documents, embed_model) if embed_model is not None else None
            self._linkers[encoded] = SchemaLinker(self.schema, self.prompt_format.schema_size, embed)
        return self._linkers[encoded]

    def _full_schema(self, run: QuestionRun) -> Schema | None:
        """What SQL is checked against: the live schema, unpruned, or in corpus-only mode the retrieved contexts."""
        return self.schema if self.database is not None else corpus_schema(run.sources)

    @property
    def _reply_tokens(self) -> int:
        return min(self.config.max_new_tokens, self.prompt_format.reply_tokens)

    @cached_property
    def _prompt_tokens(self) -> int:
        return room_for_prompt(self.llm, self.context_window_tokens, self._reply_tokens)

    def _forget_events(self) -> None:
        """Drop the ids of LlamaIndex's events: without handlers nothing reads them, and every reply adds one."""
        for manager in (getattr(model, "callback_manager", None) for model in (self.llm, self._embed_model)):
            if manager is not None and not manager.handlers:
                manager.trace_map.clear()

    @property
    def _dialect(self) -> str:
        return self.database.dialect if self.database is not None else "sqlite"

    def _assembled(self, run: QuestionRun, first: Candidate, results: Sequence[Result]) -> SQLAnswer:
        database = self.database.name if self.database is not None else ""
        names = {"database": database, "model": self.llm_name, "encoder": self.encoder_name}
        return assembled_answer(run, first, results, self.config.abstain_below, **names)

    def close(self) -> None:
        """Close the database. The models stay loaded: other engines may share them."""
        if self.database is not None:
            self.database.close()


def _within(run: QuestionRun, answer: SQLAnswer) -> SQLAnswer:
    """An answer by SQL that needed no model, with the time since its question was asked."""
    total_s = time.perf_counter() - run.started
    return replace(answer, timings_s={**run.timings_s, **answer.timings_s, "total": total_s})
