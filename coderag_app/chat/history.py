"""Conversations that survive a restart, in a SQLite file of the user's own."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coderag_app.answers.as_json import answer_document
from coderag_app.answers.from_json import answer_from_line
from coderag_app.errors import FileRefusedError, HistoryError
from coderag_app.files import PRIVATE_FILE, from_fields, parse_json, private_folder, system_message
from coderag_app.text.secrets_in_text import without_passwords
from coderag_app.types import SQLAnswer

MAX_STORED_ROWS = 200
MAX_TITLE_CHARS = 120
_BUSY_TIMEOUT_S = 5.0
_VERSION = 1
# The tables of a history, as SQLite repeats them. A file that holds anything else was not made here: a trigger or a
# view would run in this process as soon as it is asked.
_TABLES = {
    "conversations": "CREATE TABLE conversations ( id TEXT PRIMARY KEY, title TEXT NOT NULL, database TEXT NOT NULL, "
    "updated TEXT NOT NULL)",
    "turns": "CREATE TABLE turns ( conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, "
    "position INTEGER NOT NULL, asked TEXT NOT NULL, note TEXT NOT NULL, sql TEXT NOT NULL, answer TEXT NOT NULL, "
    "PRIMARY KEY (conversation_id, position))",
}
_MAX_CELL_BYTES = 256_000_000  # 200 rows of cells of a megabyte
_MAX_TURNS = 5_000
_MAX_SEARCH_CHARS = 500
_MAX_ANSWER_DEPTH = 60  # cells are nested 50 levels deep at most
_ID = re.compile(r"[0-9a-f]{1,32}")
_REMEDIES = {
    sqlite3.SQLITE_FULL: "free some space on its disk",
    sqlite3.SQLITE_READONLY: "check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "check the permissions of the file and its folder",
    sqlite3.SQLITE_BUSY: "another program is writing it; try again",
    sqlite3.SQLITE_LOCKED: "another program is writing it; try again",
    sqlite3.SQLITE_IOERR: "check its disk for space and errors",
    sqlite3.SQLITE_TOOBIG: "the answer is too large to be kept",
}


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
        if not self.path.exists():  # nothing was kept yet, and to look needs no disk that can be written
            return []
        search = search.strip()[:_MAX_SEARCH_CHARS]
        pattern = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        with self._open() as connection:
            rows = connection.execute(
                "SELECT id, title, database, updated FROM conversations AS c "
                "WHERE ?1 = '%%' OR title LIKE ?1 ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM turns WHERE conversation_id = c.id AND (asked LIKE ?1 ESCAPE '\\' "
                "OR sql LIKE ?1 ESCAPE '\\')) ORDER BY rowid DESC",
                [pattern],
            ).fetchall()
        # A row that no CodeRAG wrote must not take the others with it: without an id nothing can be done with it, and
        # a text or a time that is none is shown as such.
        found = [
            ConversationSummary(row[0], _text(row[1]) or "Untitled", _text(row[2]), _time(row[3]))
            for row in rows
            if isinstance(row[0], str) and _ID.fullmatch(row[0])
        ]
        return sorted(found, key=lambda summary: summary.updated, reverse=True)

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
                "SELECT asked, note, answer FROM turns WHERE conversation_id = ? ORDER BY position LIMIT ?",
                [found, _MAX_TURNS],
            ).fetchall()
        turns = tuple(
            StoredTurn(_text(asked), self._answer(answer, f"{found}, turn {number}"), _text(note))
            for number, (asked, note, answer) in enumerate(rows, 1)
        )
        return StoredConversation(found, _text(title) or "Untitled", _text(database), turns)

    def _answer(self, line: object, place: str) -> SQLAnswer:
        """A stored answer, each part of the type that the page and the exports expect."""
        name = f"The answer in {self.path}, conversation {place},"
        try:
            parse_json(_text(line), name, _MAX_ANSWER_DEPTH)
            answer = from_fields(SQLAnswer, asdict(answer_from_line(_text(line))), name)
        except (FileRefusedError, HistoryError) as error:
            raise HistoryError(f"{name} cannot be read: {error}") from error
        if any(len(row) != len(answer.columns) for row in answer.rows):
            raise HistoryError(f"{name} has a row that is not of {len(answer.columns)} columns.")
        return answer

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
            self._make_private()
            connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S)
        except OSError as error:
            raise HistoryError(f"The history {self.path} cannot be opened: {system_message(error)}") from error
        except sqlite3.Error as error:
            raise HistoryError(f"The history {self.path} cannot be opened: {error}; check its permissions.") from error
        try:
            _harden(connection)
            _prepare(connection, self.path)
            with connection:
                yield connection
        except sqlite3.Error as error:
            code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # the primary code of an extended one
            remedy = _REMEDIES.get(code, "move it away to begin a new one")
            raise HistoryError(f"The history {self.path} cannot be used: {error}; {remedy}.") from error
        finally:
            connection.close()

    def _make_private(self) -> None:
        """Make the file where there is none, before SQLite makes it readable by all."""
        private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), PRIVATE_FILE)
        mode = os.fstat(descriptor).st_mode
        os.close(descriptor)
        if not stat.S_ISREG(mode):
            raise HistoryError(f"The history {self.path} is no regular file; choose another one.")


def _harden(connection: sqlite3.Connection) -> None:
    """Let nothing that the file holds run: SQLite trusts a schema unless it is told not to."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL_BYTES)
    connection.text_factory = lambda content: content.decode("utf-8", "replace")
    if sys.version_info >= (3, 12):  # before, what holds is that the schema is compared
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file; refuse a file that holds anything else.

    Raises:
        HistoryError: Another program made it, a newer CodeRAG did, or somebody added to it.
    """
    if _version(connection, path) < _VERSION:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection, path) < _VERSION:  # nobody was quicker
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise HistoryError(f"{path} is the database of another program; choose another file for the history.")
            for statement in _TABLES.values():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.commit()
    found = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    foreign = [f"{kind} {name}" for kind, name, sql in found if not _is_own(kind, name, sql)]
    missing = _TABLES.keys() - {name for _, name, _ in found}
    if foreign or missing:
        what = ", ".join([*foreign[:3], *(f"no table {name}" for name in sorted(missing))])
        raise HistoryError(
            f"The history {path} holds what CodeRAG does not make ({what[:200]}); move it away to begin a new one."
        )


def _is_own(kind: str, name: str, sql: str | None) -> bool:
    if kind == "index":
        return sql is None  # of a primary key
    if kind == "table" and name.startswith("sqlite_stat"):
        return True  # after ANALYZE
    return kind == "table" and " ".join((sql or "").split()) == _TABLES.get(name)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not 0 <= version <= _VERSION:
        raise HistoryError(
            f"The history {path} has format {version}, expected at most {_VERSION}; use a newer CodeRAG."
        )
    return version


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> datetime:
    """A stored time in UTC; the beginning of 1970 for what is none."""
    try:
        found = datetime.fromisoformat(_text(value))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = datetime.min.replace(tzinfo=UTC)
    # Beyond these years no local time can be computed.
    return found if 1970 <= found.year < 9000 else datetime(1970, 1, 1, tzinfo=UTC)


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
