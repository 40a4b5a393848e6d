"""An answer on the page: result, how sure it is, SQL to edit, what to do with it, and how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.answers.step_labels import STEP_LABELS, duration_text
from coderag_app.sql.lines import clause_lines
from coderag_app.text.cell_text import visible_text
from coderag_app.types import AnswerStatus
from ui.page.answer_words import headline, plain_label, source_label, summary, sureness
from ui.page.meaning_buttons import draw_clarification
from ui.page.plain_text import draw_error, draw_lines, draw_sql, draw_text
from ui.page.result_table import draw_downloads, draw_result
from ui.page.teaching import draw_edit_box, draw_edit_button, draw_thumbs

if TYPE_CHECKING:
    from coderag_app.types import SQLAnswer
    from ui.page.chat_state import Turn
    from ui.page.session import PageSession


def draw_answer(session: PageSession, position: int, turn: Turn, answer: SQLAnswer) -> None:
    """Everything about an answer."""
    key = session.turn_key(position)
    if turn.note:
        draw_text(turn.note)
    if not answer.ok and answer.error == turn.note:  # an answer in words alone
        return
    is_last = position == len(session.chat.turns) - 1 and session.live is None
    if not answer.ok:
        _draw_no_answer(session, position, answer, key)
        if is_last:
            draw_clarification(session, answer, key)
    else:
        _draw_badges(answer)
        if is_last:
            draw_clarification(session, answer, key)
        if answer.executed:
            draw_result(answer, key, session.opened.schema if session.opened is not None else None)
            for doubt in answer.doubts:
                st.caption(f":material/help: {plain_label(visible_text(doubt))}")
        else:
            st.info(headline(answer), icon=":material/info:")
        _draw_sql_part(session, position, answer, key)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            draw_thumbs(session, position, key)
            draw_edit_button(session, position, key)
            if answer.rows:
                draw_downloads(answer, key)
        if turn.notice:
            draw_error("This could not be kept as a verified query.", turn.notice)
        elif turn.verified_id:
            st.caption(":material/verified: Kept as a verified query: the next similar question starts from it.")
    _draw_origins(answer)


def draw_short_answer(answer: SQLAnswer) -> None:
    """SQL and one line, for turns further up."""
    if answer.ok:
        draw_sql(answer.sql)
    st.caption(summary(answer) if answer.ok else headline(answer))


def _draw_badges(answer: SQLAnswer) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if any(_is_taught(source) for source in answer.sources):
            st.badge("from your verified query", icon=":material/verified:", color="blue")
        if answer.confidence is not None:
            label, color = sureness(answer.confidence)
            st.badge(label, color=color)  # type: ignore[arg-type]
        if line := summary(answer):
            st.caption(line, width="content")


def _draw_no_answer(session: PageSession, position: int, answer: SQLAnswer, key: str) -> None:
    if answer.is_reply:
        draw_text(answer.error)
        return
    if answer.status is AnswerStatus.ABSTAINED:
        st.warning(headline(answer), icon=":material/help:")
        _draw_suggestions(session, answer)
    else:
        draw_error(headline(answer), answer.error)
    if session.editing == position:
        draw_edit_box(session, position, answer.sql, key)
    elif answer.sql:
        st.caption("The query:" if answer.offers_sql else "The last SQL that was tried; it was not accepted:")
        draw_sql(answer.sql)
    if session.editing != position:
        draw_edit_button(session, position, key, "Edit this SQL" if answer.sql else "Write the SQL yourself")
    if line := summary(answer):
        st.caption(line)


def _draw_suggestions(session: PageSession, answer: SQLAnswer) -> None:
    """What would help: the meanings that candidates saw, or what the database does hold."""
    readings = [each for each in answer.alternatives if each.sql][:3]
    if len(readings) > 1:
        st.write("Did you mean one of these? Ask again in the words of the one you mean.")
        for reading in readings:
            draw_sql(reading.sql)
    elif session.opened is not None and session.opened.schema is not None:
        tables = [table.name for table in session.opened.schema.tables]
        more = f" and {len(tables) - 12} more" if len(tables) > 12 else ""
        draw_text(
            f"It knows about: {', '.join(tables[:12])}{more}. Try to name one of these, or what its columns hold."
        )


def _draw_sql_part(session: PageSession, position: int, answer: SQLAnswer, key: str) -> None:
    dialect = session.opened.dialect if session.opened is not None else "sqlite"
    sql = clause_lines(answer.sql, dialect)
    if session.editing == position:
        draw_edit_box(session, position, sql, key)
        return
    draw_sql(sql)
    if account := _explanation(answer.sql, dialect):
        draw_text(account)


@st.cache_data(max_entries=500, show_spinner=False)
def _explanation(sql: str, dialect: str) -> str:
    from coderag_app.sql.explanation import explain_sql

    return explain_sql(sql, dialect)


def _draw_origins(answer: SQLAnswer) -> None:
    if answer.sources:
        with st.expander(f"Sources ({len(answer.sources)})", icon=":material/library_books:", type="compact"):
            _draw_sources(answer)
    with st.expander("How it came about", icon=":material/timer:", type="compact"):
        _draw_steps(answer)


def _is_taught(source: object) -> bool:
    from coderag_app.examples import from_verified

    return from_verified(source)  # type: ignore[arg-type]


def _draw_sources(answer: SQLAnswer) -> None:
    for source in answer.sources:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            taught = _is_taught(source)
            st.badge(source_label(source, taught), color="blue" if taught else "gray")
            database = f" · {source.example.db_id}" if source.example.db_id else ""
            st.text(visible_text(f"similarity {source.similarity:.2f}{database}"))
        draw_text(source.example.question)
        draw_sql(source.example.sql)


def _draw_steps(answer: SQLAnswer) -> None:
    if answer.confidence is not None and answer.confidence.reasons:
        draw_text("How sure: " + "; ".join(answer.confidence.reasons) + ".")
    labels = {**STEP_LABELS, "total": "Total"}
    lines = [f"{duration_text(s):>7}  {labels.get(step, step)}" for step, s in answer.timings_s.items()]
    names = {"Database": answer.database, "Model": answer.model, "Encoder": answer.encoder}
    lines += [f"{label}: {name}" for label, name in names.items() if name]
    draw_lines("\n".join(lines))
    for number, attempt in enumerate(answer.attempts, 1):
        if attempt.reply:
            st.caption(f"Attempt {number}: what the model wrote")
            draw_lines(attempt.reply)
        if attempt.error:
            st.caption("Why it was refused")
            draw_lines(attempt.error)
