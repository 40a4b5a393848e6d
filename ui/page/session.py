"""What one browser session holds, and what its buttons do to it. Sessions share engines, never answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import streamlit as st

from coderag_app.errors import CodeRAGError
from coderag_app.settings import AppConfig
from ui.page.chat_state import ChatState, Connection, Turn, conversation_title
from ui.page.live_question import LiveQuestion
from ui.page.shared_engines import OpenDatabase, history_store, open_connection

if TYPE_CHECKING:
    from coderag_app.chat.conversation import Conversation
    from coderag_app.types import SQLAnswer

EDITED_NOTE = "With the SQL as you edited it."
_CHAT_PARAMETER = "chat"


@dataclass(slots=True)
class PageSession:
    """One browser tab.

    Attributes:
        connection: May hold a URL with a password; it is kept here alone.
        opened: The open database, or None with ``open_error`` saying why.
        live: The question that is being answered.
        editing: Position of the turn whose SQL is being edited.
        judging: Position of the turn that was just given a thumb.
        unfolded: Positions of older turns that are shown in full.
        chats: How many chats this tab has shown; part of the keys of a turn's widgets, whose state outlives a chat.
    """

    connection: Connection
    chat: ChatState = field(default_factory=ChatState)
    opened: OpenDatabase | None = None
    open_error: str = ""
    live: LiveQuestion | None = None
    editing: int | None = None
    judging: int | None = None
    edit_error: str = ""
    unfolded: set[int] = field(default_factory=set)
    history_error: str = ""
    conversation: Conversation | None = None
    chats: int = 0

    # --- connecting ---

    def connect(self, connection: Connection) -> bool:
        """Open another database and begin a new chat; on failure everything stays and ``open_error`` says why."""
        try:
            opened = open_connection(connection)
        except CodeRAGError as error:
            self.open_error = str(error)
            return False
        self.connection, self.opened, self.open_error = connection, opened, ""
        self.begin()
        return True

    def reopen(self) -> None:
        """Take the open database from the cache, which opens it again after a change."""
        try:
            opened = open_connection(self.connection)
        except CodeRAGError as error:
            self.opened, self.open_error = None, str(error)
            return
        if opened is not self.opened:
            self.opened, self.conversation = opened, None

    # --- conversations ---

    def begin(self) -> None:
        """An empty chat about the same database."""
        self._show(ChatState())

    def resume(self, conversation_id: str) -> None:
        """A conversation of the history, with the database it was about where that can be opened again.

        Raises:
            CodeRAGError: It is gone, or the history cannot be read.
        """
        stored = history_store().load(conversation_id)
        target = stored.database
        turns = tuple(Turn(each.asked, each.answer, note=each.note) for each in stored.turns)
        if target and target != self.database_label:
            self.connect(replace(self.connection, database=target, schemas=""))
        chat = ChatState(conversation_id=stored.id, title=stored.title, target=target)
        for turn in turns:
            chat = chat.with_turn(turn)
        self._show(chat)

    def rename(self, title: str) -> None:
        """Give the shown conversation another title."""
        if self.chat.conversation_id is not None:
            history_store().rename(self.chat.conversation_id, title)
            self.chat = replace(self.chat, title=title)

    def delete(self) -> None:
        """Remove the shown conversation from the history and begin an empty chat."""
        if self.chat.conversation_id is not None:
            history_store().delete(self.chat.conversation_id)
        self.begin()

    def _show(self, chat: ChatState) -> None:
        if self.live is not None:
            self.live.stop()
        self.chat, self.live, self.conversation, self.editing, self.judging = chat, None, None, None, None
        self.edit_error, self.chats = "", self.chats + 1
        self.unfolded.clear()
        remember_in_address(chat.conversation_id)

    @property
    def database_label(self) -> str:
        """What the history calls the open database: what was opened, or a server's database by its name."""
        return self.connection.stored_target or (self.opened.name if self.opened is not None else "")

    def turn_key(self, position: int) -> str:
        """Begins the keys of a turn's widgets."""
        return f"turn-{self.chats}-{self.chat.dropped + position}"

    @property
    def can_ask(self) -> bool:
        """Whether the chat's own database is open."""
        return self.opened is not None and self.chat.target in ("", self.database_label)

    # --- asking ---

    def ask(self, question: str) -> None:
        """Begin to answer a question, unless one is being answered."""
        if question.strip() and self.live is None and self.opened is not None and self.can_ask:
            self.editing = None
            self.live = LiveQuestion(question.strip(), self._conversation(self.opened).stream).start()

    def take_answer(self) -> None:
        """Make a turn of the question that is over."""
        if self.live is None:
            return
        turn, self.live = self.live.turn(), None
        talk = self.conversation
        if turn.answer is not None and talk is not None and talk.turns:
            turn = replace(turn, note=talk.turns[-1].note)
        self._add(turn)

    def run_edited(self, position: int, sql: str) -> bool:
        """Run SQL that a person edited: a turn of its own, or ``edit_error`` where it was refused."""
        before = self.chat.turns[position]
        if self.opened is None:
            return False
        try:
            answer = self.opened.engine.run_sql(sql)
        except CodeRAGError as error:
            self.edit_error = str(error)
            return False
        if not answer.ok:
            self.edit_error = answer.error
            return False
        question = before.answer.question if before.answer is not None else before.question
        answer = replace(answer, question=question)
        self._conversation(self.opened).show(before.question, answer, EDITED_NOTE)
        self.editing, self.edit_error = None, ""
        self._add(Turn(before.question, answer, note=EDITED_NOTE))
        return True

    def _conversation(self, opened: OpenDatabase) -> Conversation:
        from coderag_app.chat.conversation import ConversationTurn

        if self.conversation is None:
            turns = [ConversationTurn(t.question, t.answer, t.note) for t in self.chat.turns if t.answer is not None]
            self.conversation = opened.engine.conversation(turns)
        return self.conversation

    def _add(self, turn: Turn) -> None:
        if turn.answer is not None:
            self._save(turn, turn.answer)
        self.chat = self.chat.with_turn(turn)

    def _save(self, turn: Turn, answer: SQLAnswer) -> None:
        try:
            store = history_store()
            if self.chat.conversation_id is None:
                title = conversation_title(turn.question)
                target = self.database_label
                new_id = store.new(title, target)
                self.chat = replace(self.chat, conversation_id=new_id, title=title, target=target)
                remember_in_address(self.chat.conversation_id)
            store.save_turn(str(self.chat.conversation_id), answer, asked=turn.question, note=turn.note)
        except (CodeRAGError, OSError) as error:  # a full or read-only disk: chat on, and say that nothing is kept
            self.history_error = str(error)

    # --- teaching ---

    def teach(self, position: int, sql: str = "") -> bool:
        """Keep a turn's question with its SQL, or with a correction of it, as a verified example."""
        turn = self.chat.turns[position]
        if turn.answer is None or self.opened is None or self.opened.engine.verified is None:
            return False
        try:
            pair = self.opened.engine.teach(turn.answer.question, sql or turn.answer.sql)
        except CodeRAGError as error:
            self.chat = self.chat.with_replaced(position, replace(turn, notice=str(error)))
            return False
        self.chat = self.chat.with_replaced(position, replace(turn, verified_id=pair.verified_id, notice=""))
        return True

    def forget(self, position: int) -> None:
        """Take back what ``teach`` did."""
        turn = self.chat.turns[position]
        if not turn.verified_id or self.opened is None or self.opened.engine.verified is None:
            return
        try:
            self.opened.engine.forget(turn.verified_id)
        except CodeRAGError as error:
            self.chat = self.chat.with_replaced(position, replace(turn, notice=str(error)))
            return
        self.chat = self.chat.with_replaced(position, replace(turn, verified_id="", notice=""))


def current_session() -> PageSession:
    """The session of this browser tab; a new one opens what the settings name, and the chat its address names.

    Raises:
        ConfigurationError: The settings cannot be used.
    """
    if "session" not in st.session_state:
        session = PageSession(Connection.from_config(AppConfig.load()))
        wanted = st.query_params.get(_CHAT_PARAMETER)
        session.reopen()
        if wanted:
            try:
                session.resume(wanted)
            except CodeRAGError:  # deleted meanwhile: an empty chat is what remains of it
                remember_in_address(None)
        st.session_state.session = session
    session = st.session_state.session
    if session.opened is not None or not session.open_error:
        session.reopen()
    return session


def remember_in_address(conversation_id: str | None) -> None:
    """Keep the chat's id in the page's address, so that reloading the page shows it again."""
    if conversation_id is None:
        st.query_params.pop(_CHAT_PARAMETER, None)
    else:
        st.query_params[_CHAT_PARAMETER] = conversation_id
