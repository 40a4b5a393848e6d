"""`coderag chat`: a terminal loop over one loaded engine, with line editing and a history that survives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options as opt
from ui.cli.chat_loop import COMMANDS, ChatLoop


@opt.with_settings("storage_dir", "database", "demo", "models", "limits")
def chat(
    settings: opt.Settings,
    history: Annotated[bool, typer.Option("--history/--no-history", help="Keep the conversation.")] = True,
) -> None:
    """Ask question after question in the terminal."""
    from coderag_app.chat.history import HistoryStore, default_history_path
    from ui.cli.console import output_console

    engine = opt.open_engine(settings)
    try:
        store = HistoryStore(default_history_path()) if history else None
        loop = ChatLoop(engine, output_console(), engine.conversation(), store)
        loop.greet()
        for line in _lines(loop.name):
            if not loop.answer_line(line):
                break
    finally:
        engine.close()


def history_file() -> Path:
    """The file of the lines typed so far, in the user's state folder, readable by the user alone."""
    from platformdirs import user_state_path

    path = user_state_path("coderag") / "chat_history"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
