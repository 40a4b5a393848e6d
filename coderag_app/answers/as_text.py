"""An answer as a sentence or a small Markdown table: the text of a LlamaIndex Response. Pure."""

from __future__ import annotations

from coderag_app.text.cell_text import cell_text, visible_text
from coderag_app.text.markdown import code_block, markdown_table, plain_markdown
from coderag_app.text.secrets_in_text import without_passwords
from coderag_app.types import AnswerStatus, SQLAnswer

_MAX_ROWS = 20
_MAX_CELL_CHARS = 80


def answer_text(answer: SQLAnswer, note: str = "") -> str:
    """Say the answer in a sentence or a table, or what went wrong; never a guess at the rows.

    Args:
        answer: The answer.
        note: How a follow-up was understood; it comes first.
    """
    parts = [plain_markdown(note, all_markup=False)] if note and not answer.is_reply else []
    return "\n\n".join([*parts, *_said(answer)])


def _said(answer: SQLAnswer) -> list[str]:
    sql = [code_block(answer.sql, "sql")] if answer.sql else []
    error = visible_text(without_passwords(answer.error), keep="\n")
    if answer.status is AnswerStatus.ABSTAINED:
        return [error, *sql]
    if answer.status is AnswerStatus.FAILED:
        return [f"The question was not answered. {error}", *(["The last SQL tried:", *sql] if sql else [])]
    doubts = [plain_markdown(doubt, all_markup=False) for doubt in answer.doubts]
    return [*_found(answer, sql), *doubts]


def _found(answer: SQLAnswer, sql: list[str]) -> list[str]:
    if not answer.executed:
        return ["This SQL passed the checks. There is no database to run it on.", *sql]
    if not answer.rows:
        return ["The query found no rows.", *sql]
    if len(answer.rows) == len(answer.columns) == 1 and not answer.truncated:
        return [f"The answer is {plain_markdown(cell_text(answer.rows[0][0], _MAX_CELL_CHARS), all_markup=False)}."]
    table = markdown_table(answer.columns, answer.rows[:_MAX_ROWS], _MAX_CELL_CHARS, all_markup=False)
    return [table, *_missing_rows(answer)]


def _missing_rows(answer: SQLAnswer) -> list[str]:
    count = len(answer.rows)
    if answer.truncated:
        return [f"The first {min(count, _MAX_ROWS)} rows; the database holds more, or a cell was cut."]
    return [f"The first {_MAX_ROWS} of {count} rows."] if count > _MAX_ROWS else []
