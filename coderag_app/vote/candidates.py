"""The vote among candidates. Queries that return the same rows agree, however they are written. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from coderag_app.sql.checks import Coverage, Finding, LeftOut
from coderag_app.types import Alternative, QueryResult
from coderag_app.vote.evidence import Evidence, merit
from coderag_app.vote.same_rows import comparable_rows, same_multiset

_AGREEING = 3  # the vote ends early when this many candidates all agree


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reply after it was parsed, checked and run.

    Attributes:
        reply: What the model wrote.
        sql: The SQL in the reply; empty if it holds none, or if the model says that there is no answer.
        result: Its rows; None if it was not run.
        error: Why it was refused or failed; empty if it was accepted.
        log_probability: Mean over the reply's tokens; None if the runtime doesn't report it.
        reused: Whether it is a retrieved example's SQL that no model wrote for this question.
        second: Whether it is the second model's opinion.
        left_out: How many names and values of the question the SQL leaves out.
        coverage: How much of the question's words it uses.
        findings: What the checks say against it.
        dropped: The proper names of the question that it drops and the database doesn't store, in words.
        lacking: What else of the question it drops and the database knows nothing of, in words.
    """

    reply: str
    sql: str
    result: QueryResult | None = None
    error: str = ""
    log_probability: float | None = None
    reused: bool = False
    second: bool = False
    left_out: LeftOut = LeftOut()
    coverage: Coverage = Coverage()
    findings: tuple[Finding, ...] = ()
    dropped: str = ""
    lacking: str = ""
    joins: int = 0

    def count(self, check: str) -> int:
        """How many findings of a check speak against it."""
        return sum(finding.check == check for finding in self.findings)

    @property
    def accepted(self) -> bool:
        """Whether it passed every check; an accepted candidate without SQL says that the schema has no answer."""
        return not self.error

    def agrees_with(self, other: Candidate) -> bool:
        """Whether both are accepted and return the same multiset of rows, with columns in any order."""
        if not (self.accepted and other.accepted):
            return False
        if self.sql == other.sql:
            return True
        if self.result is None or other.result is None:
            return False
        return _same_rows(self.result, other.result)


def _same_rows(first: QueryResult, second: QueryResult) -> bool:
    if (len(first.columns), len(first.rows), first.truncated) != (
        len(second.columns),
        len(second.rows),
        second.truncated,
    ):
        return False
    return same_multiset(*comparable_rows(first.rows, second.rows))


@dataclass(frozen=True, slots=True)
class Result:
    """Candidates that returned the same rows, in order of arrival, with the evidence for them."""

    candidates: tuple[Candidate, ...]
    evidence: Evidence

    @property
    def chosen(self) -> Candidate:
        """The candidate that represents the result: the first that ignores least of the question.

        Equal rows today don't make equal queries: one without a WHERE may return other rows tomorrow.
        """
        return min(self.candidates, key=lambda one: (one.left_out.values, one.left_out.names, len(one.findings)))

    @property
    def votes(self) -> int:
        """Number of candidates that the model wrote; others are evidence without a vote."""
        return _votes(self.candidates)

    @property
    def standing(self) -> int:
        """Its votes less the doubts about the query that is shown for it."""
        return self.votes - len(self.chosen.findings)

    @property
    def log_probability(self) -> float | None:
        """Mean over the tokens of the likeliest reply; None if unknown."""
        return _likeliest(self.candidates)


@dataclass
class Vote:
    """Candidates grouped by result, in the order they were written."""

    groups: list[list[Candidate]] = field(default_factory=list)
    refused: int = 0
    seconded: bool = False  # whether a second model was asked
    second_may_win: bool = False  # against what the first one wrote: the weights know how good this pair is

    def add(self, candidate: Candidate) -> None:
        """Add a candidate; a refused one counts for no result."""
        self.seconded = self.seconded or candidate.second
        if not candidate.accepted:
            self.refused += not candidate.second
            return
        for group in self.groups:
            if candidate.agrees_with(group[0]):
                group.append(candidate)
                return
        self.groups.append([candidate])

    @property
    def size(self) -> int:
        """Number of candidates that the model wrote, including refused ones."""
        return self.refused + sum(map(_votes, self.groups))

    def decided(self, remaining: int) -> bool:
        """Whether the vote can end: the first few agree, or ``remaining`` further votes can't change the leader.

        Args:
            remaining: Candidates still to come.
        """
        counts = sorted(map(_votes, self.groups), reverse=True)
        if not counts:
            return False
        if counts[0] == self.size >= _AGREEING:
            return True
        return len(counts) == 1 and counts[0] > remaining and not self.refused

    def results(self, ranks: Mapping[str, float] | None = None) -> list[Result]:
        """Order the results, the chosen one first.

        Args:
            ranks: A score by SQL: the encoder's cosine to the question. Where given, all evidence is weighed; else the
                most votes win, each doubt costing one, of equals the one with the likeliest reply, then the one that
                came first. With a second opinion all evidence is weighed too.
        """
        results = [Result(tuple(group), self._evidence(group, ranks)) for group in self.groups]
        if ranks is not None or self.seconded:
            return sorted(results, key=lambda result: (self._is_held_back(result), -merit(result.evidence)))
        return sorted(results, key=lambda result: (-result.standing, -(result.evidence.probability or 0.0)))

    def _is_held_back(self, result: Result) -> bool:
        """Whether only a second model wrote a result, of which the weights don't know how good it is."""
        return not self.second_may_win and not result.votes and bool(result.evidence.seconded)

    def _evidence(self, group: Sequence[Candidate], ranks: Mapping[str, float] | None) -> Evidence:
        known = [ranks[candidate.sql] for candidate in group if ranks and candidate.sql in ranks]
        votes, likeliest = _votes(group), _likeliest(group)
        # A retrieved query has no probability from the model, which counts against it; a second opinion is a sign.
        only_retrieved = not votes and not any(candidate.second for candidate in group)
        told = any(_likeliest(group) is not None for group in self.groups)
        unwritten = 0.0 if only_retrieved and told else None
        return Evidence(
            share=votes / self.size if self.size > 1 or not votes else None,
            rank=max(known, default=None),
            probability=math.exp(likeliest) if likeliest is not None else unwritten,
            retrieved=any(candidate.reused for candidate in group),
            seconded=any(candidate.second for candidate in group) if self.seconded else None,
            empty=group[0].result is not None and not group[0].result.rows,
            values_left_out=min(candidate.left_out.values for candidate in group),
            names_left_out=min(candidate.left_out.names for candidate in group),
            misused=min(candidate.count("expressions") for candidate in group),
            beside=min(sum(map(candidate.count, ("echo", "shown", "unasked"))) for candidate in group),
            words_used=max(candidate.coverage.share for candidate in group),
            unused=min(candidate.coverage.missing for candidate in group),
            values_not_stored=min(candidate.count("stored_values") for candidate in group),
            doubts=min(len(candidate.findings) for candidate in group),
            joins=min(candidate.joins for candidate in group),
        )


def alternatives(results: Sequence[Result]) -> tuple[Alternative, ...]:
    """Return the results as values for display."""
    return tuple(Alternative(result.chosen.sql, result.votes, result.log_probability) for result in results)


def _votes(candidates: Iterable[Candidate]) -> int:
    return sum(not (candidate.reused or candidate.second) for candidate in candidates)


def _likeliest(candidates: Iterable[Candidate]) -> float | None:
    """Another model's probabilities can't be compared with these."""
    known = (c.log_probability for c in candidates if c.log_probability is not None and not c.second)
    return max(known, default=None)
