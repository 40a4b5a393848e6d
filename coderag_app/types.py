"""The values that travel between the stages. Frozen, and free of project imports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Origin(StrEnum):
    """Where an example's question-SQL pair comes from; verified examples outrank synthetic ones."""

    VERIFIED = "verified"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class SQLExample:
    """A question with the SQL that answers it and the schema both speak of.

    Attributes:
        question: The question in plain language.
        sql: The SQL that answers it.
        context: The schema as CREATE TABLE statements (DATABASE CONTEXT).
        db_id: Name of the database the pair belongs to; empty when every row has its own.
        origin: Verified by a person (or a published data set), or synthetic.
        source: Where the row was read, e.g. ``train.jsonl:17``; not part of the identity.
    """

    question: str
    sql: str
    context: str
    db_id: str = ""
    origin: Origin = Origin.VERIFIED
    source: str = ""

    @property
    def example_id(self) -> str:
        """Content hash (32 hex digits): equal examples have equal ids, whatever file they came from."""
        content = "\x1f".join((self.db_id, self.context, self.question, self.sql))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class RetrievedExample:
    """An example found for a question, with the cosine similarity (-1 to 1) of their embeddings."""

    example: SQLExample
    similarity: float


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows that a query returned.

    Attributes:
        columns: Column names in order; duplicates are possible.
        rows: At most ``max_rows`` rows.
        truncated: Whether there were more rows, or a cell was cut.
        elapsed_s: Seconds spent in the database.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    elapsed_s: float


class AnswerStatus(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"  # the first SQL passed every check and ran
    REPAIRED = "repaired"  # a later attempt did
    ABSTAINED = "abstained"  # the question cannot be answered from this schema
    FAILED = "failed"  # no attempt passed


@dataclass(frozen=True, slots=True)
class Attempt:
    """One round of generation: what the model wrote and why it was refused.

    Attributes:
        reply: The model's raw reply.
        sql: The SQL read out of it; empty when there was none.
        error: Why it was not accepted; empty when it was.
    """

    reply: str
    sql: str
    error: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """One result that candidates agreed on.

    Attributes:
        sql: Its SQL; empty where they said that the schema has no answer.
        votes: How many candidates returned this result.
        log_probability: Mean over the tokens of the likeliest of them; None where the runtime does not tell.
    """

    sql: str
    votes: int
    log_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure an answer is.

    Attributes:
        score: From 0 to 1; ``coderag_app.vote.confidence`` says how it is made.
        agreement: Share of the candidates that returned the same rows; None without candidates.
        similarity: Similarity of the nearest example shown; None without examples.
        reasons: What speaks for and against the answer, for people to read.
        log_probability: Mean over the tokens of the reply; None where the runtime does not tell.
    """

    score: float
    agreement: float | None
    similarity: float | None
    reasons: tuple[str, ...]
    log_probability: float | None = None


@dataclass(frozen=True, slots=True)
class SQLAnswer:
    """The answer to a question: SQL, its rows, and how they came about.

    ``rows`` are what the database returned, never text a model wrote. With ``status`` failed or abstained
    there are none, ``error`` says why, and ``sql`` holds the last SQL tried (it was not accepted, or is too unsure).

    Attributes:
        executed: Whether the SQL was run; False in corpus-only mode, where it is only checked.
        timings_s: Seconds by step: retrieve, link, generate, check, execute, vote, total.
        model: Name of the LLM; ``encoder``: name of the embedding model.
        confidence: How sure the answer is; None where nothing tells.
        alternatives: The results that candidates voted for, the chosen one first; empty without candidates.
        doubts: What the checks say against the SQL: words of the question that it does not use, values that are not
            stored, senseless expressions. One short sentence each.
    """

    question: str
    sql: str
    status: AnswerStatus
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    truncated: bool = False
    executed: bool = False
    error: str = ""
    sources: tuple[RetrievedExample, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    database: str = ""
    model: str = ""
    encoder: str = ""
    confidence: Confidence | None = None
    alternatives: tuple[Alternative, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def is_reply(self) -> bool:
        """Whether it is a few words, with no query written or tried; they stand in ``error``."""
        return self.status is AnswerStatus.ABSTAINED and bool(self.error) and not (self.sql or self.attempts)

    @property
    def offers_sql(self) -> bool:
        """Whether it is a few words with a query that passed every check: the rows that a command would change."""
        return self.status is AnswerStatus.ABSTAINED and bool(self.sql) and not self.attempts

    @property
    def ok(self) -> bool:
        """Whether there is SQL that passed every check."""
        return self.status in (AnswerStatus.ANSWERED, AnswerStatus.REPAIRED)


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """Which embedding model made the vectors.

    Attributes:
        name: What a person calls it, e.g. ``all-MiniLM-L6-v2``.
        fingerprint: Hash over all that changes its vectors: weights, adapter, pooling, length limit, instructions.
        dimension: Length of one vector.
    """

    name: str
    fingerprint: str
    dimension: int
