"""The chat: its turns, the question that is being answered, and the empty chat."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coderag_app.answers.step_labels import duration_text
from coderag_app.text.cell_text import visible_text
from coderag_app.text.secrets_in_text import without_passwords
from ui.page.answer import draw_answer, draw_short_answer
from ui.page.answer_words import plain_label
from ui.page.plain_text import draw_error, draw_sql, draw_text
from ui.page.views import CONNECT, show_view

if TYPE_CHECKING:
    from ui.page.chat_state import AskProgress, Turn
    from ui.page.live_question import LiveQuestion
    from ui.page.session import PageSession

_REDRAW_S = 0.08  # a fast model writes more pieces a second than a page can draw
_FULL_TURNS = 3  # drawing all widgets of a long chat at every click would make it slow


def draw_conversation(session: PageSession) -> None:
    """The whole chat, with the box to ask in."""
    typed = st.chat_input("Ask a question about the data", key="question", max_chars=4000, disabled=not session.can_ask)
    if typed:
        session.ask(str(typed))
    # A place of its own, emptied at once: what a longer drawing no longer holds would stay on the page until its end.
    welcome = st.empty()
    if not session.chat.turns and session.live is None:
        with welcome.container():
            _draw_welcome(session)
    for position, turn in enumerate(session.chat.turns):
        _draw_turn(session, position, turn)
    if not session.can_ask:
        _draw_closed(session)
    if session.live is not None:
        _follow(session, session.live)
    if session.history_error:
        draw_error("The conversation could not be saved.", session.history_error)


def _draw_turn(session: PageSession, position: int, turn: Turn) -> None:
    draw_question(turn.question)
    with answer_bubble():
        if turn.stopped:
            _draw_stopped(session, position, turn)
        elif turn.answer is None:
            draw_error("The question could not be asked.", turn.error)
        elif position >= len(session.chat.turns) - _FULL_TURNS or position in session.unfolded:
            draw_answer(session, position, turn, turn.answer)
        else:
            draw_short_answer(turn.answer)
            key = f"{session.turn_key(position)}-unfold"
            st.button(
                "Show result", key=key, icon=":material/unfold_more:", type="tertiary",
                on_click=session.unfolded.add, args=(position,),
            )  # fmt: skip


def draw_question(question: str) -> None:
    """What was asked, as plain text."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(visible_text(without_passwords(question)))


def answer_bubble() -> DeltaGenerator:
    """The container of an answer."""
    return st.chat_message("assistant", avatar=":material/database:")


def _draw_stopped(session: PageSession, position: int, turn: Turn) -> None:
    st.info("You stopped this question.", icon=":material/stop_circle:")
    if turn.partial_sql:
        st.caption("What the model had written so far; it was not run:")
        draw_sql(turn.partial_sql)
    st.button(
        "Ask again", key=f"{session.turn_key(position)}-again", icon=":material/refresh:", type="tertiary",
        on_click=session.ask, args=(turn.question,), disabled=session.live is not None,
    )  # fmt: skip


def _follow(session: PageSession, live: LiveQuestion) -> None:
    """Show a question on its way until it is over.

    A click elsewhere ends this drawing and begins the page anew; the question goes on in its thread meanwhile.
    """
    draw_question(live.question)
    with answer_bubble():
        st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=live.stop, shortcut="Esc")
        steps, written = st.empty(), st.empty()
        began, drawn = time.monotonic(), ""
        while not live.wait(_REDRAW_S):
            progress = live.progress
            with steps:
                draw_text("\n".join([*progress.lines(), _present(progress, time.monotonic() - began)]))
            if progress.reply != drawn:
                drawn = progress.reply
                with written:
                    draw_sql(drawn)
    session.take_answer()
    st.rerun()


def _present(progress: AskProgress, waited_s: float) -> str:
    return f"{progress.label or 'Waiting for the model'} … {duration_text(waited_s)}"


def _draw_closed(session: PageSession) -> None:
    if session.opened is None:
        return
    st.info("This conversation is about another database, which is not open.", icon=":material/link_off:")
    draw_text(session.chat.target)
    with st.container(horizontal=True, gap="small"):
        st.button("Open a database", icon=":material/database:", on_click=show_view, args=(CONNECT,), key="go-connect")
        st.button("New chat", icon=":material/add:", on_click=session.begin, key="go-new")


def _draw_welcome(session: PageSession) -> None:
    st.header("Ask your database", anchor=False)
    st.write("Write a question in plain language. The answer is SQL that was checked and run read-only, with its rows.")
    if session.connection.is_demo:
        st.caption("This is the demo: a chain of book and record shops. Open your own data under **Connect**.")
    opened = session.opened
    if opened is None or opened.schema is None:
        return
    questions = _examples(session)
    if not questions:
        return
    st.caption("Some questions to begin with:")
    for number, question in enumerate(questions):
        st.button(
            plain_label(visible_text(question)), key=f"example-{number}", icon=":material/arrow_forward:",
            on_click=session.ask, args=(question,),
        )  # fmt: skip


def _examples(session: PageSession) -> tuple[str, ...]:
    from coderag_app.chat.example_questions import example_questions

    opened = session.opened
    if opened is None or opened.schema is None:
        return ()
    if opened.examples is None:
        opened.examples = example_questions(opened.schema, opened.engine.values)
    return opened.examples
