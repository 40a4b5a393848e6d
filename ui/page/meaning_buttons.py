"""What a question leaves open, with a button for each meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.answers.clarification import clarify
from coderag_app.text.cell_text import visible_text
from ui.page.answer_words import plain_label
from ui.page.plain_text import draw_text

if TYPE_CHECKING:
    from coderag_app.types import SQLAnswer
    from ui.page.session import PageSession


def draw_clarification(session: PageSession, answer: SQLAnswer, key: str) -> None:
    """Ask which of several columns was meant, where the question fits them equally well; a click asks anew."""
    opened = session.opened
    if opened is None or not session.can_ask:
        return
    unclear = clarify(answer, opened.schema, opened.engine.values)
    if unclear is None:
        return
    with st.container(border=True, gap="small"):
        draw_text(unclear.text)
        with st.container(horizontal=True, gap="small"):
            for number, reading in enumerate(unclear.readings):
                st.button(
                    plain_label(visible_text(reading.label)), key=f"{key}-reading-{number}",
                    on_click=session.ask, args=(reading.question,), help=plain_label(visible_text(reading.question)),
                )  # fmt: skip
