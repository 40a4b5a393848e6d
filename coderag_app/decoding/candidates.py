"""The vote among candidates: SQL that returns the same rows agrees, however it is written. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from coderag_app.decoding.same_rows import comparable_rows, same_multiset
from coderag_app.types import Alternative, QueryResult

# What a candidate's rank (a cosine) and mean probability weigh beside its result's share of the votes.
RANK_WEIGHT = 1.0
PROBABILITY_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reply, read, checked and run.

    Attributes:
        reply: What the model wrote.
        sql: The SQL read out of it; empty where there was none, or where the model says that there is no answer.
        result: Its rows; None where it was not run.
        error: Why it was refused or failed; empty where it was accepted.
        log_probability: Mean over the reply's tokens; None where the runtime does not tell.
        reused: Whether it is a retrieved example's SQL, taken where the model was unsure.
    """

    reply: str
    sql: str
    result: QueryResult | None = None
    error: str = ""
    log_probability: float | None = None
    reused: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it passed every check; an accepted candidate without SQL says that the schema has no answer."""
        return not self.error

    def agrees_with(self, other: Candidate) -> bool:
        """Whether both are accepted and give the same answer: the same multiset of rows, columns in any order."""
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


@dataclass
class Vote:
    """Candidates in the order they were written, grouped by their result.

    The most frequent result wins; of several, the one whose likeliest candidate has the highest mean log-probability,
    then the one that came first, so that the most likely reply wins every other tie.
    """

    groups: list[list[Candidate]] = field(default_factory=list)
    refused: int = 0

    def add(self, candidate: Candidate) -> None:
        """Count a candidate; a refused one counts for no result."""
        if not candidate.accepted:
            self.refused += 1
            return
        for group in self.groups:
            if candidate.agrees_with(group[0]):
                group.append(candidate)
                return
        self.groups.append([candidate])

    @property
    def size(self) -> int:
        """Candidates counted, the refused ones included."""
        return self.refused + sum(map(len, self.groups))

    def decided(self, remaining: int, unanimous: bool = False) -> bool:
        """Whether no ``remaining`` further votes can change which result has the most.

        Args:
            remaining: Candidates still to come.
            unanimous: Ask for agreement of all results so far, since more than the number of votes counts.
        """
        counts = sorted((len(group) for group in self.groups), reverse=True)
        if not counts or (unanimous and len(counts) > 1):
            return False
        return counts[0] - (counts[1] if len(counts) > 1 else 0) > remaining

    def ranked(self, ranks: dict[str, float] | None = None) -> list[list[Candidate]]:
        """The groups, the chosen one first.

        Args:
            ranks: A score by SQL, such as the encoder's cosine to the question. Where given, share of the votes, rank
                and mean probability are added up; else votes decide, and log-probability among equals.
        """
        if ranks is None:
            return sorted(self.groups, key=lambda group: (-len(group), -_likeliest(group)))
        return sorted(self.groups, key=lambda group: -self._merit(group, ranks))

    def _merit(self, group: Sequence[Candidate], ranks: dict[str, float]) -> float:
        rank = max(ranks.get(candidate.sql, 0.0) for candidate in group)
        return len(group) / self.size + RANK_WEIGHT * rank + PROBABILITY_WEIGHT * math.exp(_likeliest(group))

    def agreement(self, group: Sequence[Candidate]) -> float:
        """The group's share of all candidates."""
        return len(group) / self.size


def representative(group: Sequence[Candidate]) -> Candidate:
    """The candidate that stands for its group: the first, which is the most likely reply where that is among them."""
    return group[0]


def alternatives(groups: Sequence[Sequence[Candidate]]) -> tuple[Alternative, ...]:
    """The groups as values for people to read."""
    return tuple(Alternative(representative(group).sql, len(group), _told(_likeliest(group))) for group in groups)


def _likeliest(group: Sequence[Candidate]) -> float:
    """The highest mean log-probability in a group; minus infinity where none is known."""
    return max((c.log_probability for c in group if c.log_probability is not None), default=-math.inf)


def _told(log_probability: float) -> float | None:
    return None if math.isinf(log_probability) else log_probability
