"""`coderag chat`: a terminal loop over one loaded engine, with line editing and a history that survives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.cli import options as opt
from coderag_app.errors import CodeRAGError

if TYPE_CHECKING:
    from rich.console import Console

    from coderag_app.query_engine import TextToSQLQueryEngine
    from coderag_app.types import SQLAnswer

COMMANDS = {
    "/help": "this list",
    "/schema": "the tables and their columns; /schema TABLE for one with sample values",
    "/sql": "the SQL of the last answer; /sql SELECT ... runs SQL of your own, read-only",
    "/sources": "the examples behind the last answer, in full",
    "/quit": "leave (so does Ctrl-D)",
}


def chat(
    database: opt.DatabaseOption = None,
    demo: opt.DemoOption = False,
    storage_dir: opt.StorageOption = None,
    llm: opt.LLMOption = None,
    llm_base_url: opt.BaseURLOption = None,
    llm_model: opt.ServerModelOption = None,
    embed_model: opt.EmbedModelOption = None,
    top_k: opt.TopKOption = None,
    sample_values: opt.SamplesOption = None,
    timeout_s: opt.TimeoutOption = None,
    max_rows: opt.MaxRowsOption = None,
) -> None:
    """Ask question after question in the terminal."""
    from coderag_app.cli.console import output_console

    options = opt.EngineOptions(
        opt.chosen_database(database, demo), storage_dir, llm, llm_base_url, llm_model, embed_model,
        top_k, sample_values, timeout_s, max_rows,
    )  # fmt: skip
    engine = opt.open_engine(options)
    try:
        loop = ChatLoop(engine, output_console())
        loop.greet()
        for line in _lines(loop.name):
            if not loop.answer_line(line):
                break
    finally:
        engine.close()


@dataclass
class ChatLoop:
    """What a line of the chat does.

    Attributes:
        last: The last answer, for /sql and /sources.
    """

    engine: TextToSQLQueryEngine
    console: Console
    last: SQLAnswer | None = None

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
            from coderag_app.cli.console import print_error

            print_error(str(error))
        return True

    def _ask(self, question: str) -> None:
        from coderag_app.cli.answer_view import answer_view
        from coderag_app.cli.ask import answer_of

        self.last = answer_of(self.engine, question)
        self.console.print(answer_view(self.last, self.console.width))

    def _command(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        if word in ("/quit", "/exit"):
            return False
        commands = {"/help": self._help, "/schema": self._schema, "/sql": self._sql, "/sources": self._sources}
        if word not in commands:
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
        from coderag_app.cli.answer_view import rows_view
        from coderag_app.sql_guard import check_sql

        database = self.engine.database
        if database is None:
            self._say("There is no database to run SQL on. Start with --database FILE_OR_URL.")
            return
        result = database.execute(check_sql(sql, self.engine.schema, database.dialect).sql)
        self.console.print(rows_view(result.columns, result.rows, result.truncated, self.console.width))

    def _sources(self, _: str) -> None:
        if self.last is None or not self.last.sources:
            self._say("The last answer has no sources.")
            return
        for source in self.last.sources:
            self._say(f"{source.similarity:.3f}  {source.example.db_id or '-'}  {source.example.question}")
            self._show_sql(source.example.sql)

    def _show_sql(self, sql: str) -> None:
        from coderag_app.cli.answer_view import sql_view

        self.console.print(sql_view(sql))

    def _say(self, text: str) -> None:
        from rich.text import Text

        from coderag_app.cell_text import visible_text

        self.console.print(Text(visible_text(text)))


def history_file() -> Path:
    """The file of the lines typed so far, in the user's state folder, readable by the user alone."""
    from platformdirs import user_state_path

    path = user_state_path("coderag") / "chat_history"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path


def _lines(name: str) -> Iterator[str]:
    """Lines from the keyboard with editing and history, or plainly from a pipe."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield from sys.stdin
        return
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        history: FileHistory | InMemoryHistory = FileHistory(str(history_file()))
    except OSError:  # a read-only home: chat all the same, without a memory
        history = InMemoryHistory()
    completer = WordCompleter(list(COMMANDS), sentence=True)
    session: PromptSession[str] = PromptSession(
        history=history, completer=completer, complete_while_typing=False, auto_suggest=AutoSuggestFromHistory()
    )
    while True:
        try:
            yield session.prompt(f"{name}> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
