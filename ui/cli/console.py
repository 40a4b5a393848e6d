"""Where the commands print: answers to standard output, progress and errors to standard error."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.text import Text

from coderag_app.text.cell_text import visible_text
from coderag_app.text.secrets_in_text import without_passwords

_PIPE_WIDTH = 160  # a file or a pipe has no width of its own; 80 would cut too much


def output_console() -> Console:
    """The console for results. Markup is off: everything printed may hold values of a database."""
    return _console(sys.stdout)


def error_console() -> Console:
    """The console for progress, warnings and errors."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False, width=width)


def print_error(message: str) -> None:
    """One clear message on standard error."""
    shown = visible_text(without_passwords(message), keep="\n")
    text = Text("Error: ", style="bold red").append(shown, style="default")
    error_console().print(text, soft_wrap=True)


def tolerate_any_text() -> None:
    """Let the standard streams write any text: what their encoding lacks appears as an escape."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller (>&-)
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def drop_unwritten(stream: TextIO) -> None:
    """Throw away what a stream could not write; else Python tries again at its end and complains."""
    with suppress(OSError, ValueError):  # a stream of tests has no descriptor
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def set_up_logging(debug: bool) -> None:
    """Warnings of this project and its libraries to standard error; with ``debug`` everything of this project."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("coderag_app").setLevel(logging.DEBUG if debug else logging.INFO)
    logging.getLogger("ingestion").setLevel(logging.DEBUG if debug else logging.INFO)
