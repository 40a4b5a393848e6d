"""The chat page: `coderag ui` serves it behind its token (`ui/page/serve.py`). Thin: the engine does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.errors import CodeRAGError
from coderag_app.text.cell_text import visible_text
from ui.page.chat_turns import draw_conversation
from ui.page.connect import draw_connect
from ui.page.history_list import draw_conversation_menu, draw_history
from ui.page.plain_text import draw_error
from ui.page.schema_browser import draw_schema
from ui.page.session import current_session
from ui.page.style import draw_style
from ui.page.teaching import draw_taught
from ui.page.views import ASK, CONNECT, DATA, VERIFIED, pick_view, show_view

if TYPE_CHECKING:
    from ui.page.session import PageSession

# Drawn here: Streamlit would fetch an icon given by name from the network.
_ICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%232563eb' "
    "stroke-width='2'><ellipse cx='12' cy='5' rx='8' ry='3'/><path d='M4 5v14c0 1.7 3.6 3 8 3s8-1.3 8-3V5'/>"
    "<path d='M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3'/></svg>"
)
_DRAWN = {ASK: draw_conversation, DATA: draw_schema, VERIFIED: draw_taught, CONNECT: draw_connect}


def draw_sidebar(session: PageSession) -> None:
    """The open database, and the conversations."""
    with st.sidebar:
        st.title("CodeRAG", anchor=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(":material/database:", width="content")
            st.text(visible_text(session.opened.name or "examples only") if session.opened else "nothing open")
        st.button("New chat", key="new-chat", icon=":material/add:", on_click=_begin, args=(session,), width="stretch")
        draw_history(session)


def _begin(session: PageSession) -> None:
    session.begin()
    show_view(ASK)


def main() -> None:
    """Draw the page once; Streamlit calls it at every interaction."""
    st.set_page_config("CodeRAG", page_icon=_ICON, layout="centered")
    draw_style()
    try:
        session = current_session()
    except CodeRAGError as error:
        draw_error("The settings cannot be used.", str(error))
        return
    draw_sidebar(session)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        view = pick_view()
        if view == ASK:
            draw_conversation_menu(session)
    if session.opened is not None and view != CONNECT:
        session.open_error = ""  # what could not be opened is no concern of the other parts
    if session.opened is None and view != CONNECT:
        draw_connect(session)
    else:
        _DRAWN[view](session)


main()
