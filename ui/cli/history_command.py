"""`coderag history`: conversations that were kept, as the chat and the page keep them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.errors import CodeRAGError, ConfigurationError

if TYPE_CHECKING:
    from coderag_app.chat.history import HistoryStore

FileOption = Annotated[
    Path | None,
    typer.Option("--history-file", metavar="FILE", help="The history. Default: the user's own state folder."),
]
IdArgument = Annotated[str, typer.Argument(help="Id of a conversation, or the beginning of it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as JSON.")]


def list_(
    search: Annotated[str, typer.Option(help="Only those with this text in title, questions or SQL.")] = "",
    as_json: JsonOption = False,
    history_file: FileOption = None,
) -> None:
    """List conversations, the latest first."""
    from coderag_app.text.cell_text import visible_text
    from ui.cli.console import output_console

    found = _store(history_file).conversations(search)
    if as_json:
        fields = ("id", "title", "database")
        rows = [{**{f: getattr(c, f) for f in fields}, "updated": c.updated.isoformat()} for c in found]
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for summary in found:
        when = summary.updated.astimezone().strftime("%Y-%m-%d %H:%M")
        line = f"{summary.id}  {when}  {summary.database or '-'}  {summary.title}"
        output_console().print(visible_text(line), soft_wrap=True)
    if not found:
        output_console().print("No conversations.")


def show(conversation: IdArgument, as_json: JsonOption = False, history_file: FileOption = None) -> None:
    """Show a conversation with its SQL and rows."""
    from rich.text import Text

    from coderag_app.answers.as_json import answer_document
    from coderag_app.text.cell_text import visible_text
    from ui.cli.answer_view import answer_view
    from ui.cli.console import output_console

    found = _store(history_file).load(conversation)
    if as_json:
        turns: list[dict[str, Any]] = [
            {"asked": turn.asked, "note": turn.note, **answer_document(turn.answer)} for turn in found.turns
        ]
        document = {"id": found.id, "title": found.title, "database": found.database, "turns": turns}
        sys.stdout.write(json.dumps(document) + "\n")
        return
    console = output_console()
    console.print(Text(visible_text(f"{found.title} ({found.database or 'no database'})"), style="bold"))
    for turn in found.turns:
        console.print(Text(visible_text(f"? {turn.asked}"), style="bold"))
        if turn.note:
            console.print(Text(visible_text(turn.note), style="dim"))
        console.print(answer_view(turn.answer, console.width))


def export(
    conversation: IdArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .md or .ipynb. Default: Markdown on standard output."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    history_file: FileOption = None,
) -> None:
    """Write a conversation as Markdown or as a Jupyter notebook."""
    from coderag_app.chat.history_export import to_markdown, to_notebook
    from ui.cli.console import output_console

    found = _store(history_file).load(conversation)
    if output is None:
        sys.stdout.write(to_markdown(found))
        return
    writers = {".md": to_markdown, ".ipynb": to_notebook}
    if output.suffix not in writers:
        raise ConfigurationError(f"Got {output}, expected a file that ends in .md or .ipynb.")
    try:
        with output.open("w" if force else "x", encoding="utf-8") as out:
            out.write(writers[output.suffix](found))
    except FileExistsError as error:
        raise ConfigurationError(f"{output} exists; choose another name, or write over it with --force.") from error
    except OSError as error:
        raise CodeRAGError(f"{output} cannot be written: {error.strerror}.") from error
    output_console().print(f"{len(found.turns)} turns written to {output}", soft_wrap=True)


def rename(
    conversation: IdArgument,
    title: Annotated[str, typer.Argument(help="The new title.")],
    history_file: FileOption = None,
) -> None:
    """Give a conversation another title."""
    _store(history_file).rename(conversation, title)


def delete(
    conversation: Annotated[list[str], typer.Argument(help="Ids of conversations.")], history_file: FileOption = None
) -> None:
    """Remove conversations for good."""
    store = _store(history_file)
    for each in conversation:
        store.delete(each)


def _store(history_file: Path | None) -> HistoryStore:
    from coderag_app.chat.history import HistoryStore, default_history_path

    return HistoryStore(history_file or default_history_path())
