"""What a line of the chat does: a question, a follow-up, or one of its commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coderag_app.errors import CodeRAGError

if TYPE_CHECKING:
    from rich.console import Console

    from coderag_app.answers.clarification import Reading
    from coderag_app.chat.conversation import Conversation
    from coderag_app.chat.history import HistoryStore
    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.types import SQLAnswer

COMMANDS = {
    "/help": "this list",
    "/1": 'after "Did you mean ...": ask in the first of these meanings; /2 in the second, and so on',
    "/schema": "the tables and their columns; /schema TABLE for one with sample values",
    "/sql": "the SQL of the last answer; /sql SELECT ... runs SQL of your own, read-only",
    "/explain": "what the SQL of the last answer does, in words",
    "/sources": "the examples behind the last answer, in full",
    "/good": "the last answer is right: keep it as a verified example",
    "/correct": "/correct SELECT ... keeps this SQL for the last question",
    "/taught": "the verified examples of this database; /taught ID forgets one",
    "/new": "begin a new conversation: the next question stands alone",
    "/quit": "leave (so does Ctrl-D)",
}


@dataclass
class ChatLoop:
    """What a line of the chat does.

    Attributes:
        talk: The conversation so far, which follow-ups speak of.
        history: Where it is kept; None for nowhere.
        last: The last answer, for /sql, /sources and teaching.
    """

    engine: TextToSQLQueryEngine
    console: Console
    talk: Conversation
    history: HistoryStore | None = None
    last: SQLAnswer | None = None
    _kept_as: str = ""
    _readings: tuple[Reading, ...] = ()

    @property
    def name(self) -> str:
        """What the prompt calls the database."""
        return self.engine.database.name if self.engine.database is not None else "examples"

    def greet(self) -> None:
        """Say what is being asked, and with which model."""
        what = f"database {self.name}" if self.engine.database is not None else "no database: SQL is checked, not run"
        self._say(f"CodeRAG: {what}, model {self.engine.llm_name}. Ask a question, or /help.")

    def answer_line(self, line: str) -> bool:
        """Carry out one line; False when the chat should end. Ctrl-C stops the question, not the chat."""
        line = line.strip()
        try:
            if line.startswith("/"):
                return self._command(line)
            if line:
                self._ask(line)
        except KeyboardInterrupt:
            self._say("Stopped.")
        except CodeRAGError as error:
            from ui.cli.console import print_error

            print_error(str(error))
        return True

    def _ask(self, question: str) -> None:
        from ui.cli.answer_view import answer_view
        from ui.cli.ask_command import answer_of

        before = len(self.talk.turns)
        self.last = answer_of(self.talk, question)
        note = self.talk.turns[-1].note if len(self.talk.turns) > before else ""
        self._keep(question, self.last, note)
        if note:
            self._say(note)
        self.console.print(answer_view(self.last, self.console.width))
        self._offer_readings(self.last)

    def _offer_readings(self, answer: SQLAnswer) -> None:
        """Say what the question left open, with a command for each meaning."""
        from coderag_app.answers.clarification import clarify

        unclear = clarify(answer, self.engine.schema, self.engine.values)
        self._readings = unclear.readings if unclear is not None else ()
        if unclear is not None:
            self._say(unclear.text)
            for number, reading in enumerate(self._readings, 1):
                self._say(f"/{number}  {reading.question}")

    def _read_as(self, number: int) -> None:
        if not 1 <= number <= len(self._readings):
            self._say("There is nothing to choose from: the last question was clear.")
        else:
            self._say(self._readings[number - 1].question)
            self._ask(self._readings[number - 1].question)

    def _keep(self, asked: str, answer: SQLAnswer, note: str = "") -> None:
        """Add a turn to the history; where that cannot be written, the chat goes on without."""
        from coderag_app.errors import HistoryError
        from ui.cli.console import print_error

        if self.history is None:
            return
        try:
            self._kept_as = self._kept_as or self.history.new(asked, self.name)
            self.history.save_turn(self._kept_as, answer, asked, note)
        except HistoryError as error:
            print_error(f"{error} This conversation is not kept.")
            self.history = None

    def _command(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        if word in ("/quit", "/exit"):
            return False
        commands = {
            "/help": self._help, "/schema": self._schema, "/sql": self._sql, "/sources": self._sources,
            "/explain": self._explain, "/good": self._good, "/correct": self._correct, "/taught": self._taught,
            "/new": self._new,
        }  # fmt: skip
        if word[1:].isdecimal():
            self._read_as(int(word[1:]))
        elif word not in commands:
            self._say(f"There is no command {word}. /help lists them.")
        else:
            commands[word](rest.strip())
        return True

    def _help(self, _: str) -> None:
        for command, meaning in COMMANDS.items():
            self._say(f"{command:<10}{meaning}")

    def _schema(self, table: str) -> None:
        schema = self.engine.schema
        if schema is None:
            self._say("There is no database, so there is no schema; each question takes it from the examples it finds.")
        elif not table:
            for each in schema.tables:
                self._say(f"{each.name}({', '.join(column.name for column in each.columns)})")
        elif schema.table(table) is None:
            self._say(f"There is no table {table}. /schema lists them.")
        else:
            self._show_sql(schema.keep([table]).to_ddl())

    def _sql(self, sql: str) -> None:
        if sql:
            self._run(sql)
        elif self.last is None or not self.last.sql:
            self._say("There is no SQL yet. Ask a question, or run your own: /sql SELECT ...")
        else:
            self._show_sql(self.last.sql)

    def _run(self, sql: str) -> None:
        from ui.cli.answer_view import rows_view

        answer = self.engine.run_sql(sql)
        if not answer.ok:
            raise CodeRAGError(answer.error)
        asked = self.last.question if self.last is not None else "SQL"
        self.last = replace(answer, question=asked)
        self.talk.show(asked, self.last)
        self._keep(asked, self.last)
        self.console.print(rows_view(answer.columns, answer.rows, answer.truncated, self.console.width))

    def _explain(self, _: str) -> None:
        from coderag_app.sql.explanation import explain_sql

        sql = self.last.sql if self.last is not None else ""
        dialect = self.engine.database.dialect if self.engine.database is not None else "sqlite"
        self._say(explain_sql(sql, dialect) if sql else "There is no SQL yet. Ask a question.")

    def _good(self, _: str) -> None:
        if self.last is None or not self.last.ok:
            self._say("There is no answer to keep. Ask a question first.")
        else:
            self._teach(self.last.sql)

    def _correct(self, sql: str) -> None:
        if self.last is None or not sql:
            self._say("Ask a question, then: /correct SELECT ...")
        else:
            self._teach(sql)
            self._run(sql)

    def _teach(self, sql: str) -> None:
        if self.engine.verified is None or self.last is None:
            self._say("Without a database nothing can be taught. Start with --database FILE_OR_URL.")
            return
        pair = self.engine.teach(self.last.question, sql)
        self._say(f"Kept as {pair.verified_id}: {pair.question}")

    def _taught(self, verified_id: str) -> None:
        verified = self.engine.verified
        if verified is None:
            self._say("Without a database nothing can be taught. Start with --database FILE_OR_URL.")
            return
        if verified_id:
            self._say(f"Forgotten: {self.engine.forget(verified_id).question}")
            return
        stale = {pair.verified_id for pair in verified.stale()}
        for pair in verified.all():
            self._say(f"{pair.verified_id}  {pair.question}{'  STALE' if pair.verified_id in stale else ''}")
            self._show_sql(pair.sql)

    def _new(self, _: str) -> None:
        self.talk.turns = ()
        self.last, self._kept_as, self._readings = None, "", ()
        self._say("A new conversation.")

    def _sources(self, _: str) -> None:
        if self.last is None or not self.last.sources:
            self._say("The last answer has no sources.")
            return
        for source in self.last.sources:
            self._say(f"{source.similarity:.3f}  {source.example.db_id or '-'}  {source.example.question}")
            self._show_sql(source.example.sql)

    def _show_sql(self, sql: str) -> None:
        from ui.cli.answer_view import sql_view

        self.console.print(sql_view(sql))

    def _say(self, text: str) -> None:
        from rich.text import Text

        from coderag_app.text.cell_text import visible_text

        self.console.print(Text(visible_text(text)))
