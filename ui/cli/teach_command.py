"""`coderag teach`: verified examples of question and SQL, one or many, listed, changed and removed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.errors import CodeRAGError, ConfigurationError
from ui.cli.options import Settings, with_settings

if TYPE_CHECKING:
    from coderag_app.database import Database
    from coderag_app.examples import VerifiedExample, VerifiedStore
    from coderag_app.examples.example_files import TaughtRow
    from coderag_app.schema.tables import Schema

_MANY = "Many at once"
_KEPT = "Pairs that are kept"


@with_settings("database", "demo", "verified_dir")
def teach(
    settings: Settings,
    question: Annotated[str | None, typer.Option("--question", "-q", help="A question.")] = None,
    sql: Annotated[str | None, typer.Option(help="The SQL that answers it; it is checked and run first.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", rich_help_panel=_MANY, help="Pairs: JSONL or CSV with question and sql, or .sql."),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=_MANY,
            metavar="FILE",
            help="A log of queries: of PostgreSQL, MySQL, or plain SQL. A query without a comment is put into words.",
        ),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", rich_help_panel=_KEPT, help="List the pairs.")] = False,
    edit: Annotated[
        str | None,
        typer.Option("--edit", metavar="ID", rich_help_panel=_KEPT, help="Change a pair: with -q, --sql or both."),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="ID", rich_help_panel=_KEPT, help="Remove a pair.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON document.")] = False,
) -> None:
    """Keep questions with the SQL that answers them."""
    ways = {"--file": file, "--log": log, "--list": show_list or None, "--edit": edit, "--remove": remove}
    given = [name for name, value in ways.items() if value is not None]
    single = question is not None and sql is not None
    if len(given) > 1 or (given and given != ["--edit"] and (question or sql)) or not (given or single):
        got = ", ".join(given) or "nothing to teach"
        raise ConfigurationError(f"Got {got}; expected -q with --sql, or one of {', '.join(ways)}.")
    with _opened(settings) as taught:
        if edit is not None:
            taught.show("changed", [taught.edit(edit, question, sql)], as_json)
        elif remove is not None:
            taught.show("removed", [taught.store.remove(verified_id) for verified_id in remove], as_json)
        elif show_list:
            taught.show("", list(taught.store.all()), as_json)
        elif file is not None or log is not None:
            taught.teach_many(file, log, as_json)
        else:
            assert question is not None and sql is not None  # noqa: S101 - checked above
            taught.show("taught", [taught.store.add(question, taught.ran(sql), taught.schema)], as_json)


@dataclass
class _Taught:
    """An open database with its verified examples."""

    database: Database
    schema: Schema
    store: VerifiedStore

    def ran(self, sql: str) -> str:
        """The SQL, checked, once it has run."""
        from coderag_app.sql.guard import check_sql

        checked = check_sql(sql, self.schema, self.database.dialect).sql
        self.database.execute(checked)
        return checked

    def edit(self, verified_id: str, question: str | None, sql: str | None) -> VerifiedExample:
        """Change the question, the SQL or both of a pair."""
        if question is None and sql is None:
            raise ConfigurationError("--edit changes a pair: expected -q QUESTION, --sql SQL or both.")
        pair = self.store.get(verified_id)
        return self.store.replace(pair.verified_id, question or pair.question, self.ran(sql or pair.sql), self.schema)

    def teach_many(self, file: Path | None, log: Path | None, as_json: bool) -> None:
        """Teach what a file holds; rows that cannot be taught are named with the reason."""
        from coderag_app.examples.example_files import read_log, read_pair_file

        rows = read_pair_file(file, self.store.dialect) if file is not None else read_log(log, self.store.dialect)
        usable: list[tuple[str, str]] = []
        refused: list[tuple[TaughtRow, str]] = []
        for row in rows:
            try:
                usable.append((row.question, self.ran(row.sql)))
            except CodeRAGError as error:
                refused.append((row, str(error)))
        before = set(self.store.all())
        kept = self.store.add_all(usable, self.schema) if usable else []
        new = [pair for pair in dict.fromkeys(kept) if pair not in before]
        self._report(new, len(kept) - len(new), refused, as_json)
        if not kept:
            raise typer.Exit(1)

    def _report(
        self, new: list[VerifiedExample], known: int, refused: list[tuple[TaughtRow, str]], as_json: bool
    ) -> None:
        from coderag_app.text.cell_text import visible_text
        from ui.cli.console import error_console, output_console

        if as_json:
            rows = [{"line": row.line, "question": row.question, "error": error} for row, error in refused]
            report = {"taught": [self.document(pair) for pair in new], "known": known, "refused": rows}
            _print_json({"file": str(self.store.path), **report})
            return
        for row, error in refused:
            error_console().print(visible_text(f"line {row.line} refused: {error}"), soft_wrap=True)
        output_console().print(
            visible_text(f"{len(new)} taught, {known} known already, {len(refused)} refused: {self.store.path}"),
            soft_wrap=True,
        )

    def show(self, what: str, pairs: list[VerifiedExample], as_json: bool) -> None:
        """Print pairs, after what was done with them."""
        from rich.text import Text

        from coderag_app.text.cell_text import visible_text
        from ui.cli.answer_view import sql_view
        from ui.cli.console import output_console

        if as_json:
            _print_json({"file": str(self.store.path), "pairs": [self.document(pair) for pair in pairs]})
            return
        console = output_console()
        for pair in pairs:
            stale = "  STALE: its tables or columns have changed" if self.document(pair)["stale"] else ""
            line = f"{what} {pair.verified_id}  {pair.added}  {pair.question}{stale}".strip()
            console.print(Text(visible_text(line)), soft_wrap=True)
            console.print(sql_view(pair.sql))
        if not pairs:
            console.print(Text(visible_text(f"No verified examples in {self.store.path}.")), soft_wrap=True)

    def document(self, pair: VerifiedExample) -> dict[str, Any]:
        """A pair as JSON values."""
        from coderag_app.examples.verified_example import is_stale

        return {
            "id": pair.verified_id,
            "question": pair.question,
            "sql": pair.sql,
            "added": pair.added.isoformat(),
            "stale": is_stale(pair, self.schema),
        }


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")


@contextmanager
def _opened(settings: Settings) -> Iterator[_Taught]:
    from coderag_app.database import Limits, open_database
    from coderag_app.database.uploads.column_types import ReadingOptions
    from coderag_app.examples import VerifiedStore
    from coderag_app.settings import AppConfig

    config = AppConfig.load(**settings)
    if not config.database:
        raise ConfigurationError("Got no database; pairs belong to one: --database FILE_OR_URL, or --demo.")
    database = open_database(
        config.database,
        Limits(timeout_s=config.timeout_s, schemas=config.schema_names),
        ReadingOptions(*config.file_reading),
    )
    try:
        store = VerifiedStore(config.verified_dir, database.name, database.dialect)
        yield _Taught(database, database.read_schema(samples=0), store)
    finally:
        database.close()
