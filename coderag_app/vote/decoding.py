"""From a prompt to one chosen candidate: the most likely reply, its repairs, and a vote among sampled ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from sqlglot import exp

from coderag_app.errors import CodeRAGError, DatabaseError, SQLRejectedError
from coderag_app.events import SQLGeneratedEvent, dispatcher
from coderag_app.llm.generation import Reply, stream_reply
from coderag_app.llm.prompts import Prompt, PromptFormat, PromptRequest
from coderag_app.llm.vocabulary import room_for_prompt, token_counter
from coderag_app.question.mentions import Mentions
from coderag_app.settings import AppConfig
from coderag_app.sql.checks import coverage, dropped_names, findings, left_out, not_held
from coderag_app.sql.extraction import NoSQLError
from coderag_app.sql.guard import CheckedSQL
from coderag_app.sql.repairs import EARLY, RepairContext, repaired
from coderag_app.sql.word_values import word_as_value
from coderag_app.types import Attempt, QueryResult
from coderag_app.vote.candidates import Candidate, Result, Vote
from coderag_app.vote.question_run import QuestionRun, StreamEvent, checked_sql, executed_sql
from coderag_app.vote.reuse import reusable

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from coderag_app.database import Database
    from coderag_app.schema.tables import Schema

REFUSALS = (NoSQLError, SQLRejectedError, DatabaseError)

Rank = Callable[[Sequence[str]], Sequence[float]]
Value = TypeVar("Value")


@dataclass(frozen=True)
class SecondModel:
    """Another model, which is asked once for each question.

    Attributes:
        llm: The model.
        prompt_format: How it is asked.
        context_window_tokens: Tokens that a prompt and its reply may take together.
        may_win: Whether its reply may win against the first model's: the weights were fitted on these two. Otherwise it
            counts where the first has no answer, and for the confidence.
    """

    llm: LLM
    prompt_format: PromptFormat
    context_window_tokens: int
    may_win: bool = False

    def prompt(self, request: PromptRequest) -> Prompt:
        """What it is asked instead of the first model.

        It has one reply, so names are held to the schema from the start.

        Raises:
            CodeRAGError: The question is too long for it.
        """
        room = room_for_prompt(self.llm, self.context_window_tokens, self.prompt_format.reply_tokens)
        held = "never" if request.constrain == "never" else "always"
        own = replace(request, budget_tokens=room, count_tokens=token_counter(self.llm), constrain=held)
        return self.prompt_format.build(own)


@dataclass
class Decoding:
    """Decodes one question: writes candidates, judges them and lets them vote.

    Attributes:
        run: The question.
        request: What goes into the prompt, without failed attempts.
        schema: What SQL is checked against.
        database: Where candidates run; None if they are only checked.
        samples: How many further candidates may be written.
        rank: Scores SQL by how well it fits the question; None without an encoder.
        second: The model that gives a second opinion; None without one.
    """

    run: QuestionRun
    request: PromptRequest
    llm: LLM
    prompt_format: PromptFormat
    config: AppConfig
    schema: Schema | None
    database: Database | None
    samples: int
    rank: Rank | None = None
    second: SecondModel | None = None
    _started: float = field(default_factory=time.perf_counter)
    _mentions: Mentions = Mentions()  # of the last prompt

    def most_likely(self) -> Generator[StreamEvent, None, Candidate]:
        """Write the most likely reply, retrying refused ones; returns the first accepted candidate, or the last."""
        candidate = Candidate("", "", error="no attempt was made")
        for _ in range(1 + self.config.max_repairs):
            self.run.attempts.append(Attempt(reply="", sql="", error=""))
            candidate = yield from self._attempt()
            self.run.attempts[-1] = Attempt(candidate.reply, candidate.sql, candidate.error)
            if candidate.accepted:
                break
        return candidate

    def vote(self, first: Candidate) -> Generator[StreamEvent, None, list[Result]]:
        """Let the results of further candidates vote with the first one's; returns the results, the chosen one first.

        The model writes candidates until enough agree or time is up (an unfinished one is dropped). If it may write
        more than one, or its only reply was refused, retrieved queries are candidates too.
        """
        vote = Vote(second_may_win=self.second is not None and self.second.may_win)
        vote.add(first)
        yield from self._sampled(vote)
        yield from self._seconded(vote)
        if (self.samples or not first.accepted) and self.config.reuse_examples and self._ranks:
            yield self.run.event("vote")
            with self.run.timed("vote"):
                for candidate in self._retrieved():
                    vote.add(candidate)
        return self._ranked(vote)

    def _sampled(self, vote: Vote) -> Generator[StreamEvent, None, None]:
        """Sample further replies and add them to the vote."""
        samples, seen = self.samples, dict[tuple[str, str], Candidate]()
        for number in range(1, samples + 1):
            if vote.decided(samples - number + 1) or self._time_is_up():
                break
            try:
                prompt = self.prompt_format.build(self._variant(number))
            except NoSQLError:  # the first candidate failed for the same reason and reports it
                break
            sampled = replace(prompt, temperature=self.config.sample_temperature, seed=number)
            candidate = yield from self._sample(sampled, f"{number}/{samples}", seen, self.llm)
            if candidate is None:
                break
            vote.add(candidate)

    def _seconded(self, vote: Vote) -> Generator[StreamEvent, None, None]:
        """Ask the second model for its most likely reply: two models seldom make the same mistake."""
        if self.second is None or self._time_is_up():
            return
        try:
            prompt = self.second.prompt(self._request())
        except CodeRAGError:  # the question may be too long for this model alone
            return
        candidate = yield from self._sample(prompt, "second opinion", {}, self.second.llm)
        if candidate is not None:
            vote.add(replace(candidate, second=True))

    def _variant(self, number: int) -> PromptRequest:
        """Vary the request for a further candidate; every other one sees no examples, so that one can't mislead all."""
        examples = () if number % 2 and self.request.schema is not None else self.request.examples
        return self._request(variant=number, examples=examples)

    def _request(self, **changes: Any) -> PromptRequest:
        """The request with some changes; which repairs are left out is a setting, not part of the question."""
        return replace(self.request, without_repairs=frozenset(self.config.without_repairs), **changes)

    def _retrieved(self) -> Iterator[Candidate]:
        """Run the retrieved queries that fit the schema and whose literals are in the question."""
        if self.schema is None:
            return
        for found in reusable(self.request.question, self.request.examples, self.schema, self.request.dialect):
            try:
                result = self._rows(found.sql)
            except DatabaseError:
                continue
            yield self._weighed(Candidate(found.sql, found.sql, result, reused=True), found.tree)

    def _ranked(self, vote: Vote) -> list[Result]:
        written = sorted({candidate.sql for group in vote.groups for candidate in group if candidate.sql})
        if self.rank is None or not self._ranks or not self.samples and len(written) < 2:
            return vote.results()
        with self.run.timed("vote"):
            return vote.results(dict(zip(written, self.rank(written), strict=True)))

    def _attempt(self) -> Generator[StreamEvent, None, Candidate]:
        """Write one reply, with its pieces as events."""
        try:
            prompt = self.prompt_format.build(self._request(failed=tuple(self.run.attempts[:-1])))
        except NoSQLError as error:
            return Candidate("", "", error=str(error))
        with self.run.timed("generate"), closing(stream_reply(self.llm, prompt, self._reply_tokens)) as pieces:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    reply: Reply = end.value
                    break
                yield self.run.event("generate", piece)
        return (yield from self._judged(prompt, reply))

    def _sample(
        self, prompt: Prompt, label: str, seen: dict[tuple[str, str], Candidate], llm: LLM
    ) -> Generator[StreamEvent, None, Candidate | None]:
        """Let a model write one further candidate; None if time was up before it was complete."""
        with self.run.timed("vote"), closing(stream_reply(llm, prompt, self._reply_tokens)) as pieces:
            while True:
                try:
                    next(pieces)
                except StopIteration as end:
                    reply: Reply = end.value
                    break
                if self._time_is_up():
                    return None
                yield self.run.event("vote", label)
        key = (prompt.text, reply.text)  # the same reply can mean different SQL under different prompts
        if key not in seen:
            seen[key] = returned(self._judged(prompt, reply))
        return seen[key]

    def _judged(self, prompt: Prompt, reply: Reply) -> Generator[StreamEvent, None, Candidate]:
        """Parse, check and run a reply."""
        self._mentions = prompt.mentions
        candidate = Candidate(reply.text, "", log_probability=reply.log_probability)
        try:
            candidate = replace(candidate, sql=self._read_sql(prompt, reply))
            if not candidate.sql:
                return candidate
            yield self.run.event("check", candidate.sql)
            with self.run.timed("check"):
                checked = checked_sql(candidate.sql, self.schema, self.request.dialect)
                self._refuse_words(checked)
                better = self._repaired(checked, EARLY if prompt.is_repaired else frozenset())
            yield self.run.event("execute", better.sql)
            with self.run.timed("execute"):
                ran, result = self._first_that_runs({each.sql: each for each in (better, checked)}.values())
            return self._weighed(replace(candidate, sql=ran.sql, result=result), ran.tree)
        except REFUSALS as error:
            return replace(candidate, error=str(error))

    def _refuse_words(self, checked: CheckedSQL) -> None:
        """Refuse a comparison with a word that only carries the sentence."""
        said = word_as_value(checked.tree, self.request.question, self.request.values, self.request.dialect)
        if said:
            raise SQLRejectedError(said)

    def _read_sql(self, prompt: Prompt, reply: Reply) -> str:
        """Read the SQL out of a reply, and report the reply to LlamaIndex's handlers."""
        sql = ""
        try:
            sql = prompt.read_sql(reply.text)
        finally:
            dispatcher.event(
                SQLGeneratedEvent(
                    question=self.run.question.text,
                    reply=reply.text,
                    sql=sql,
                    temperature=prompt.temperature,
                    log_probability=reply.log_probability,
                )
            )
        return sql

    def _repaired(self, checked: CheckedSQL, done: frozenset[str]) -> CheckedSQL:
        """Checked SQL with the repairs that it did not have yet; as it is where the repaired SQL would be refused."""
        if self._context is None:
            return checked
        better = repaired(checked.tree, self._context, done.union(self.config.without_repairs))
        if better == checked.tree:
            return checked
        try:
            return checked_sql(better.sql(dialect=self.request.dialect), self.schema, self.request.dialect)
        except SQLRejectedError:
            return checked

    def _first_that_runs(self, queries: Iterable[CheckedSQL]) -> tuple[CheckedSQL, QueryResult | None]:
        """The first query that the database takes, with its rows: a repair must not cost the answer."""
        *others, last = queries
        for query in others:
            try:
                return query, self._rows(query.sql)
            except DatabaseError:
                continue
        return last, self._rows(last.sql)

    def _rows(self, sql: str) -> QueryResult | None:
        return executed_sql(sql, self.database) if self.database is not None else None

    def _weighed(self, candidate: Candidate, tree: exp.Expr) -> Candidate:
        """Record what of the question the candidate's SQL leaves out, and what speaks against it."""
        joins = max(len(list(tree.find_all(exp.Table))) - 1, 0)
        candidate = replace(candidate, left_out=left_out(tree, self._mentions), joins=joins)
        if self._context is None:
            return candidate
        found = findings(tree, self._context)
        senseless = "; ".join(finding.text for finding in found if finding.refuses)
        error = f"The SQL makes no sense: {senseless}" if senseless else ""
        used = coverage(tree, self._context)
        dropped, lacking = (say(used.unused, self._context) for say in (dropped_names, not_held))
        return replace(candidate, coverage=used, findings=found, dropped=dropped, lacking=lacking, error=error)

    @cached_property
    def _context(self) -> RepairContext | None:
        """What repairs and checks read beside the query; None without a schema."""
        if self.schema is None:
            return None
        return RepairContext.of_question(self.request.question, self.schema, self.request.values)

    def _time_is_up(self) -> bool:
        budget_s = self.config.decode_budget_ms / 1000
        return bool(budget_s) and time.perf_counter() - self._started >= budget_s

    @property
    def _ranks(self) -> bool:
        return self.rank is not None and self.config.rank_candidates

    @property
    def _reply_tokens(self) -> int:
        return min(self.config.max_new_tokens, self.prompt_format.reply_tokens)


def returned(steps: Generator[StreamEvent, None, Value]) -> Value:
    """Exhaust a generator and return its value, dropping its events."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
