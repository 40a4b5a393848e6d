"""An answer as plain text, for a LlamaIndex Response. Pure."""

from __future__ import annotations

from coderag_app.text.cell_text import cell_text, visible_text
from coderag_app.types import AnswerStatus, SQLAnswer

_MAX_ROWS = 20
_MAX_CELL = 80


def answer_text(answer: SQLAnswer) -> str:
    """Write the rows as a small table, or what went wrong; never a guess at the rows."""
    if answer.status is AnswerStatus.ABSTAINED:
        return f"{answer.error}\n{answer.sql}".rstrip()
    if answer.status is AnswerStatus.FAILED:
        tried = f"\nLast SQL tried (refused):\n{answer.sql}" if answer.sql else ""
        return f"The question was not answered. {answer.error}{tried}"
    if not answer.executed:
        return f"SQL (checked against no live database, not run):\n{answer.sql}"
    if not answer.rows:
        return f"The query returned no rows.\n{answer.sql}"
    lines = [" | ".join(map(visible_text, answer.columns))]
    lines += [" | ".join(cell_text(value, _MAX_CELL) for value in row) for row in answer.rows[:_MAX_ROWS]]
    more = len(answer.rows) - _MAX_ROWS
    if more > 0 or answer.truncated:
        lines.append(f"... {max(more, 0)} more rows{' and further ones not fetched' if answer.truncated else ''}")
    return "\n".join(lines)
