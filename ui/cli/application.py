"""The `coderag` command: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from coderag_app.errors import CodeRAGError, ConfigurationError
from coderag_app.files import system_message
from ui.cli import (
    ask_command,
    chat_command,
    code_command,
    evaluate_command,
    evaluate_encoder_command,
    groups,
    ingest_command,
    models_command,
    teach_command,
    training_commands,
    ui_command,
    values_command,
)
from ui.cli.console import drop_unwritten, print_error, set_up_logging, tolerate_any_text
from ui.cli.help_texts import SETTINGS, examples
from ui.cli.options import SettingsCommand

EXIT_NO_ANSWER = 1
EXIT_USAGE = 2
EXIT_BROKEN_PIPE = 141  # as a shell shows a program that SIGPIPE ended
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)  # without a name: a stream


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"coderag {version('coderag')}")
        raise typer.Exit


app = typer.Typer(
    name="coderag",
    help="Ask your own database questions in plain language, on your own machine.",
    epilog=examples(
        'coderag ask --demo "How many stores are there?"',
        "coderag chat --database shop.sqlite",
        "coderag ingest --database shop.sqlite --pairs verified.jsonl",
    )
    + "\n\nExit codes: 0 answered or done, 1 no answer or an error, 2 wrong usage. Settings also come from "
    "coderag.toml and CODERAG_* variables, e.g. CODERAG_DATABASE.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings=SETTINGS,
)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error. Works after a command, too.")
    ] = False,
) -> None:
    """Run before every command; ``main`` acts on --debug."""


app.command(
    "ask",
    cls=SettingsCommand,
    help="Ask a database one question, or many with the models loaded once.\n\n"
    "Prints the SQL that ran, its rows, the examples behind it, the timings. Exit code 1 if a question has no answer.",
    epilog=examples(
        'coderag ask --demo "How many stores are there?"',
        'coderag ask --database shop.sqlite "Which customers ordered twice?"',
        'coderag ask -d postgresql://reader@localhost/shop --json "Revenue per month?" | jq .rows',
        "coderag ask --database shop.sqlite --file questions.txt --json > answers.jsonl",
        'coderag ask --demo "How many customers are there?" --follow-up "only in France" --follow-up "and by city?"',
        'coderag ask --storage-dir storage "How many singers are there?"   # corpus-only: SQL is checked, not run',
    ),
    no_args_is_help=False,
)(ask_command.ask)
app.command(
    "chat",
    cls=SettingsCommand,
    help="Ask question after question in the terminal; /help lists its commands.\n\n"
    "Lines can be edited and are remembered between sessions.",
    epilog=examples("coderag chat --demo", "coderag chat --database shop.sqlite --llm qwen2.5-coder-1.5b"),
)(chat_command.chat)
app.command(
    "teach",
    cls=SettingsCommand,
    help="Keep questions with the SQL that answers them; the next answers learn from them at once.\n\n"
    "Every SQL is checked and run before it is kept, in a text file for each database that reads well in a diff. "
    "Exit code 1 if nothing could be taught.",
    epilog=examples(
        'coderag teach --demo -q "How many stores?" --sql "SELECT COUNT(*) FROM stores WHERE closed_on IS NULL"',
        "coderag teach --database shop.sqlite --file pairs.jsonl",
        "coderag teach --database postgresql://reader@localhost/shop --log postgresql.log",
        "coderag teach --database shop.sqlite --list",
        'coderag teach --database shop.sqlite --edit 3f2a9c1b7d04 -q "How many shops are open?"',
        "coderag teach --database shop.sqlite --remove 3f2a9c1b7d04",
    ),
)(teach_command.teach)
app.command(
    "values",
    cls=SettingsCommand,
    help="List the columns of a database, and switch the reading of their values off and on.\n\n"
    "What is off is neither matched with questions, nor shown to a model, nor shown as samples.",
    epilog=examples(
        "coderag values --database shop.sqlite",
        "coderag values --database shop.sqlite --off customers.email --off customers.phone",
        "coderag values --database shop.sqlite --on customers.phone",
    ),
)(values_command.values)
app.command(
    "ingest",
    cls=SettingsCommand,
    help="Build an index of verified question-SQL pairs: the examples that later answers learn from.\n\n"
    "Rows that cannot be used are counted by reason and written to rejected.jsonl; what the index holds already is not "
    "embedded again.",
    epilog=examples(
        "coderag ingest --demo",
        "coderag ingest --dataset gretelai/synthetic_text_to_sql --split train --limit 20000",
        "coderag ingest --file pairs.csv --map question=nl,sql=query,context=ddl",
        "coderag ingest --spider spider/ --split train",
        "coderag ingest --database shop.sqlite --pairs verified.jsonl --append",
    ),
)(ingest_command.ingest)
app.command(
    "models",
    help="List LLMs and encoders with size, licence and accuracy, and which are on disk.",
    epilog=examples("coderag models", "coderag models --json"),
)(models_command.models)
app.command(
    "ui",
    cls=SettingsCommand,
    help="Serve the chat page with Streamlit, on 127.0.0.1 alone. Ctrl-C ends it.",
    epilog=examples("coderag ui", "coderag ui --database shop.sqlite --port 8600"),
)(ui_command.ui)
app.command(
    "evaluate",
    cls=SettingsCommand,
    help="Measure how often the answers are right, on questions whose answers are known.\n\n"
    "Questions are asked with and without retrieved examples (arms), scored by running the SQL, and reported with "
    "intervals. Needs the extra: pip install coderag\\[evaluate]",
    epilog=examples(
        "coderag evaluate demo",
        "coderag evaluate spider/ --examples storage --limit 200 --arms none,base",
        "coderag evaluate checked.jsonl --database shop.sqlite --json",
    ),
)(evaluate_command.evaluate)
app.command(
    "compare",
    help="Show what two evaluation runs answer differently: which questions flipped, and whether that is chance.",
    epilog=examples("coderag compare runs/before runs/after"),
)(evaluate_command.compare)
app.command(
    "evaluate-encoder",
    help="Measure how well encoders find the right example, beside BM25: recall, MRR and nDCG with intervals.\n\n"
    "Needs the extra: pip install coderag\\[evaluate]",
    epilog=examples(
        "coderag evaluate-encoder --data ../shared/data",
        "coderag evaluate-encoder --task spider_dev --encoder CodeRAG_encoder --json",
    ),
)(evaluate_encoder_command.evaluate_encoder)
app.command(
    "train",
    help="Fine-tune the encoder on rows of query, positive and hard negatives.\n\n"
    "The options are those of python -m finetune.encoder.fine_tune --help. "
    "Needs the extra: pip install coderag\\[train]",
    epilog=examples(
        "coderag train rows.csv --output CodeRAG_encoder",
        "coderag train rows.jsonl --preset sql-adapter --base bundled",
    ),
    context_settings=training_commands.PASS_ON,
)(training_commands.train)
app.command(
    "train-query-encoder",
    help="Make a light encoder for questions, aligned with the encoder of an index.\n\n"
    "Needs the extra: pip install coderag\\[train]",
    epilog=examples("coderag train-query-encoder --kind compact --output compact_encoder"),
    context_settings=training_commands.PASS_ON,
)(training_commands.train_query_encoder)
app.command(
    "synthesize",
    help="Make training pairs for code retrieval: 47 tasks, by rules that check themselves or with an LLM.\n\n"
    "A run that was stopped goes on where it was. Needs the extra: pip install coderag\\[train]",
    epilog=examples(
        "coderag synthesize --rules-only --limit 2000 --output synthetic",
        "coderag synthesize --rules-only --limit 2000 --select 10 --task hybrid",
        "coderag synthesize --llm qwen2.5-coder-7b --corpus ../some-repository --limit 500",
    ),
    context_settings=training_commands.PASS_ON,
)(training_commands.synthesize)

app.command(
    "mcp",
    cls=SettingsCommand,
    help="Serve code search and a database to an assistant, by the Model Context Protocol over stdio.\n\n"
    "Needs the extra: pip install coderag\\[mcp]",
    epilog=examples("coderag mcp --code ~/src/flask", "coderag mcp --code . --database shop.sqlite"),
)(code_command.serve)
app.add_typer(groups.index_app)
app.add_typer(groups.code_app)
app.add_typer(groups.history_app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 no answer or an error, 2 wrong usage.

    Args:
        arguments: The words after ``coderag``; None for those of this process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    tolerate_any_text()
    options = words[: words.index("--")] if "--" in words else words
    debug = "--debug" in options
    set_up_logging(debug)
    words = [word for word in options if word != "--debug"] + words[len(options) :]
    try:
        code = _run(words)
    except BrokenPipeError:  # such as `coderag ... | head -1`, which has what it wanted
        drop_unwritten(sys.stdout)
        code = EXIT_BROKEN_PIPE
    except Exception as error:
        if debug:
            traceback.print_exc()
        message, code = _explained(error)
        if isinstance(error, OSError):
            drop_unwritten(sys.stdout)
        print_error(message)
    sys.exit(code)


def _run(words: list[str]) -> int:
    """Run a command and write out what it printed; the exit code.

    Raises:
        BrokenPipeError: Nobody reads standard output any more.
    """
    try:
        app(words, prog_name="coderag")
        code = 0
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # which the libraries under it turn into exit code 1
            raise stop.__context__ from None
        code = stop.code if isinstance(stop.code, int) else EXIT_NO_ANSWER
    sys.stdout.flush()
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit code. What the disk or the system refuses is nobody's bug."""
    if isinstance(error, CodeRAGError):
        return str(error), EXIT_USAGE if isinstance(error, ConfigurationError) else EXIT_NO_ANSWER
    if isinstance(error, OSError):
        return system_message(error, "standard output" if error.errno in _OF_WRITING else None), EXIT_NO_ANSWER
    if isinstance(error, MemoryError):
        return "There is not enough memory. End other programs, or ask for less at a time.", EXIT_NO_ANSWER
    message = f"{type(error).__name__}: {error}\nThis is a bug in CodeRAG. Run it again with --debug and report it."
    return message, EXIT_NO_ANSWER
