"""`coderag values`: which columns' values are read, and switching them off and on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coderag_app.errors import ConfigurationError
from ui.cli.options import Settings, with_settings

if TYPE_CHECKING:
    from coderag_app.examples.unmatched_columns import UnmatchedColumns
    from coderag_app.schema.tables import Schema


@with_settings("database", "demo")
def values(
    settings: Settings,
    off: Annotated[
        list[str] | None, typer.Option("--off", metavar="TABLE.COLUMN", help="Switch the values of a column off.")
    ] = None,
    on: Annotated[list[str] | None, typer.Option("--on", metavar="TABLE.COLUMN", help="Switch them on again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON document.")] = False,
) -> None:
    """List the columns, and switch the reading of their values off and on."""
    from coderag_app.database import Limits, open_database
    from coderag_app.database.uploads.column_types import ReadingOptions
    from coderag_app.examples.unmatched_columns import UnmatchedColumns
    from coderag_app.settings import AppConfig

    config = AppConfig.load(**settings)
    if not config.database:
        raise ConfigurationError("Got no database; columns belong to one: --database FILE_OR_URL, or --demo.")
    opened = open_database(
        config.database,
        Limits(timeout_s=config.timeout_s, schemas=config.schema_names),
        ReadingOptions(*config.file_reading),
    )
    try:
        schema, unread = opened.read_schema(samples=0), UnmatchedColumns.of_database(opened.name, config)
    finally:
        opened.close()
    wanted = [(_place(name, schema), state) for names, state in ((off, False), (on, True)) for name in names or ()]
    for (table, column), state in wanted:
        unread.switch(table, column, state)
    _show(schema, unread, as_json)


def _place(name: str, schema: Schema) -> tuple[str, str]:
    """The table and column of ``table.column``, as the schema spells them.

    Raises:
        ConfigurationError: There is no such column.
    """
    places = ((table.name, column.name) for table in schema.tables for column in table.columns)
    found = next((place for place in places if ".".join(place).lower() == name.lower()), None)
    if found is None:
        raise ConfigurationError(f"There is no column {name!r}; expected TABLE.COLUMN. coderag values lists them.")
    return found


def _show(schema: Schema, unread: UnmatchedColumns, as_json: bool) -> None:
    from coderag_app.text.cell_text import visible_text
    from ui.cli.console import output_console

    places = [(table.name, column.name) for table in schema.tables for column in table.columns]
    if as_json:
        rows = [{"table": table, "column": column, "on": not unread.is_off(table, column)} for table, column in places]
        sys.stdout.write(json.dumps({"file": str(unread.path), "columns": rows}) + "\n")
        return
    for table, column in places:
        state = "off" if unread.is_off(table, column) else "on "
        output_console().print(visible_text(f"{state}  {table}.{column}"), soft_wrap=True, markup=False)
