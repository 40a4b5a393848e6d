"""Creates the tables of an invented database in memory and fills them with rows."""

from __future__ import annotations

import random
import sqlite3
from datetime import date, timedelta
from typing import Any

from coderag_app.schema.tables import Column, ForeignKey, Schema, Table, quote_identifier
from finetune.synthesis.domains import NAME_KINDS
from finetune.synthesis.renaming import NamedColumn, NamedTable
from finetune.synthesis.selection import is_junction
from finetune.synthesis.values import (
    ValueStyle,
    draw_codes,
    draw_distinct_values,
    draw_values,
    skewed_weights,
    with_nulls,
)

_FEWEST_ROWS = 8
_FEWEST_LOOKUP_ROWS = 4


def build_schema(tables: tuple[NamedTable, ...], values: ValueStyle, rng: random.Random) -> Schema:
    """The schema of the named tables, with column types as one person would have written them."""
    types = _draw_types(values, rng)
    by_spec = {table.spec.name: table for table in tables}
    built: list[Table] = []
    for table in tables:
        composite = table.key is None and is_junction(table.spec) and rng.random() < 0.6
        columns = tuple(
            Column(c.name, _type_of(c, by_spec, types), c is table.key or (composite and c.spec.kind == "ref"))
            for c in table.columns
        )
        built.append(Table(table.name, columns, tuple(_foreign_key(c, by_spec) for c in _refs(table))))
    return Schema(tuple(built))


def fill(tables: tuple[NamedTable, ...], schema: Schema, values: ValueStyle, rng: random.Random) -> sqlite3.Connection:
    """An in-memory SQLite database with the schema and rows; every foreign key points at a row, or is NULL."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.executescript(schema.to_ddl(samples=False))
    lookups = {table.spec.name: _lookup_values(table, values, rng) for table in tables}
    counts = {table.spec.name: _row_count(table, lookups[table.spec.name], rng) for table in tables}
    keys = {table.spec.name: _draw_keys(table, counts[table.spec.name], rng) for table in tables}
    null_rate = rng.choice((0.0, 0.06, 0.15))
    for table, declared in zip(tables, schema.tables, strict=True):
        count = counts[table.spec.name]
        columns = [
            lookups[table.spec.name][c.name][:count]
            if c.name in lookups[table.spec.name]
            else _column_values(table, c, count, keys, values, null_rate, rng)
            for c in table.columns
        ]
        _separate_twins(table, columns, keys, rng)
        _let_dates_follow(table, columns, rng)
        rows = _distinct_rows(list(zip(*columns, strict=True)), declared)
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {quote_identifier(declared.name, schema.dialect)} VALUES ({marks})", rows)
    connection.commit()
    return connection


def _draw_types(values: ValueStyle, rng: random.Random) -> dict[str, str]:
    """Type words by what they hold; the choice is one database's habit."""
    text = rng.choice(("TEXT", "TEXT", "VARCHAR", "VARCHAR", "varchar", "text"))
    whole = rng.choice(("INTEGER", "INTEGER", "INT", "INT", "int", "BIGINT"))
    flag = ("INTEGER", "BOOLEAN", "INT", "TINYINT") if isinstance(values.yes_no[0], int) else ("TEXT", "VARCHAR(5)")
    return {
        "text": text,
        "int": whole,
        "decimal": rng.choice(("REAL", "REAL", "NUMERIC", "FLOAT", "DECIMAL(10,2)", "DOUBLE")),
        "date": rng.choice(("DATE", "DATE", text if text.upper() == "TEXT" else f"{text}(10)")),
        "datetime": rng.choice(("DATETIME", "TIMESTAMP", "TEXT")),
        "flag": rng.choice(flag),
        "length": rng.choice(("50", "100", "255", "")),
    }


def _type_of(column: NamedColumn, tables: dict[str, NamedTable], types: dict[str, str]) -> str:
    kind = column.spec.kind
    if kind == "ref":
        key = tables[column.spec.argument].key
        return _type_of(key, tables, types) if key is not None else types["int"]
    if kind in ("key", "int", "year"):
        return types["int"]
    if kind in ("money", "decimal", "percent", "rating"):
        return types["decimal"]
    if kind in ("date", "datetime", "flag"):
        return types[kind]
    if types["text"].upper() == "TEXT":
        return types["text"]
    length = types["length"] or {"code": "20", "one": "30", "text": "255"}.get(kind, "80")
    return f"{types['text']}({length})"


def _refs(table: NamedTable) -> list[NamedColumn]:
    return [column for column in table.columns if column.spec.kind == "ref"]


def _foreign_key(column: NamedColumn, tables: dict[str, NamedTable]) -> ForeignKey:
    parent = tables[column.spec.argument]
    return ForeignKey((column.name,), parent.name, (parent.key.name,) if parent.key is not None else ())


def _lookup_values(table: NamedTable, style: ValueStyle, rng: random.Random) -> dict[str, list[Any]]:
    """For a table of countries, room types and their like: the values that tell its rows apart, by column."""
    if any(column.spec.kind in NAME_KINDS | {"ref"} for column in table.columns):
        return {}
    named = [c for c in table.columns if c.spec.name.split("_")[-1] in ("name", "title", table.spec.name)]
    values = {column.name: draw_distinct_values(column.spec, style, rng) for column in named[:1]}
    return {name: drawn for name, drawn in values.items() if len(drawn) >= _FEWEST_LOOKUP_ROWS}


def _row_count(table: NamedTable, lookup: dict[str, list[Any]], rng: random.Random) -> int:
    if lookup:
        return min(rng.randint(_FEWEST_ROWS, 40), *map(len, lookup.values()))
    if is_junction(table.spec):
        return rng.randint(30, 220)
    if not table.spec.refs:
        return rng.randint(_FEWEST_ROWS, rng.choice((15, 30, 60)))
    return rng.randint(15, rng.choice((40, 80, 120)))


def _draw_keys(table: NamedTable, count: int, rng: random.Random) -> list[Any]:
    """The primary key of every row; empty for a table without one."""
    if table.key is None:
        return []
    if table.key.spec.kind == "code":
        return draw_codes(table.key.spec.argument, count, rng)
    first, step = rng.choice(((1, 1), (1, 1), (1, 1), (101, 1), (1001, 1), (10, 10), (1000, 7)))
    return list(range(first, first + count * step, step))


def _column_values(
    table: NamedTable,
    column: NamedColumn,
    count: int,
    keys: dict[str, list[Any]],
    style: ValueStyle,
    null_rate: float,
    rng: random.Random,
) -> list[Any]:
    if column is table.key:
        return keys[table.spec.name]
    if column.spec.kind == "ref":
        if column.spec.argument == table.spec.name:
            return _own_references(keys[table.spec.name], rng)
        drawn = _references(keys[column.spec.argument], count, rng)
        may_be_null = not is_junction(table.spec) and rng.random() < null_rate / 3
    else:
        drawn = draw_values(column.spec, count, style, rng)
        may_be_null = column.spec.kind not in NAME_KINDS and rng.random() < null_rate
    return with_nulls(drawn, rng.choice((0.05, 0.1, 0.2)), rng) if may_be_null else drawn


def _references(parents: list[Any], count: int, rng: random.Random) -> list[Any]:
    """Parents picked unevenly; some of them, usually, not at all."""
    used = max(1, round(len(parents) * rng.choice((0.65, 0.8, 0.9, 1.0))))
    chosen = rng.sample(parents, used)
    return rng.choices(chosen, skewed_weights(used, rng), k=count)


def _own_references(keys: list[Any], rng: random.Random) -> list[Any]:
    """References to earlier rows of the same table, mostly to a few of them; the first rows have none."""
    roots = rng.randint(1, 3)
    seniors = keys[: max(roots, len(keys) // 3)]
    return [None if row < roots else rng.choice(seniors[: min(row, len(seniors))]) for row in range(len(keys))]


def _separate_twins(
    table: NamedTable, columns: list[list[Any]], keys: dict[str, list[Any]], rng: random.Random
) -> None:
    """Where two references of a row point at one parent (a team playing itself), changes the later one, in place."""
    earlier: dict[str, list[list[Any]]] = {}
    for column, drawn in zip(table.columns, columns, strict=True):
        parent = column.spec.argument
        if column.spec.kind != "ref" or parent == table.spec.name:
            continue
        for other in earlier.setdefault(parent, []):
            for row, (value, twin) in enumerate(zip(drawn, other, strict=True)):
                if value is not None and value == twin:
                    drawn[row] = rng.choice([key for key in keys[parent] if key != twin])
        earlier[parent].append(drawn)


def _let_dates_follow(table: NamedTable, columns: list[list[Any]], rng: random.Random) -> None:
    """Puts each date that follows another some days after it, or leaves it open, in place."""
    places = {column.spec.name: place for place, column in enumerate(table.columns)}
    for place, column in enumerate(table.columns):
        if column.spec.follows not in places:
            continue
        people = column.spec.name.startswith(("left", "retired"))
        longest, still_open = (2500, 0.6) if people else (rng.choice((10, 40, 120)), rng.choice((0.0, 0.1, 0.25)))
        for row, start in enumerate(columns[places[column.spec.follows]]):
            known = start is not None and rng.random() >= still_open
            days = int(longest * rng.betavariate(1.2, 3.0))
            columns[place][row] = (date.fromisoformat(start[:10]) + timedelta(days)).isoformat() if known else None


def _distinct_rows(rows: list[tuple[Any, ...]], table: Table) -> list[tuple[Any, ...]]:
    """The rows without those that repeat a combined primary key."""
    primary = [place for place, column in enumerate(table.columns) if column.primary_key]
    if len(primary) < 2:
        return rows
    kept: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        kept.setdefault(tuple(row[place] for place in primary), row)
    return list(kept.values())
