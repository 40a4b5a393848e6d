"""The `coderag` command: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from coderag_app.cli import ask, chat, evaluate, index, ingest, models, ui
from coderag_app.cli.console import print_error, set_up_logging, tolerate_any_text
from coderag_app.errors import CodeRAGError, ConfigurationError

EXIT_NO_ANSWER = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="coderag",
    help="Ask your own database questions in plain language, on your own machine.",
    epilog=(
        'Try it: coderag ask --demo "How many stores are there?"\n\n'
        "Exit codes: 0 answered, 1 no answer or an error, 2 wrong usage."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error. Goes with every command.")] = False,
) -> None:
    """Run before every command."""


def _examples(*lines: str) -> str:
    """Example command lines below a command's help, one a line."""
    return "\n\n".join(["Examples:", *(f"  {line}" for line in lines)])
