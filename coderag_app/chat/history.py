"""Conversations that survive a restart, in a SQLite file of the user's own."""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coderag_app.answers.as_json import answer_document
from coderag_app.answers.from_json import answer_from_line
from coderag_app.chat.secrets_in_text import without_passwords
from coderag_app.errors import HistoryError
from coderag_app.types import SQLAnswer

MAX_STORED_ROWS = 200
MAX_TITLE_CHARS = 120
_BUSY_TIMEOUT_S = 5.0
_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, database TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (
    conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    asked TEXT NOT NULL, note TEXT NOT NULL, sql TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (conversation_id, position));
"""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the list of conversations; ``updated`` is in UTC."""

    id: str
    title: str
    database: str
    updated: datetime


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A question of a conversation with its answer.

    Attributes:
        asked: What was typed; ``answer.question`` is the stand-alone form of a follow-up.
        note: How a follow-up was understood, in words; empty for a plain question.
    """

    asked: str
    answer: SQLAnswer
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation as it was kept. Dates and other values that JSON lacks have become texts."""

    id: str
    title: str
    database: str
    turns: tuple[StoredTurn, ...]


def default_history_path() -> Path:
    """Where the command line and the page keep conversations: the user's own state folder."""
    from platformdirs import user_state_path

    return user_state_path("coderag") / "history.sqlite"


class HistoryStore:
    """Conversations in one SQLite file (mode 0600). Safe to use from several threads and programs.

    Of a result the first 200 rows are kept. A password inside a URL is left out wherever it stands.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def conversations(self, search: str = "") -> list[ConversationSummary]:
        """All conversations, or those whose title, questions or SQL hold a text; the latest first."""
        pattern = "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        with self._open() as connection:
            rows = connection.execute(
                "SELECT id, title, database, updated FROM conversations AS c WHERE title LIKE ?1 ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM turns WHERE conversation_id = c.id AND (asked LIKE ?1 ESCAPE '\\' "
                "OR sql LIKE ?1 ESCAPE '\\')) ORDER BY updated DESC, rowid DESC",
                [pattern],
            ).fetchall()
        return [ConversationSummary(found, title, name, datetime.fromisoformat(at)) for found, title, name, at in rows]

    def load(self, conversation_id: str) -> StoredConversation:
        """One conversation.

        Args:
            conversation_id: Its id, or the first characters of it where they are unique.

        Raises:
            HistoryError: There is none of that id, or the stored answer cannot be read.
        """
        with self._open() as connection:
            found, title, database = self._find(connection, conversation_id)
            rows = connection.execute(
                "SELECT asked, note, answer FROM turns WHERE conversation_id = ? ORDER BY position", [found]
            ).fetchall()
        turns = tuple(StoredTurn(asked, answer_from_line(answer), note) for asked, note, answer in rows)
        return StoredConversation(found, title, database, turns)

    def new(self, title: str, database: str) -> str:
        """Begin a conversation; returns its id."""
        conversation_id = uuid.uuid4().hex[:12]
        values = [conversation_id, _title(title), without_passwords(database), _now()]
        with self._open() as connection:
            connection.execute("INSERT INTO conversations (id, title, database, updated) VALUES (?, ?, ?, ?)", values)
        return conversation_id

    def save_turn(self, conversation_id: str, answer: SQLAnswer, asked: str = "", note: str = "") -> None:
        """Add a turn.

        Args:
            conversation_id: The conversation.
            answer: The answer.
            asked: What was typed, where it differs from ``answer.question``.
            note: How a follow-up was understood.

        Raises:
            HistoryError: There is no such conversation, or the file cannot be written.
        """
        kept = replace(
            answer, rows=answer.rows[:MAX_STORED_ROWS], truncated=answer.truncated or len(answer.rows) > MAX_STORED_ROWS
        )
        line = json.dumps(_scrubbed(answer_document(kept)))
        texts = [without_passwords(text) for text in (asked or answer.question, note, answer.sql)]
        with self._open() as connection:
            found = self._find(connection, conversation_id)[0]
            connection.execute(
                "INSERT INTO turns SELECT ?1, coalesce(max(position), 0) + 1, ?2, ?3, ?4, ?5 FROM turns "
                "WHERE conversation_id = ?1",
                [found, *map(_storable, texts), line],
            )
            connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", [_now(), found])

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title.

        Raises:
            HistoryError: There is none of that id.
        """
        with self._open() as connection:
            found = self._find(connection, conversation_id)[0]
            connection.execute("UPDATE conversations SET title = ? WHERE id = ?", [_title(title), found])

    def delete(self, conversation_id: str) -> None:
        """Remove a conversation with its turns; nothing of it stays in the file.

        Raises:
            HistoryError: There is none of that id.
        """
        with self._open() as connection:
            found = self._find(connection, conversation_id)[0]
            connection.execute("DELETE FROM conversations WHERE id = ?", [found])

    def _find(self, connection: sqlite3.Connection, start: str) -> tuple[str, str, str]:
        rows = connection.execute(
            "SELECT id, title, database FROM conversations WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2", [start]
        ).fetchall()
        if not start or len(rows) != 1:
            found = "several conversations" if len(rows) > 1 else "no conversation"
            raise HistoryError(f"There is {found} with the id {start!r} in the history: coderag history list")
        return tuple(rows[0])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each call, in one transaction."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # before SQLite makes it readable by all
            connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S)
        except (OSError, sqlite3.Error) as error:
            raise HistoryError(f"The history {self.path} cannot be opened: {error}; check its permissions.") from error
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            _prepare(connection)
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise HistoryError(
                f"The history {self.path} cannot be used ({error}); move it away to begin a new one."
            ) from error
        finally:
            connection.close()


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise HistoryError(f"The history has format {version}, expected at most {_VERSION}; use a newer CodeRAG.")
    if version < _VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")


def _scrubbed(value: Any) -> Any:
    """JSON values without the passwords of URLs in any text."""
    if isinstance(value, str):
        return without_passwords(value)
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return {key: _scrubbed(item) for key, item in value.items()} if isinstance(value, dict) else value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _title(title: str) -> str:
    text = " ".join(without_passwords(title).split())[:MAX_TITLE_CHARS]
    return _storable(text) or "Untitled"


def _storable(text: str) -> str:
    """Text without lone surrogates, which SQLite's driver refuses."""
    return text.encode("utf-8", "backslashreplace").decode()
