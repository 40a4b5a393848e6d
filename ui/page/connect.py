"""Opening a database: the demo, a file, a server, or files that are dropped on the page."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.database.table_files import read_table_files
from coderag_app.database.uploads.column_types import ReadingOptions
from coderag_app.database.uploads.upload_tables import MAX_UPLOAD_MB, SUPPORTED_SUFFIXES, tables_to_duckdb
from coderag_app.errors import CodeRAGError
from coderag_app.settings import AppConfig
from coderag_app.text.cell_text import visible_text
from ui.page.chat_state import DEMO
from ui.page.plain_text import draw_error, draw_lines, draw_text
from ui.page.shared_engines import forget_engines, uploads_folder
from ui.page.views import ASK, CONNECT, show_view_next

if TYPE_CHECKING:
    from ui.page.session import PageSession

_DEMO, _FILE, _SERVER, _DROP = "Demo", "File", "Server", "Drop files"
_NOTES = "upload-notes"  # the path of the last database made of dropped files, and what was decided of them
_HEADERS = {"auto": "decide by the values", "yes": "yes", "no": "no, it is data"}
_DECIMALS = {"auto": "decide by the values", ",": "comma: 1.234,56", ".": "point: 1,234.56"}
_DATES = {"auto": "decide by the values", "day": "the day comes first", "month": "the month comes first"}
_ICONS = {_DEMO: "storefront", _FILE: "draft", _SERVER: "dns", _DROP: "upload_file"}


def draw_connect(session: PageSession) -> None:
    """The ways to open a database."""
    st.subheader("Connect", anchor=False)
    _draw_current(session)
    kind = st.segmented_control(
        "What to open", list(_ICONS), default=_FILE, required=True, key="connect-kind",
        format_func=lambda name: f":material/{_ICONS[name]}: {name}",
    )  # fmt: skip
    {_DEMO: _draw_demo, _FILE: _draw_file, _SERVER: _draw_server, _DROP: _draw_drop}[kind or _FILE](session)
    if session.open_error:
        draw_error("The database, the index or the model could not be opened.", session.open_error)
    _draw_models(session)


def _draw_current(session: PageSession) -> None:
    if session.opened is None:
        st.caption("Nothing is open.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("open", icon=":material/check:", color="green")
        st.text(visible_text(session.opened.name or "examples only, without a database"))
    database, notes = st.session_state.get(_NOTES, ("", ()))
    if notes and database == session.connection.database:
        st.info("How the files were read. Where this is wrong, drop them with other choices.")
        draw_lines("\n".join(notes))


def _connect(session: PageSession, database: str, view: str = ASK, schemas: str = "") -> None:
    if session.connect(replace(session.connection, database=database, schemas=schemas).stripped()):
        show_view_next(view)
        st.rerun()


def _draw_demo(session: PageSession) -> None:
    st.write("A chain of book and record shops: stores, customers, orders and what they sell. Nothing to set up.")
    if st.button("Open the demo", key="open-demo", type="primary", icon=":material/arrow_forward:"):
        _connect(session, DEMO)


def _draw_file(session: PageSession) -> None:
    with st.form("file-form"):
        path = st.text_input(
            "Path of a SQLite, DuckDB, CSV, Parquet or Excel file, or of a folder of tables", key="database-path",
            placeholder="/home/me/shop.sqlite",
            help="A file on this computer, or several separated by commas. They are opened read-only.",
        )  # fmt: skip
        schemas = _draw_schemas("file-schemas", "main,sales")
        opened = st.form_submit_button("Open", type="primary", icon=":material/arrow_forward:", key="open-file")
    if opened:
        _open_path(session, path.strip(), schemas)


def _draw_schemas(key: str, example: str) -> str:
    return st.text_input(
        "Schemas", key=key, placeholder=example,
        help="Schemas of PostgreSQL or DuckDB, or databases of a MySQL or MariaDB server, separated by commas.",
    )  # fmt: skip


def _open_path(session: PageSession, path: str, schemas: str) -> None:
    try:
        with st.spinner("Reading the files…"):
            read = read_table_files(path, ReadingOptions(*AppConfig.load().file_reading))
    except CodeRAGError as error:
        session.open_error = str(error)
        return
    notes = read.notes if read is not None else ()
    st.session_state[_NOTES] = (path, notes)
    _connect(session, path, CONNECT if notes else ASK, schemas)  # what was decided is seen before asking


def _draw_server(session: PageSession) -> None:
    with st.form("server-form", clear_on_submit=True):
        url = st.text_input(
            "URL of a PostgreSQL or MySQL database", type="password", key="database-url", autocomplete="off",
            placeholder="postgresql://user:password@host/database",
        )  # fmt: skip
        schemas = _draw_schemas("server-schemas", "sales,hr")
        st.caption("It is kept in the memory of this tab, never shown again and never written to disk. "
                   "Use a role that can only read.")  # fmt: skip
        opened = st.form_submit_button("Open", type="primary", icon=":material/arrow_forward:", key="open-server")
    if opened:
        if "://" in url:
            _connect(session, url, schemas=schemas)
        else:
            session.open_error = "Expected a URL such as postgresql://user:password@host/database."


def _draw_drop(session: PageSession) -> None:
    kinds = [suffix.removeprefix(".") for suffix in SUPPORTED_SUFFIXES]
    with st.form("drop-form", clear_on_submit=False):
        dropped = st.file_uploader(
            "CSV, Parquet and Excel files become tables of one database; SQLite and DuckDB files are taken as they are",
            type=kinds, accept_multiple_files=True, max_upload_size=MAX_UPLOAD_MB, key="dropped",
        )  # fmt: skip
        options = _draw_reading_options()
        opened = st.form_submit_button("Open", type="primary", icon=":material/arrow_forward:", key="open-dropped")
    if opened and dropped:
        files = [(file.name, file.getvalue()) for file in dropped]
        try:
            with st.spinner("Reading the files…"):
                found = tables_to_duckdb(files, uploads_folder(), options)
        except (CodeRAGError, OSError) as error:
            draw_error("The files could not be read.", str(error))
            return
        st.session_state[_NOTES] = (str(found.path), found.notes)
        _connect(session, str(found.path), CONNECT if found.notes else ASK)  # what was decided is seen before asking
    _draw_earlier(session)


def _draw_reading_options() -> ReadingOptions:
    """How to read the files, where their values leave it open or were read wrong."""
    with st.expander("How to read the files", icon=":material/tune:"):
        header = st.selectbox("First line names the columns", _HEADERS, format_func=_HEADERS.__getitem__, key="header")
        decimal = st.selectbox("Decimal mark", _DECIMALS, format_func=_DECIMALS.__getitem__, key="decimal")
        dates = st.selectbox("In dates such as 03/04/2024", _DATES, format_func=_DATES.__getitem__, key="dates")
    return ReadingOptions(header, decimal, dates)


def _database_in(folder: Path) -> Path | None:
    found = [path for path in folder.glob("*") if path.suffix in (".duckdb", ".sqlite")]
    return found[0] if found else None


def _draw_earlier(session: PageSession) -> None:
    """Files that were dropped before: open them again, or remove the copies."""
    stored = sorted((path for path in uploads_folder().glob("*") if _database_in(path)), key=_age, reverse=True)
    if not stored:
        return
    st.caption("Dropped before; the copies are on this computer, readable by you alone:")
    for number, folder in enumerate(stored):
        path = _database_in(folder)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            draw_text(path.name if path is not None else folder.name)
            if st.button("Open", key=f"earlier-open-{number}", type="tertiary") and path is not None:
                _connect(session, str(path))
            if st.button("Remove", key=f"earlier-remove-{number}", type="tertiary", icon=":material/delete:"):
                shutil.rmtree(folder)
                st.rerun()


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _draw_models(session: PageSession) -> None:
    now = session.connection
    with st.expander("Examples and models", icon=":material/tune:", key="models"):
        with st.form("models-form", border=False):
            storage_dir = st.text_input(
                "Index folder", now.storage_dir, key="storage_dir",
                help="Examples that answers learn from; coderag ingest builds it. Optional.",
            )  # fmt: skip
            llm = st.text_input(
                "Language model", now.llm, key="llm",
                help="auto, bundled, the path of a GGUF file, or a name of coderag models.",
            )  # fmt: skip
            embed_model = st.text_input(
                "Encoder", now.embed_model, key="embed_model", help="The one that made the index; auto as a rule."
            )
            use = st.form_submit_button("Use these", key="use-models", icon=":material/check:")
        if use:
            session.connect(replace(now, storage_dir=storage_dir, llm=llm, embed_model=embed_model).stripped())
            st.rerun()
        if st.button("Read everything again", key="reload", icon=":material/refresh:",
                     help="After the data, the index or a model has changed."):  # fmt: skip
            forget_engines()
            session.connect(now)
            show_view_next(ASK)
            st.rerun()
        if session.opened is not None:
            engine = session.opened.engine
            names = f"Model: {engine.llm_name}\nEncoder: {engine.encoder_name or 'none loaded so far'}"
            st.caption("Open now:")
            draw_lines(names)
