"""One prediction with its score, as one line of JSON with everything that a report needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from coderag_app.files import from_fields, parse_json
from coderag_app.text.cell_text import cell_text
from coderag_app.types import QueryResult, RetrievedExample
from finetune.evaluation.error_classes import ErrorClass

PREVIEW_ROWS = 10
_PREVIEW_COLUMNS = 20


@dataclass(frozen=True, slots=True)
class ResultPreview:
    """The first rows of a result as text, for display.

    Attributes:
        rows: At most ten rows of at most twenty cells.
        total: Number of rows there were.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    total: int = 0

    @classmethod
    def of(cls, result: QueryResult) -> ResultPreview:
        """The preview of a result."""
        rows = tuple(tuple(cell_text(cell) for cell in row[:_PREVIEW_COLUMNS]) for row in result.rows[:PREVIEW_ROWS])
        return cls(tuple(result.columns[:_PREVIEW_COLUMNS]), rows, len(result.rows))


@dataclass(frozen=True, slots=True)
class PredictionSource:
    """An example that was shown for a question."""

    example_id: str
    db_id: str
    question: str
    sql: str
    similarity: float

    @classmethod
    def of(cls, retrieved: RetrievedExample) -> PredictionSource:
        """The record of a retrieved example."""
        example = retrieved.example
        similarity = round(retrieved.similarity, 4)
        return cls(example.example_id, example.db_id, example.question, example.sql, similarity)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One arm's answer to one question, and its score.

    Attributes:
        status: The answer's status, or ``error`` if the engine failed.
        error: Why there is no accepted SQL, or why the accepted SQL could not be scored.
        spider: Right by Spider's test-suite convention; ``bird``: by BIRD's.
        strict: Exact match by letters; ``normalised``: after normalisation.
        valid: Whether there is SQL that passed every check and ran.
        verdict: How the results compare, in Spider's convention; empty if there is nothing to compare.
        latency_s: Seconds from the question to the answer, retrieval included.
        timings_s: Seconds by step, as the engine counts them, and ``choose`` for choosing the examples.
        attempts: Rounds of generation.
        table_recall: Share of the gold's tables that schema linking kept; None if it was not measured.
        retrieval: recall, mrr and ndcg of the examples, if some example has the gold's skeleton; else None.
        confidence: The engine's score from 0 to 1; None if there is no evidence.
        log_probability: Mean over the tokens of the reply; ``agreement``: share of the candidates that agree.
        among_candidates: Whether any result that a candidate voted for is right; None without a vote.
    """

    arm: str
    question_id: str
    db_id: str
    question: str
    gold_sql: str
    predicted_sql: str
    status: str
    error: str
    spider: bool
    bird: bool
    strict: bool
    normalised: bool
    valid: bool
    verdict: str
    error_class: str
    hardness: str
    clauses: tuple[str, ...]
    latency_s: float
    timings_s: dict[str, float]
    attempts: int
    sources: tuple[PredictionSource, ...]
    gold_result: ResultPreview
    predicted_result: ResultPreview
    table_recall: float | None = None
    retrieval: dict[str, float] | None = None
    confidence: float | None = None
    log_probability: float | None = None
    agreement: float | None = None
    among_candidates: bool | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Arm and question."""
        return self.arm, self.question_id

    @property
    def engine_failed(self) -> bool:
        """Whether the engine raised an error; a resumed run repeats such a prediction."""
        return self.error_class == ErrorClass.ENGINE_ERROR

    def right(self, convention: str) -> bool:
        """Whether it counts as right by ``spider`` or ``bird``."""
        return self.spider if convention == "spider" else self.bird

    def to_line(self) -> str:
        """One line of JSON without the line break."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_line(cls, line: str) -> Prediction:
        """Read what ``to_line`` wrote.

        Raises:
            FileRefusedError: The line is not JSON, or not a prediction.
        """
        return from_fields(cls, parse_json(line, "the line"), "the line")
