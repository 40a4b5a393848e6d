"""What the page says about an answer, in plain words. Pure, and free of any text of a model or a database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coderag_app.answers.step_labels import duration_text
from coderag_app.text.cell_text import visible_text
from coderag_app.types import AnswerStatus, Origin

if TYPE_CHECKING:
    from coderag_app.types import Confidence, RetrievedExample, SQLAnswer

QUITE_SURE = 0.8
FAIRLY_SURE = 0.5
PREVIOUS_ANSWER = "previous answer"  # what a conversation calls the source of its own last query
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_WORD_JOINER = "\u2060"


def plain_label(text: str) -> str:
    r"""Text for a label that is read as Markdown, so that it shows as it is.

    Every punctuation mark is escaped. A word joiner, which takes no room, keeps ``:name:`` from becoming an emoji and
    ``www.`` or ``https://`` from becoming a link.

    Example:
        >>> plain_label("*x*")
        '\\*x\\*'
    """
    escaped = _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
    for mark in ("\\:", "\\@", "\\."):
        escaped = escaped.replace(mark, f"{_WORD_JOINER}{mark}{_WORD_JOINER}")
    return escaped


def headline(answer: SQLAnswer) -> str:
    """One line on how the question ended where it did not end with rows."""
    if answer.is_reply or answer.offers_sql:
        return visible_text(answer.error)
    if answer.status is AnswerStatus.ABSTAINED:
        if answer.sql:
            return "I am not sure enough to answer this. Below is the closest I came; nothing was shown from it."
        return "I can't answer that: this database does not hold what the question asks for."
    if answer.status is AnswerStatus.FAILED:
        return "The question was not answered: no SQL passed every check."
    if not answer.executed:
        return "The SQL was checked against the retrieved schemas and not run: there is no database."
    return ""


def summary(answer: SQLAnswer) -> str:
    """Rows, attempts and time in one line."""
    parts: list[str] = []
    if answer.executed:
        count = len(answer.rows)
        more = " (cut at the limits)" if answer.truncated else ""
        parts.append(f"{count:,} row{'' if count == 1 else 's'}{more}")
    if answer.status is AnswerStatus.REPAIRED:
        parts.append(f"repaired in attempt {len(answer.attempts)}")
    if "total" in answer.timings_s:
        parts.append(duration_text(answer.timings_s["total"]))
    return " · ".join(parts)


def sureness(confidence: Confidence) -> tuple[str, str]:
    """How sure the answer is, in words and as a colour of Streamlit's badges."""
    percent = f"{100 * confidence.score:.0f}%"
    if confidence.score >= QUITE_SURE:
        return f"Quite sure · {percent}", "green"
    if confidence.score >= FAIRLY_SURE:
        return f"Fairly sure · {percent}", "orange"
    return f"Unsure · {percent} · check the SQL", "red"


def source_label(source: RetrievedExample, taught: bool) -> str:
    """Where a source comes from."""
    if taught:
        return "from your verified query"
    if source.example.source == PREVIOUS_ANSWER:
        return "your previous question"
    return "verified example" if source.example.origin is Origin.VERIFIED else "made from the schema"
