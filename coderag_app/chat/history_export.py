"""A conversation as a document: Markdown, or a Jupyter notebook. Pure."""

from __future__ import annotations

import json
from typing import Any

from coderag_app.chat.history import StoredConversation, StoredTurn
from coderag_app.text.cell_text import visible_text
from coderag_app.text.markdown import code_block, markdown_table, plain_markdown
from coderag_app.text.secrets_in_text import without_passwords
from coderag_app.types import AnswerStatus

_MAX_ROWS = 100
_MAX_CELL_CHARS = 200
_SETUP = """\
from coderag_app.database import open_database

DATABASE = {database!r}  # path or URL of the database
database = open_database(DATABASE)  # read-only


def run(sql):
    result = database.execute(sql)
    try:
        import pandas
    except ImportError:
        return result
    return pandas.DataFrame(result.rows, columns=result.columns)"""


def to_markdown(conversation: StoredConversation) -> str:
    """Questions, SQL and rows as Markdown; questions, names and cells are escaped."""
    parts = [f"# {plain_markdown(conversation.title)}", f"Database: {plain_markdown(conversation.database) or 'none'}"]
    for turn in conversation.turns:
        parts += [f"## {plain_markdown(turn.asked)}", *_said(turn)]
        if turn.answer.sql:
            parts.append(code_block(turn.answer.sql, "sql"))
        if turn.answer.executed:
            parts.append(_table(turn))
    return "\n\n".join(parts) + "\n"


def to_notebook(conversation: StoredConversation) -> str:
    """The same as a Jupyter notebook (nbformat 4): a cell of code for each query, with its rows as the output."""
    cells = [
        _markdown_cell("title", f"# {plain_markdown(conversation.title)}"),
        _code_cell("setup", _SETUP.format(database=conversation.database), []),
    ]
    for number, turn in enumerate(conversation.turns, 1):
        asked = [f"## {plain_markdown(turn.asked)}", *_said(turn)]
        cells.append(_markdown_cell(f"question-{number}", "\n\n".join(asked)))
        if not turn.answer.sql:
            continue
        if turn.answer.ok:
            outputs = [_output(turn)] if turn.answer.executed else []
            cells.append(_code_cell(f"query-{number}", f"run({_python_text(turn.answer.sql)})", outputs))
        else:
            cells.append(_markdown_cell(f"query-{number}", code_block(turn.answer.sql, "sql")))
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1) + "\n"


def _said(turn: StoredTurn) -> list[str]:
    """How a follow-up was understood, and why there is no answer."""
    lines = [f"*{plain_markdown(turn.note)}*"] if turn.note else []
    if turn.answer.status in (AnswerStatus.FAILED, AnswerStatus.ABSTAINED):
        lines.append(f"**Not answered:** {plain_markdown(turn.answer.error)}")
    return lines


def _table(turn: StoredTurn) -> str:
    answer = turn.answer
    if not answer.rows:
        return "No rows."
    table = markdown_table(answer.columns, answer.rows[:_MAX_ROWS], _MAX_CELL_CHARS)
    return f"{table}\n\n{note}" if (note := _rows_note(turn)) else table


def _rows_note(turn: StoredTurn) -> str:
    count = len(turn.answer.rows)
    notes = [f"The first {_MAX_ROWS} of {count} rows."] if count > _MAX_ROWS else []
    return " ".join([*notes, "The database holds more rows."] if turn.answer.truncated else notes)


def _markdown_cell(cell_id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": source}


def _code_cell(cell_id: str, source: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": outputs,
        "source": source,
    }


def _output(turn: StoredTurn) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "data": {"text/markdown": _table(turn), "text/plain": f"{len(turn.answer.rows)} rows"},
        "metadata": {},
    }


def _python_text(sql: str) -> str:
    """A Python string of the SQL, over several lines where that is safe."""
    sql = without_passwords(sql)
    plain = (
        visible_text(sql, keep="\n\t") == sql
        and "\n" in sql
        and '"""' not in sql
        and "\\" not in sql
        and not sql.endswith('"')
    )
    return f'"""{sql}"""' if plain else repr(sql)
