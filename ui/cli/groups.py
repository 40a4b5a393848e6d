"""Commands that come in groups: `coderag index ...`, `coderag code ...` and `coderag history ...`."""

from __future__ import annotations

import typer

from ui.cli import code_command, history_command, index_command
from ui.cli.help_texts import SETTINGS, examples
from ui.cli.options import SettingsCommand

index_app = typer.Typer(
    name="index",
    help="Look at an index, check it, add examples and remove them.",
    epilog=examples("coderag index info", "coderag index verify --storage-dir storage"),
    no_args_is_help=True,
    context_settings=SETTINGS,
)
index_app.command(
    "info",
    cls=SettingsCommand,
    help="Show what an index holds: examples, databases, encoder.",
    epilog=examples("coderag index info", "coderag index info --storage-dir storage --json"),
)(index_command.info)
index_app.command(
    "verify",
    cls=SettingsCommand,
    help="Check every file, count, vector and content hash of an index. Exit code 1 if something is wrong.",
    epilog=examples("coderag index verify --storage-dir storage"),
)(index_command.verify)
index_app.command(
    "add",
    cls=SettingsCommand,
    help="Add examples to an index: the rows of a file, or one pair whose SQL is run first.",
    epilog=examples(
        "coderag index add more.jsonl",
        "coderag index add pairs.csv --database shop.sqlite",
        'coderag index add -q "How many customers?" --sql "SELECT COUNT(*) FROM customers" -d shop.sqlite',
    ),
)(index_command.add)
index_app.command(
    "remove",
    cls=SettingsCommand,
    help="Remove examples from an index, by id or by database.",
    epilog=examples(
        "coderag index remove 0f3a5f0c7c1e4b7e9d3a1b2c3d4e5f60", "coderag index remove --db-id concert_singer"
    ),
)(index_command.remove)


code_app = typer.Typer(
    name="code",
    help="Find code: where something is in a repository, with file and lines, who calls it, what tests it.",
    epilog=examples('coderag code search "retry with backoff"', "coderag code callers Session.close"),
    no_args_is_help=True,
    context_settings=SETTINGS,
)
code_app.command(
    "index",
    help="Build the index of a repository, or bring it up to date by the content of its files.\n\n"
    "Every other command does this by itself.",
    epilog=examples("coderag code index", "coderag code index ~/src/flask --fresh", "coderag code index --watch"),
)(code_command.index)
code_app.command(
    "search",
    help="Find the lines that some words are about. Exit code 1 if there are none.",
    epilog=examples(
        'coderag code search "retry with backoff"',
        'coderag code search "where is the session closed?" --repo ~/src/requests --language python',
        'coderag code search "parse dates" --path src/ --top 3 --json | jq -r .[].path',
    ),
)(code_command.search)
code_app.command(
    "ask",
    help="Answer where something is: its lines, why, who calls it, two more places. Exit code 1 if it is not here.",
    epilog=examples('coderag code ask "where is the session closed?"', 'coderag code ask "who signs cookies?" --json'),
)(code_command.ask)
code_app.command(
    "symbol",
    help="Show where a name is defined. Exit code 1 if it is not.",
    epilog=examples("coderag code symbol Session.close", "coderag code symbol parseJSON --repo ~/src/aeson"),
)(code_command.symbol)
code_app.command(
    "callers",
    help="Show which lines call a name, by the syntax trees; a call that may mean another definition says (by name).",
    epilog=examples("coderag code callers Session.close"),
)(code_command.callers)
code_app.command(
    "tests",
    help="Show which tests call a name.",
    epilog=examples("coderag code tests Session.close"),
)(code_command.tests)
code_app.command(
    "evaluate",
    help="Measure the search on questions whose places are known: hits, reciprocal rank, nDCG.",
    epilog=examples("coderag code evaluate questions.jsonl --repo ~/src/flask --json"),
)(code_command.evaluate)
code_app.command(
    "status",
    help="Show what the index of a repository holds.",
    epilog=examples("coderag code status", "coderag code status ~/src/flask --json"),
)(code_command.status)
code_app.command(
    "verify",
    help="Check every file of an index, and whether it is up to date. Exit code 1 if something differs.",
    epilog=examples("coderag code verify"),
)(code_command.verify)


history_app = typer.Typer(
    name="history",
    help="Conversations that were kept: list, show, export, rename, delete.",
    epilog=examples("coderag history list", "coderag history export 0f3a5f0c7c1e -o answers.md"),
    no_args_is_help=True,
    context_settings=SETTINGS,
)
history_app.command(
    "list",
    help="List conversations, the latest first.",
    epilog=examples("coderag history list", "coderag history list --search Lyon --json"),
)(history_command.list_)
history_app.command(
    "show",
    help="Show a conversation: questions, SQL, rows.",
    epilog=examples("coderag history show 0f3a5f0c7c1e", "coderag history show 0f3a --json"),
)(history_command.show)
history_app.command(
    "export",
    help="Write a conversation as Markdown or as a Jupyter notebook, with SQL and rows.",
    epilog=examples(
        "coderag history export 0f3a5f0c7c1e -o answers.md", "coderag history export 0f3a5f0c7c1e -o answers.ipynb"
    ),
)(history_command.export)
history_app.command(
    "rename",
    help="Give a conversation another title.",
    epilog=examples('coderag history rename 0f3a5f0c7c1e "Customers in France"'),
)(history_command.rename)
history_app.command(
    "delete",
    help="Remove conversations for good.",
    epilog=examples("coderag history delete 0f3a5f0c7c1e"),
)(history_command.delete)
