"""Untrusted text on the page.

Cells, names, SQL, replies and errors go into code blocks, plain text and data frames alone, none of which reads
Markdown or HTML; where a widget's label must hold them, ``plain_label`` escapes them. Passwords that stand in them are
masked.
"""

from __future__ import annotations

import streamlit as st

from coderag_app.text.cell_text import visible_text
from coderag_app.text.secrets_in_text import without_passwords

LINE_BREAKS = "\n\t"


def shown_text(text: str) -> str:
    """What a person sees of a text: no password, and no character that steers the display."""
    return visible_text(without_passwords(text), keep=LINE_BREAKS)


def draw_sql(sql: str) -> None:
    """SQL as a highlighted code block."""
    st.code(shown_text(sql), language="sql", wrap_lines=True)


def draw_lines(text: str) -> None:
    """Text with its line breaks, in letters of one width."""
    st.code(shown_text(text), language=None, wrap_lines=True)


def draw_text(text: str) -> None:
    """A sentence, as plain text."""
    st.text(shown_text(text))


def draw_error(title: str, message: str) -> None:
    """What went wrong: a title of ours, and the message as plain text."""
    st.error(title, icon=":material/error:")
    draw_lines(message)
