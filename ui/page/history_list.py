"""The list of conversations, and what can be done with one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.errors import CodeRAGError
from ui.page.answer_words import plain_label
from ui.page.plain_text import draw_error, shown_text
from ui.page.shared_engines import history_store
from ui.page.views import ASK, show_view

if TYPE_CHECKING:
    from coderag_app.chat.history import ConversationSummary
    from ui.page.session import PageSession

_SHOWN = 25


def draw_history(session: PageSession) -> None:
    """The conversations in the sidebar, the latest first."""
    search = st.text_input(
        "Search conversations", key="history-search", placeholder="Search conversations", label_visibility="collapsed",
        icon=":material/search:",
    )  # fmt: skip
    try:
        found = history_store().conversations(search.strip())
    except (CodeRAGError, OSError) as error:
        draw_error("The history cannot be read.", str(error))
        return
    if not found:
        st.caption("No conversation matches." if search.strip() else "Your conversations will be listed here.")
    with st.container(gap="xxsmall"):
        for each in found[:_SHOWN]:
            _draw_line(session, each)
    if len(found) > _SHOWN:
        st.caption(f"{len(found) - _SHOWN} older ones: search to find them.")


def _draw_line(session: PageSession, each: ConversationSummary) -> None:
    current = each.id == session.chat.conversation_id
    st.button(
        plain_label(shown_text(each.title)) or "Untitled", key=f"open-{each.id}", on_click=_open,
        args=(session, each.id), width="stretch", type="secondary" if current else "tertiary", wrap=False,
        icon=":material/chat_bubble:" if current else None,
    )  # fmt: skip


def _open(session: PageSession, conversation_id: str) -> None:
    show_view(ASK)
    try:
        session.resume(conversation_id)
    except CodeRAGError as error:
        st.toast(f"It could not be opened: {plain_label(shown_text(str(error)))}", icon=":material/error:")


def draw_conversation_menu(session: PageSession) -> None:
    """Rename, export or delete the conversation that is shown."""
    chat = session.chat
    if chat.conversation_id is None:
        return
    with st.popover("Conversation", icon=":material/more_horiz:", key="conversation-menu", type="tertiary"):
        title = st.text_input("Title", chat.title, key=f"title-{chat.conversation_id}", max_chars=200)
        st.button(
            "Rename", icon=":material/edit:", key="rename", on_click=_rename, args=(session, title), width="stretch"
        )
        for label, suffix, mime, form in (
            ("Markdown", "md", "text/markdown", "to_markdown"),
            ("Jupyter notebook", "ipynb", "application/x-ipynb+json", "to_notebook"),
        ):
            st.download_button(
                label, partial(_export, chat.conversation_id, form), file_name=f"conversation.{suffix}", mime=mime,
                icon=":material/download:", on_click="ignore", key=f"export-{suffix}", width="stretch",
            )  # fmt: skip
        st.button("Delete", icon=":material/delete:", key="delete", on_click=_delete, args=(session,), width="stretch")


def _rename(session: PageSession, title: str) -> None:
    if title.strip():
        session.rename(title.strip())


def _delete(session: PageSession) -> None:
    session.delete()


def _export(conversation_id: str, form: str) -> str:
    from coderag_app.chat import history_export

    write = {"to_markdown": history_export.to_markdown, "to_notebook": history_export.to_notebook}[form]
    return write(history_store().load(conversation_id))
