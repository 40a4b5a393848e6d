"""`coderag ingest`: verified question-SQL pairs from anywhere into an index."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.errors import ConfigurationError, IngestionError
from ui.cli.options import Settings, database_option, with_settings

if TYPE_CHECKING:
    from ingestion import ColumnMap, Reader

_SOURCE = "What to read (one of them; without any: --dataset)"
_DEFAULT_DATASET = "gretelai/synthetic_text_to_sql"

MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FIELD=COLUMN",
        help="Which column holds question, sql, context, db_id or origin; repeat it or separate by commas.",
    ),
]  # fmt: skip
DbIdOption = Annotated[str, typer.Option(metavar="NAME", help="Name of the database that all rows of --file speak of.")]


@dataclass(frozen=True)
class SourceOptions:
    """What the command line says about the input."""

    dataset: str | None = None
    split: str = "train"
    revision: str | None = None
    file: Path | None = None
    spider: Path | None = None
    database: str | None = None
    pairs: Path | None = None
    demo: bool = False
    map: tuple[str, ...] = ()
    db_id: str = ""


@with_settings("storage_dir", "embed_model")
def ingest(
    settings: Settings,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="HUB_ID", rich_help_panel=_SOURCE, help=f"Hub data set. Default: {_DEFAULT_DATASET}."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", rich_help_panel=_SOURCE, help="JSONL, JSON, CSV, TSV or Parquet file."),
    ] = None,
    spider: Annotated[
        Path | None, typer.Option(metavar="DIR", rich_help_panel=_SOURCE, help="Folder in Spider's layout.")
    ] = None,
    database: Annotated[str | None, database_option("Live database; needs --pairs or --synthesize.", _SOURCE)] = None,
    pairs: Annotated[
        Path | None, typer.Option(rich_help_panel=_SOURCE, help="File of verified questions with SQL for --database.")
    ] = None,
    synthesize: Annotated[
        bool,
        typer.Option(
            "--synthesize",
            rich_help_panel=_SOURCE,
            help="Make examples for --database from its schema and rows; added to the index that is there.",
        ),
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", rich_help_panel=_SOURCE, help="The bundled demo's examples over its database.")
    ] = False,
    split: Annotated[str, typer.Option(help="Split of --dataset or --spider.")] = "train",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of --dataset.")] = None,
    columns: MapOption = None,
    db_id: DbIdOption = "",
    append: Annotated[
        bool, typer.Option("--append/--replace", help="Add to the index that is there, or put this input in its place.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="ROWS", help="Read no more rows than this; with --synthesize make no more (5000)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which examples --synthesize makes.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON document.")] = False,
) -> None:
    """Build an index from verified question-SQL pairs, or make examples for a database that nobody has asked yet."""
    source = SourceOptions(dataset, split, revision, file, spider, database, pairs, demo, tuple(columns or ()), db_id)
    if synthesize:
        from ui.cli.ingest_synthetic import synthesize_into_index

        synthesize_into_index(database_alone(source), settings, limit, seed, as_json)
        return
    check_one_source(source)
    with open_reader(source) as reader:
        build_index(reader, settings, append, limit, as_json)


def check_one_source(source: SourceOptions) -> None:
    """Refuse a command line that names several inputs.

    Raises:
        ConfigurationError: There is more than one, or --database and --pairs do not come together.
    """
    given = {
        "--dataset": source.dataset is not None,
        "--file": source.file is not None,
        "--spider": source.spider is not None,
        "--database": source.database is not None or source.pairs is not None,
        "--demo": source.demo,
    }
    named = [name for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise ConfigurationError(
            f"Got {' and '.join(named)}, expected one input. For several: ingest again with --append."
        )
    if (source.database is None) != (source.pairs is None):
        raise ConfigurationError(
            "--database and --pairs go together: a database, and a file of questions with their SQL. Without such a "
            "file: --database FILE_OR_URL --synthesize"
        )


def database_alone(source: SourceOptions) -> str:
    """The database of a command line with --synthesize.

    Raises:
        ConfigurationError: There is none, or another input is named as well.
    """
    others = (source.dataset, source.file, source.spider, source.pairs)
    if source.database is None or source.demo or any(other is not None for other in others):
        raise ConfigurationError(
            "--synthesize makes examples for one database: expected --database FILE_OR_URL and no other input. "
            "Verified pairs go into the same index by a call of their own: coderag ingest --database ... --pairs FILE"
        )
    return source.database


@contextmanager
def open_reader(source: SourceOptions) -> Iterator[Reader]:
    """The reader of the input; a database it reads from is closed at the end."""
    from ingestion import DatabaseReader, FileReader, HubReader, SpiderReader

    columns = _column_map(source.map)
    if source.demo:
        from coderag_app.bundled.demo import DEMO_DATABASE, DEMO_EXAMPLES
        from coderag_app.bundled.integrity import check_bundled

        check_bundled(DEMO_DATABASE, DEMO_EXAMPLES)
        source = SourceOptions(database=str(DEMO_DATABASE), pairs=DEMO_EXAMPLES)
    if source.database is not None and source.pairs is not None:
        from coderag_app.database import open_database

        opened = open_database(source.database)
        try:
            yield DatabaseReader(opened, source.pairs, columns)
        finally:
            opened.close()
    elif source.file is not None:
        yield FileReader(source.file, columns, db_id=source.db_id)
    elif source.spider is not None:
        yield SpiderReader(source.spider, source.split)
    else:
        yield HubReader(source.dataset or _DEFAULT_DATASET, source.split, source.revision, columns)


def _column_map(assignments: tuple[str, ...]) -> ColumnMap:
    from ingestion import ColumnMap

    try:
        return ColumnMap.parse([part for assignment in assignments for part in assignment.split(",")])
    except IngestionError as error:
        raise ConfigurationError(str(error)) from error


def build_index(reader: Reader, settings: Settings, append: bool, limit: int | None, as_json: bool) -> None:
    """Ingest, with progress on standard error and the report on standard output."""
    from coderag_app.settings import AppConfig
    from coderag_app.text.cell_text import visible_text
    from ui.cli.console import error_console, output_console

    config = AppConfig.load(**settings)
    console = error_console()
    with console.status("Loading the encoder…"):
        from coderag_app.encoders.encoder_loading import load_embed_model
        from ingestion import ingest as ingest_rows
        from ingestion import progress_bar

        encoder = load_embed_model(config.embed_model)
    with progress_bar(console) as on_progress:
        report = ingest_rows(reader, encoder, config.storage_dir, append, limit, on_progress)
    encoder_name = encoder.name
    if as_json:
        document = {**asdict(report), "documents_per_s": report.documents_per_s, "encoder": encoder_name}
        sys.stdout.write(json.dumps(document, default=str) + "\n")
        return
    for line in [*report.lines(), f"Encoder: {encoder_name}"]:
        output_console().print(visible_text(line))
