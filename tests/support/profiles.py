"""Schemas whose columns have a profile without a database."""

from __future__ import annotations

from dataclasses import replace

from coderag_app.schema.profile import ColumnProfile, number_profile
from coderag_app.schema.tables import Schema

BIT = number_profile(0, 1, 2, "")


def with_profile(schema: Schema, place: str, profile: ColumnProfile = BIT) -> Schema:
    """The schema with a profile for the column ``table.column``; that of a flag of 0 and 1 unless told."""
    table_name, column_name = place.split(".")
    tables = []
    for table in schema.tables:
        columns = tuple(
            replace(column, profile=profile) if (table.name, column.name) == (table_name, column_name) else column
            for column in table.columns
        )
        tables.append(replace(table, columns=columns))
    found = replace(schema, tables=tuple(tables))
    assert found != schema, f"there is no column {place}"
    return found
