"""Draws populated, described databases from a domain: the same seed gives the same one."""

from __future__ import annotations

import random
import sqlite3

from coderag_app.schema.tables import Schema, Table, quote_identifier
from finetune.synthesis.analyst_columns import add_analyst_columns
from finetune.synthesis.described import DescribedColumn, DescribedDatabase, DescribedTable, Relation
from finetune.synthesis.domains import DomainSpec
from finetune.synthesis.identifiers import draw_naming_style
from finetune.synthesis.population import build_schema, fill
from finetune.synthesis.renaming import NamedColumn, NamedTable, name_everything
from finetune.synthesis.selection import draw_part, is_junction
from finetune.synthesis.values import draw_value_style

_MOST_VALUES = 400


def draw_database(spec: DomainSpec, seed: int) -> DescribedDatabase:
    """One variant of the domain: part of its tables and columns, under other names, with rows.

    Args:
        spec: The domain.
        seed: Chooses the variant; equal seeds give equal databases, whatever was drawn before.
    """
    rng = random.Random(f"{spec.name}:{seed}")
    part = add_analyst_columns(draw_part(spec, rng), random.Random(f"{spec.name}:{seed}:analyst columns"))
    tables = name_everything(part, draw_naming_style(rng), rng)
    values = draw_value_style(rng)
    schema = build_schema(tables, values, rng)
    connection = fill(tables, schema, values, rng)
    described = tuple(
        _describe(table, declared, schema.dialect, connection)
        for table, declared in zip(tables, schema.tables, strict=True)
    )
    return DescribedDatabase(f"{spec.name}_{seed}", schema, described, _relations(tables, schema), connection)


def _describe(table: NamedTable, declared: Table, dialect: str, connection: sqlite3.Connection) -> DescribedTable:
    source = quote_identifier(declared.name, dialect)
    (row_count,) = connection.execute(f"SELECT COUNT(*) FROM {source}").fetchone()
    columns = tuple(_describe_column(column, source, row_count, dialect, connection) for column in table.columns)
    return DescribedTable(declared.name, table.nouns, columns, row_count, is_junction(table.spec))


def _describe_column(
    column: NamedColumn, source: str, row_count: int, dialect: str, connection: sqlite3.Connection
) -> DescribedColumn:
    name = quote_identifier(column.name, dialect)
    # Read back, because a column's type may change what was put in (12.0 becomes 12).
    stored = [value for (value,) in connection.execute(f"SELECT DISTINCT {name} FROM {source} ORDER BY 1")]
    values = tuple(value for value in stored if value is not None)
    return DescribedColumn(
        column.name, column.spec.kind, column.phrases, values[:_MOST_VALUES], nullable=len(values) < len(stored)
    )


def _relations(tables: tuple[NamedTable, ...], schema: Schema) -> tuple[Relation, ...]:
    specs = {table.name: table for table in tables}
    relations: list[Relation] = []
    for declared in schema.tables:
        by_name = {column.name: column.spec for column in specs[declared.name].columns}
        for key in declared.foreign_keys:
            spec = by_name[key.columns[0]]
            relations.append(
                Relation(
                    declared.name, key.columns[0], key.ref_table, key.ref_columns[0], spec.child_verb, spec.parent_verb
                )
            )
    return tuple(relations)
