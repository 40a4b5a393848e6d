"""An answer on the page.

Cells, column names, SQL, replies and errors are untrusted: they go into code blocks, plain text and data frames alone,
none of which reads markdown or HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coderag_app.cell_text import cell_text, visible_text
from coderag_app.step_labels import STEP_LABELS, duration_text
from coderag_app.types import AnswerStatus, RetrievedExample, SQLAnswer
from ui.chat_state import Turn, headline, summary

_MAX_CELL_CHARS = 2_000
_MAX_EXACT_INTEGER = 2**53  # browsers keep numbers as doubles
_LINE_BREAKS = "\n\t"


def draw_turn(turn: Turn) -> None:
    """A question with its answer or error."""
    draw_question(turn.question)
    with answer_bubble():
        if turn.answer is not None:
            draw_answer(turn.answer)
        else:
            draw_error("The question could not be asked.", turn.error)


def draw_question(question: str) -> None:
    """What was asked, as plain text."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(visible_text(question))


def answer_bubble() -> DeltaGenerator:
    """The container of an answer."""
    return st.chat_message("assistant", avatar=":material/database:")


def draw_error(title: str, message: str) -> None:
    """What went wrong: a title of ours, and the message as plain text."""
    st.error(title, icon=":material/error:")
    st.code(visible_text(message, keep=_LINE_BREAKS), language=None, wrap_lines=True)


def draw_answer(answer: SQLAnswer) -> None:
    """SQL and rows, or what went wrong; then sources, steps and timings."""
    if answer.ok:
        draw_sql(answer.sql)
        if answer.executed:
            _draw_rows(answer)
        else:
            st.info(headline(answer), icon=":material/info:")
    elif answer.status is AnswerStatus.ABSTAINED:
        st.warning(headline(answer), icon=":material/help:")
    else:
        draw_error(headline(answer), answer.error)
        if answer.sql:
            st.caption("Last SQL tried (not accepted):")
            draw_sql(answer.sql)
    st.caption(summary(answer))
    if answer.sources:
        with st.expander(f"Sources ({len(answer.sources)})", icon=":material/library_books:"):
            _draw_sources(answer.sources)
    with st.expander("Steps", icon=":material/timer:"):
        _draw_steps(answer)


def draw_sql(sql: str) -> None:
    """SQL as a code block."""
    st.code(visible_text(sql, keep=_LINE_BREAKS), language="sql", wrap_lines=True)


def _draw_rows(answer: SQLAnswer) -> None:
    if not answer.rows:
        st.info("The query ran and returned no rows.", icon=":material/info:")
        return
    frame = rows_frame(answer.columns, answer.rows)
    st.dataframe(frame, hide_index=True, placeholder="NULL", width="content" if len(answer.columns) <= 4 else "stretch")


def rows_frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Rows as a frame that a browser shows faithfully: unique names, one type a column, NULL left out.

    Numbers stay numbers, so that they sort; integers above 2^53 and everything else become text.
    """
    names = _unique([visible_text(name) for name in columns])
    cells = ([row[position] for row in rows] for position in range(len(names)))
    return pd.DataFrame({name: _series(values) for name, values in zip(names, cells, strict=True)}, columns=names)


def _unique(names: Sequence[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.append(candidate)
    return taken


def _series(values: Sequence[Any]) -> pd.Series:
    present = [value for value in values if value is not None]
    numeric = bool(present) and all(type(value) in (int, float) for value in present)
    exact = all(abs(value) <= _MAX_EXACT_INTEGER for value in present if type(value) is int)
    if numeric and exact:
        whole = all(type(value) is int for value in present)
        return pd.Series(list(values), dtype="Int64" if whole else "Float64")
    return pd.Series([None if value is None else _shown(value) for value in values], dtype="object")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return visible_text(value[:_MAX_CELL_CHARS])
    return str(value) if isinstance(value, int) else cell_text(value, _MAX_CELL_CHARS)


def _draw_sources(sources: Sequence[RetrievedExample]) -> None:
    for source in sources:
        example = source.example
        database = f" · {example.db_id}" if example.db_id else ""
        st.text(visible_text(f"{source.similarity:.3f}{database} · {example.question}"))
        draw_sql(example.sql)


def _draw_steps(answer: SQLAnswer) -> None:
    labels = {**STEP_LABELS, "total": "Total"}
    lines = [f"{duration_text(s):>7}  {labels.get(step, step)}" for step, s in answer.timings_s.items()]
    names = {"Database": answer.database, "Model": answer.model, "Encoder": answer.encoder}
    lines += [f"{label}: {visible_text(name)}" for label, name in names.items() if name]
    st.code("\n".join(lines), language=None, wrap_lines=True)
    for number, attempt in enumerate(answer.attempts, 1):
        st.caption(f"Attempt {number}: what the model wrote")
        st.code(visible_text(attempt.reply, keep=_LINE_BREAKS) or "(nothing)", language=None, wrap_lines=True)
        if attempt.error:
            st.caption("Why it was refused")
            st.code(visible_text(attempt.error, keep=_LINE_BREAKS), language=None, wrap_lines=True)
