"""An answer as one JSON document: what `coderag ask --json` prints. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from coderag_app.answers.clarification import Clarification
from coderag_app.text.cell_text import json_text, json_value
from coderag_app.text.secrets_in_text import without_passwords
from coderag_app.types import RetrievedExample, SQLAnswer


def answer_document(answer: SQLAnswer) -> dict[str, Any]:
    """Convert an answer to JSON values; rows are lists in the order of ``columns``, whose names may repeat."""
    return {
        "question": answer.question,
        "status": answer.status.value,
        "sql": answer.sql,
        "columns": list(answer.columns),
        "rows": [[json_value(value) for value in row] for row in answer.rows],
        "truncated": answer.truncated,
        "executed": answer.executed,
        "error": without_passwords(answer.error),
        "sources": [_source_document(source) for source in answer.sources],
        "attempts": [{"reply": a.reply, "sql": a.sql, "error": without_passwords(a.error)} for a in answer.attempts],
        "timings_s": {step: round(seconds, 6) for step, seconds in answer.timings_s.items()},
        "confidence": asdict(answer.confidence) if answer.confidence is not None else None,
        "alternatives": [asdict(alternative) for alternative in answer.alternatives],
        "doubts": list(answer.doubts),
        "database": answer.database,
        "model": answer.model,
        "encoder": answer.encoder,
    }


def _source_document(source: RetrievedExample) -> dict[str, Any]:
    example = source.example
    return {
        "similarity": round(source.similarity, 6),
        "question": example.question,
        "sql": example.sql,
        "db_id": example.db_id,
        "origin": example.origin.value,
        "source": example.source,
        "example_id": example.example_id,
        "context": example.context,
    }


def answer_line(
    answer: SQLAnswer, ascii_only: bool = False, note: str = "", unclear: Clarification | None = None
) -> str:
    """Write the document on a single line (JSONL), without the line break.

    A follow-up's note is an additional key, and so is ``clarification`` if the question is unclear.
    """
    document = answer_document(answer) | ({"note": note} if note else {})
    if unclear is not None:
        document["clarification"] = asdict(unclear)
    return json_text(document, ascii_only)
