"""The chat page: `coderag ui` serves it, `streamlit run` would as well. Thin: the engine does the work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.config import AppConfig
from coderag_app.errors import CodeRAGError
from ui.chat_state import EXAMPLE_QUESTIONS, AskProgress, ChatState, Connection, Turn
from ui.rendering import answer_bubble, draw_error, draw_question, draw_sql, draw_turn

if TYPE_CHECKING:
    from coderag_app.query_engine import TextToSQLQueryEngine

# Drawn here: Streamlit would fetch an icon given by name from the network.
_ICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%232563eb' "
    "stroke-width='2'><ellipse cx='12' cy='5' rx='8' ry='3'/><path d='M4 5v14c0 1.7 3.6 3 8 3s8-1.3 8-3V5'/>"
    "<path d='M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3'/></svg>"
)
_REDRAW_S = 0.05  # a fast model writes more pieces a second than a page can draw


@st.cache_resource(max_entries=4, show_spinner="Loading models and index…")
def load_engine(database: str, storage_dir: str, llm: str, embed_model: str, index_stamp: int) -> TextToSQLQueryEngine:
    """The engine of a connection, shared by all sessions; a new index stamp loads it anew."""
    from coderag_app.engine_loading import load_query_engine

    config = AppConfig.load(database=database, storage_dir=storage_dir, llm=llm, embed_model=embed_model)
    return load_query_engine(config=config)


def index_stamp(storage_dir: str) -> int:
    """When the index in a folder was last replaced, in nanoseconds; 0 without one."""
    from coderag_app.index_files import MANIFEST_FILE

    manifest = Path(storage_dir) / MANIFEST_FILE
    return manifest.stat().st_mtime_ns if manifest.is_file() else 0


def draw_sidebar(default: Connection) -> Connection:
    """The choice of database, index and models."""
    with st.sidebar:
        st.title("CodeRAG")
        database = st.text_input(
            "Database", default.database, key="database",
            help="Path of a SQLite or DuckDB file, a SQLAlchemy URL, or demo. Empty: the index alone answers.",
        )  # fmt: skip
        storage_dir = st.text_input(
            "Index folder", default.storage_dir, key="storage_dir",
            help="Verified examples that answers learn from; `coderag ingest` builds it. Optional.",
        )  # fmt: skip
        with st.expander("Models", icon=":material/neurology:"):
            llm = st.text_input(
                "LLM",
                default.llm,
                key="llm",
                help="auto, bundled, the path of a GGUF file, or a name of `coderag models`.",
            )
            embed_model = st.text_input(
                "Encoder", default.embed_model, key="embed_model", help="The one that made the index; auto as a rule."
            )
        left, right = st.columns(2)
        if left.button("Clear chat", key="clear", width="stretch"):
            st.session_state.chat = ChatState()
        if right.button("Reload", key="reload", width="stretch", help="Read database, index and models again."):
            load_engine.clear()
    return Connection(database, storage_dir, llm, embed_model).stripped()


def open_engine(connection: Connection) -> TextToSQLQueryEngine | None:
    """The engine, or None with the reason on the page."""
    try:
        return load_engine(
            connection.database_target,
            connection.storage_dir,
            connection.llm,
            connection.embed_model,
            index_stamp(connection.storage_dir),
        )
    except (CodeRAGError, OSError) as error:
        draw_error("The database, the index or the model could not be opened.", str(error))
        return None


def draw_database(engine: TextToSQLQueryEngine) -> None:
    """What the sidebar says about the open database and the models."""
    with st.sidebar:
        if engine.schema is not None:
            with st.expander(f"Tables ({len(engine.schema.tables)})", icon=":material/table:"):
                draw_sql(engine.schema.to_ddl(samples=False))
        encoder = f"Encoder: {engine.encoder_name}" if engine.encoder_name else "No index: answers have no examples."
        st.code(f"Model: {engine.llm_name}\n{encoder}", language=None, wrap_lines=True)


def ask(engine: TextToSQLQueryEngine, question: str) -> Turn:
    """Ask, showing each step and the SQL as it is written."""
    draw_question(question)
    with answer_bubble(), st.status("Asking…") as status:
        written, drawn = st.empty(), 0.0
        progress = AskProgress()
        try:
            for event in engine.stream(question):
                if event.answer is not None:
                    return Turn(question, event.answer)
                changed = event.step != progress.step
                progress = progress.after(event)
                if changed:
                    status.update(label=progress.label)
                if progress.reply and (changed or time.monotonic() - drawn > _REDRAW_S):
                    with written:
                        draw_sql(progress.reply)
                    drawn = time.monotonic()
        except CodeRAGError as error:
            return Turn(question, error=str(error))
    return Turn(question, error="The engine ended without an answer.")


def draw_welcome(is_demo: bool) -> str | None:
    """The empty chat; the example question that was clicked, if any."""
    st.header("Ask your database")
    st.write("Write a question in plain language. The answer is SQL that was checked and run read-only, with its rows.")
    if is_demo:
        st.caption("This is the demo database of a chain of book and record shops. Try one of these:")
        for number, question in enumerate(EXAMPLE_QUESTIONS):
            if st.button(question, key=f"example-{number}"):
                return question
    return None


def main() -> None:
    """Draw the page once; Streamlit calls it at every interaction."""
    st.set_page_config("CodeRAG", page_icon=_ICON, layout="centered")
    try:
        default = Connection.from_config(AppConfig.load())
    except CodeRAGError as error:
        draw_error("The settings cannot be used.", str(error))
        return
    connection = draw_sidebar(default)
    chat: ChatState = st.session_state.setdefault("chat", ChatState())
    engine = open_engine(connection)
    if engine is None:
        return
    draw_database(engine)
    question = st.chat_input("Ask a question about the data", key="question", max_chars=4000)
    page = st.empty()
    with page.container():
        clicked = draw_welcome(connection.is_demo) if not chat.turns and not question else None
        for turn in chat.turns:
            draw_turn(turn)
    question = question or clicked
    if question:
        if clicked:
            page.empty()
        working = st.empty()
        with working.container():
            turn = ask(engine, str(question))
        st.session_state.chat = chat.with_turn(turn)
        working.empty()
        draw_turn(turn)


main()
