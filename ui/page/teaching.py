"""Correcting and confirming: edit the SQL and run it, thumbs up and down, and the list of verified queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.errors import CodeRAGError
from ui.page.answer_words import plain_label
from ui.page.plain_text import draw_error, draw_sql

if TYPE_CHECKING:
    from coderag_app.examples import VerifiedExample, VerifiedExamples
    from ui.page.session import PageSession

_UP = 1


def draw_thumbs(session: PageSession, position: int, key: str) -> None:
    """Thumbs up keeps the pair; thumbs down opens the SQL to correct it."""
    if session.opened is None or session.opened.engine.verified is None:
        return

    def judge() -> None:
        session.judging = position

    verdict = st.feedback("thumbs", key=f"{key}-thumbs", on_change=judge)
    if session.judging != position:
        return
    session.judging = None
    if verdict == _UP:
        with st.spinner("Keeping it…"):
            kept = session.teach(position)
        if kept:
            st.toast("Kept as a verified query.", icon=":material/verified:")
    else:
        session.forget(position)
        if verdict is not None:
            session.editing, session.edit_error = position, ""
    st.rerun()


def draw_edit_button(session: PageSession, position: int, key: str, label: str = "Edit SQL") -> None:
    """Opens the SQL for editing."""

    def open_box() -> None:
        session.editing, session.edit_error = position, ""

    if session.editing != position and session.can_ask and session.opened and session.opened.engine.database:
        st.button(label, icon=":material/edit:", key=f"{key}-edit", on_click=open_box, type="tertiary")


def draw_edit_box(session: PageSession, position: int, sql: str, key: str) -> None:
    """SQL to change and run; a corrected one can be kept as the verified answer of the question."""
    with st.form(f"{key}-form", border=True):
        edited = st.text_area("SQL", sql, key=f"{key}-sql", height="content")
        st.caption("It goes through the same checks and runs read-only. Ctrl+Enter runs it.")
        with st.container(horizontal=True, gap="small"):
            run = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:", key=f"{key}-run")
            keep = st.form_submit_button("Run and keep as verified", icon=":material/verified:", key=f"{key}-keep")
            cancel = st.form_submit_button("Cancel", type="tertiary", key=f"{key}-cancel")
    if session.edit_error:
        draw_error("This SQL was not run.", session.edit_error)
    if cancel:
        session.editing, session.edit_error = None, ""
        st.rerun()
    if run or keep:
        with st.spinner("Running SQL…"):
            done = session.run_edited(position, edited)
        if done and keep:
            session.teach(len(session.chat.turns) - 1)
        st.rerun()


# --- the list ---


def draw_taught(session: PageSession) -> None:
    """All verified queries of the open database."""
    st.subheader("Verified queries", anchor=False)
    verified = session.opened.engine.verified if session.opened is not None else None
    if verified is None:
        st.info("Open a database first: verified queries belong to one.", icon=":material/info:")
        return
    try:
        pairs, stale = verified.store.all(), {pair.verified_id for pair in verified.stale()}
    except CodeRAGError as error:
        draw_error("The file of verified queries cannot be read.", str(error))
        return
    st.write(
        "Questions with SQL that you confirmed. A similar question starts from them, and one that differs only in a "
        "name, number or date reuses their SQL."
    )
    if not pairs:
        st.info(
            "There are none yet: give an answer a thumbs up, or correct its SQL and keep it.", icon=":material/info:"
        )
    for pair in pairs:
        _draw_pair(verified, pair, pair.verified_id in stale)
    _draw_new_pair(verified)
    st.caption("They are kept in a text file that you can read, edit and put under version control:")
    st.code(str(verified.store.path), language=None, wrap_lines=True)


def _draw_pair(verified: VerifiedExamples, pair: VerifiedExample, stale: bool) -> None:
    icon = ":material/warning:" if stale else ":material/verified:"
    with st.expander(plain_label(pair.question), icon=icon, key=f"pair-{pair.verified_id}"):
        if stale:
            st.warning("The schema changed: a table or column that this uses is gone or different. It is not used "
                       "until you correct it.", icon=":material/warning:")  # fmt: skip
        draw_sql(pair.sql)
        st.caption(f"Added {pair.added:%d %B %Y}")
        with st.form(f"form-{pair.verified_id}", border=False):
            question = st.text_input("Question", pair.question, key=f"question-{pair.verified_id}")
            sql = st.text_area("SQL", pair.sql, key=f"sql-{pair.verified_id}", height="content")
            with st.container(horizontal=True, gap="small"):
                save = st.form_submit_button("Save", icon=":material/save:", key=f"save-{pair.verified_id}")
                delete = st.form_submit_button("Delete", icon=":material/delete:", key=f"delete-{pair.verified_id}")
        if save:
            _change(lambda: verified.correct(pair.verified_id, question, sql))
        if delete:
            _change(lambda: verified.forget(pair.verified_id))


def _draw_new_pair(verified: VerifiedExamples) -> None:
    with (
        st.expander("Add one", icon=":material/add:", key="pair-new"),
        st.form("form-new", border=False, clear_on_submit=False),
    ):
        question = st.text_input("Question", key="question-new")
        sql = st.text_area("SQL", key="sql-new", height="content")
        if st.form_submit_button("Add", icon=":material/add:", key="add-new"):
            _change(lambda: verified.teach(question, sql))


def _change(change: object) -> None:
    """Change the list and draw it again, or say why not."""
    try:
        change()  # type: ignore[operator]
    except CodeRAGError as error:
        draw_error("This was not saved.", str(error))
        return
    st.rerun()
