"""Read an answer back from the JSON that ``answer_json`` writes. Pure."""

from __future__ import annotations

import json
from typing import Any

from coderag_app.errors import HistoryError
from coderag_app.types import (
    Alternative,
    AnswerStatus,
    Attempt,
    Confidence,
    Origin,
    RetrievedExample,
    SQLAnswer,
    SQLExample,
)


def answer_from_line(line: str) -> SQLAnswer:
    """Read an answer from one JSON document; dates and other values that JSON lacks stay text.

    Raises:
        HistoryError: The document is not an answer.
    """
    try:
        return _answer(json.loads(line))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HistoryError(f"A stored answer cannot be read ({type(error).__name__}: {error}).") from error


def _answer(document: dict[str, Any]) -> SQLAnswer:
    return SQLAnswer(
        question=document["question"],
        sql=document["sql"],
        status=AnswerStatus(document["status"]),
        columns=tuple(document["columns"]),
        rows=tuple(tuple(row) for row in document["rows"]),
        truncated=document["truncated"],
        executed=document["executed"],
        error=document["error"],
        sources=tuple(map(_source, document["sources"])),
        attempts=tuple(Attempt(each["reply"], each["sql"], each["error"]) for each in document["attempts"]),
        timings_s=document["timings_s"],
        database=document["database"],
        model=document["model"],
        encoder=document["encoder"],
        confidence=_confidence(document.get("confidence")),
        alternatives=tuple(Alternative(**each) for each in document.get("alternatives", ())),
        doubts=tuple(map(str, document.get("doubts", ()))),
    )


def _confidence(document: dict[str, Any] | None) -> Confidence | None:
    return Confidence(**{**document, "reasons": tuple(document["reasons"])}) if document else None


def _source(document: dict[str, Any]) -> RetrievedExample:
    example = SQLExample(
        question=document["question"],
        sql=document["sql"],
        context=document["context"],
        db_id=document["db_id"],
        origin=Origin(document["origin"]),
        source=document["source"],
    )
    return RetrievedExample(example, document["similarity"])
