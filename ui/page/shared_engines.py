"""What sessions share: open databases with their models, and the history. Each is opened once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.database.table_files import table_files_stamp
from coderag_app.errors import CodeRAGError
from coderag_app.settings import AppConfig
from ui.page.chat_state import Connection

if TYPE_CHECKING:
    from coderag_app.chat.history import HistoryStore
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.examples.unmatched_columns import UnmatchedColumns
    from coderag_app.schema.tables import Schema

MAX_OPEN = 4


@dataclass(slots=True)
class OpenDatabase:
    """An engine, with what the page has found out about its database.

    Attributes:
        unread: The columns whose values are switched off; None in corpus-only mode.
        row_counts: Rows of the tables that were looked at; None where counting took too long.
        examples: Questions to begin with, once they were drawn from the schema.
    """

    engine: TextToSQLQueryEngine
    unread: UnmatchedColumns | None
    row_counts: dict[str, int | None] = field(default_factory=dict)
    examples: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The database's name; it never holds a password."""
        return self.engine.database.name if self.engine.database is not None else ""

    @property
    def schema(self) -> Schema | None:
        """The database's schema; None in corpus-only mode."""
        return self.engine.schema

    @property
    def dialect(self) -> str:
        """What sqlglot calls the database's SQL."""
        return self.engine.database.dialect if self.engine.database is not None else "sqlite"


def open_connection(connection: Connection) -> OpenDatabase:
    """The database and models of a connection, from the cache or opened now.

    Raises:
        CodeRAGError: The database, the index or a model cannot be opened; the message holds no password.
    """
    try:
        return _open(*_key(connection))
    except OSError as error:
        raise CodeRAGError(f"{connection.stored_target or 'The database'} cannot be read: {error.strerror}.") from error


def forget_engines() -> None:
    """Open everything anew at the next call: after a change of the data, the index or a model."""
    from coderag_app.schema.profile_cache import default_profiles_folder, forget_profiles

    _open.clear()
    forget_profiles(AppConfig.load().profiles_dir or default_profiles_folder())


def forget_engine(connection: Connection) -> None:
    """Open one database anew at the next call, in every tab."""
    _open.clear(*_key(connection))


def _key(connection: Connection) -> tuple[str, str, str, str, str, tuple[int, ...]]:
    """What tells one cached engine from another; the order is that of ``_open``."""
    models = connection.llm, connection.embed_model
    return connection.database_target, connection.storage_dir, *models, connection.schemas, _file_stamp(connection)


@st.cache_resource(max_entries=MAX_OPEN, show_spinner="Opening the database and the models…")
def _open(
    database: str, storage_dir: str, llm: str, embed_model: str, schemas: str, stamp: tuple[int, ...]
) -> OpenDatabase:
    from coderag_app.examples.unmatched_columns import UnmatchedColumns
    from coderag_app.loading import load_query_engine

    config = AppConfig.load(
        database=database, storage_dir=storage_dir, llm=llm, embed_model=embed_model, schemas=schemas,
        verified_dir=_verified_folder(database),
    )  # fmt: skip
    engine = load_query_engine(config=config)
    if engine.database is None:
        return OpenDatabase(engine, None)
    return OpenDatabase(engine, UnmatchedColumns.of_database(engine.database.name, config))


def _file_stamp(connection: Connection) -> tuple[int, ...]:
    """What tells a new index, and another file in the database's place: either is then opened by itself."""
    from coderag_app.index.generations import MANIFEST_FILE

    manifest = Path(connection.storage_dir) / MANIFEST_FILE
    stamp = (manifest.stat().st_mtime_ns,) if manifest.is_file() else (0,)
    database = Path(connection.database_target)
    if connection.is_server:
        return stamp
    place = (database.stat().st_ino,) if database.is_file() else ()
    return (*stamp, *place, *table_files_stamp(connection.database_target))


@st.cache_resource(show_spinner=False)
def history_store() -> HistoryStore:
    """The conversations of this user."""
    from coderag_app.chat.history import HistoryStore, default_history_path

    return HistoryStore(default_history_path())


def uploads_folder() -> Path:
    """Where dropped files are kept: beside the history, readable by this user alone."""
    return history_store().path.parent / "uploads"


def _verified_folder(database: str) -> Path | None:
    """Where a database's verified examples are kept: None: the settings' folder; of dropped files: beside them."""
    folder = Path(database).parent
    return folder / "verified" if "://" not in database and folder.is_relative_to(uploads_folder()) else None
