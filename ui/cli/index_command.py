"""`coderag index`: look at an index, check it, add examples and remove them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.errors import ConfigurationError
from ui.cli import ingest_command as ingest
from ui.cli.options import Settings, database_option, with_settings

if TYPE_CHECKING:
    from coderag_app.index.synthesis import SynthesisRecord
    from coderag_app.types import SQLExample
    from ingestion.readers import Row

_SHOWN_DATABASES = 20


@with_settings("storage_dir")
def info(
    settings: Settings,
    database: Annotated[str | None, database_option("Say whether its synthetic examples still fit its schema.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as one JSON document.")] = False,
) -> None:
    """Show what an index holds."""
    from coderag_app.text.cell_text import visible_text
    from ui.cli.console import error_console, output_console

    folder = _folder(settings)
    with error_console().status("Loading the index…"):
        from coderag_app.index.store import ExampleIndex

        index = ExampleIndex.load(folder)
        found = index.info()
    manifest = found.manifest
    stale = _staleness(index.synthesis, database)
    facts = {
        "storage_dir": str(folder),
        "count": found.count,
        "verified": found.verified,
        "synthetic": found.synthetic,
        "encoder": found.encoder.name,
        "encoder_fingerprint": found.encoder.fingerprint,
        "dimension": found.encoder.dimension,
        "embed_view_version": found.embed_view_version,
        "metric": manifest.metric if manifest else "",
        "generation": manifest.generation if manifest else "",
        "created_at": manifest.created_at if manifest else "",
    }
    if as_json:
        synthesis = {name: asdict(record) for name, record in index.synthesis.items()}
        sys.stdout.write(
            json.dumps({**facts, "databases": found.databases, "synthesis": synthesis, "stale": stale}) + "\n"
        )
        return
    console = output_console()
    for name, value in facts.items():
        console.print(visible_text(f"{name:<20}{value}"))
    shown = [f"{name or '(none)'}: {count}" for name, count in list(found.databases.items())[:_SHOWN_DATABASES]]
    more = len(found.databases) - len(shown)
    console.print(visible_text(f"{'databases':<20}{', '.join(shown)}{f' and {more} more' if more else ''}"))
    for name, record in index.synthesis.items():
        made = f"{name} from schema {record.schema_fingerprint}, {record.made_at}, seed {record.seed}"
        console.print(visible_text(f"{'synthesized':<20}{made}"))
    if stale:
        error_console().print(visible_text(f"Warning: {stale}"))


def _staleness(records: Mapping[str, SynthesisRecord], database: str | None) -> str:
    """Whether a database's synthetic examples are out of date, in words; "" without a database."""
    if not database:
        return ""
    from coderag_app.database import open_database
    from coderag_app.examples.synthetic import staleness

    opened = open_database(database)
    try:
        return staleness(records, opened.name, opened.read_schema(samples=0))
    finally:
        opened.close()


@with_settings("storage_dir")
def verify(settings: Settings) -> None:
    """Check every file, count, vector and content hash of an index."""
    from coderag_app.text.cell_text import visible_text
    from ui.cli.console import error_console, output_console

    with error_console().status("Checking the index…"):
        from coderag_app.index.store import ExampleIndex

        passed = ExampleIndex.load(_folder(settings)).verify()
    for line in passed:
        output_console().print(visible_text(f"ok  {line}"))


@with_settings("storage_dir", "embed_model")
def add(
    settings: Settings,
    file: Annotated[
        Path | None, typer.Argument(help="JSONL, JSON, CSV, TSV or Parquet file.", show_default=False)
    ] = None,
    question: Annotated[
        str | None, typer.Option("--question", "-q", help="One question, with --sql and --database.")
    ] = None,
    sql: Annotated[str | None, typer.Option(help="The SQL that answers it.")] = None,
    database: Annotated[str | None, database_option("The database that the pairs are about, for its schema.")] = None,
    columns: ingest.MapOption = None,
    db_id: ingest.DbIdOption = "",
) -> None:
    """Add examples to an index: the rows of a file, or one verified example."""
    if file is not None and question is None and sql is None:
        source = ingest.SourceOptions(
            file=None if database else file, database=database, pairs=file if database else None,
            map=tuple(columns or ()), db_id=db_id,
        )  # fmt: skip
        with ingest.open_reader(source) as reader:
            ingest.build_index(reader, settings, append=True, limit=None, as_json=False)
    elif file is None and question and sql and database:
        ingest.build_index(
            PairReader(_checked_pair(question, sql, database)),
            settings,
            append=True,
            limit=None,
            as_json=False,
        )
    else:
        raise ConfigurationError("Expected either a FILE, or --question, --sql and --database together.")


@with_settings("storage_dir")
def remove(
    settings: Settings,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of examples (`example_id` in `ask --json`).")] = None,
    db_id: Annotated[str | None, typer.Option(metavar="NAME", help="Every example of this database.")] = None,
) -> None:
    """Remove examples from an index, by id or by database."""
    if not ids and db_id is None:
        raise ConfigurationError("Expected ids of examples, or --db-id NAME.")
    from ui.cli.console import error_console, output_console

    with error_console().status("Removing…"):
        from ingestion import remove_examples

        removed = remove_examples(_folder(settings), ids or (), db_id)
    output_console().print(f"{len(removed)} example{'' if len(removed) == 1 else 's'} removed")


@dataclass(frozen=True)
class PairReader:
    """A single verified example as an input for ingestion."""

    example: SQLExample

    @property
    def label(self) -> str:
        """What the report calls it."""
        return "command line"

    def total_rows(self) -> int:
        """One."""
        return 1

    def __iter__(self) -> Iterator[Row]:
        """The one row."""
        from ingestion.readers import Row

        yield Row(1, self.label, self.example)


def _checked_pair(question: str, sql: str, target: str) -> SQLExample:
    """The pair with the schema of its database, once the SQL has run there."""
    from coderag_app.database import open_database
    from coderag_app.sql.guard import check_sql
    from coderag_app.types import SQLExample

    database = open_database(target)
    try:
        schema = database.read_schema(samples=0)
        database.execute(check_sql(sql, schema, database.dialect).sql)
        return SQLExample(
            question.strip(), sql.strip(), schema.to_ddl(samples=False), database.name, source="command line"
        )
    finally:
        database.close()


def _folder(settings: Settings) -> Path:
    from coderag_app.settings import AppConfig

    return AppConfig.load(**settings).storage_dir
