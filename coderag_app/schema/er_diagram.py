"""A schema as an entity-relationship drawing in Graphviz's DOT language. Pure."""

from __future__ import annotations

from html import escape

from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.text.cell_text import shorten, visible_text

MAX_TABLES = 80
MAX_COLUMNS = 14
_MAX_NAME_CHARS = 40
_HEAD = """\
digraph schema {
  graph [rankdir=LR, bgcolor="transparent", nodesep=0.3, ranksep=0.9, pad=0.2];
  node [shape=plain, fontname="Helvetica,Arial,sans-serif", fontsize=10];
  edge [color="#7c8797", arrowsize=0.7, arrowhead=normal, arrowtail=crow, dir=both];"""


def er_diagram(schema: Schema) -> str:
    """Draw tables with their columns, and an arrow per foreign key, as DOT text; every name is escaped.

    A very large schema is cut to its best connected tables, and a wide table to its keys and first columns; a last
    line says how much was left out.
    """
    drawn = _drawn_tables(schema)
    nodes = {table.name.lower(): f"t{number}" for number, table in enumerate(drawn)}
    lines = [_HEAD]
    lines += [f"  {nodes[table.name.lower()]} [label=<{_label(table)}>];" for table in drawn]
    lines += [edge for table in drawn for edge in _edges(table, drawn, nodes)]
    left_out = len(schema.tables) - len(drawn)
    if left_out:
        lines.append(f'  more [shape=plaintext, fontcolor="#7c8797", label="{left_out} more tables"];')
    return "\n".join([*lines, "}\n"])


def _drawn_tables(schema: Schema) -> list[Table]:
    """All tables, or the best connected ones, in the schema's order."""
    if len(schema.tables) <= MAX_TABLES:
        return list(schema.tables)
    degree = {table.name.lower(): len(table.foreign_keys) for table in schema.tables}
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.ref_table.lower() in degree:
                degree[key.ref_table.lower()] += 1
    kept = set(sorted(degree, key=lambda name: -degree[name])[:MAX_TABLES])
    return [table for table in schema.tables if table.name.lower() in kept]


def _drawn_columns(table: Table) -> list[tuple[int, Column]]:
    """Choose positions and columns to draw: all that fit, and keys always."""
    if len(table.columns) <= MAX_COLUMNS:
        return list(enumerate(table.columns))
    keys = _foreign_columns(table)
    ranked = sorted(
        enumerate(table.columns), key=lambda item: not (item[1].primary_key or item[1].name.lower() in keys)
    )
    return sorted(ranked[:MAX_COLUMNS])


def _foreign_columns(table: Table) -> set[str]:
    return {name.lower() for key in table.foreign_keys for name in key.columns}


def _label(table: Table) -> str:
    keys = _foreign_columns(table)
    columns = _drawn_columns(table)
    rows = [f'<tr><td colspan="2" bgcolor="#2563eb"><font color="white"><b>{_text(table.name)}</b></font></td></tr>']
    for position, column in columns:
        mark = "PK " if column.primary_key else "FK " if column.name.lower() in keys else ""
        name = f"<b>{_text(column.name)}</b>" if column.primary_key else _text(column.name)
        kind = f'<font color="#5b6675">{mark}{_text(column.type.lower())}</font>'
        rows.append(
            f'<tr><td align="left" port="c{position}">{name}</td><td align="left" port="k{position}">{kind}</td></tr>'
        )
    more = len(table.columns) - len(columns)
    if more:
        rows.append(f'<tr><td colspan="2" align="left"><font color="#5b6675">{more} more columns</font></td></tr>')
    style = 'border="0" cellborder="1" cellspacing="0" cellpadding="4" color="#b6c0cd" bgcolor="#ffffff"'
    return f"<table {style}>{''.join(rows)}</table>"


def _text(name: str) -> str:
    """Escape a name so that an HTML-like label can't read it as markup; an empty one would be a syntax error."""
    return escape(shorten(visible_text(name), _MAX_NAME_CHARS)) or " "


def _edges(table: Table, drawn: list[Table], nodes: dict[str, str]) -> list[str]:
    found: list[str] = []
    by_name = {other.name.lower(): other for other in drawn}
    for key in table.foreign_keys:
        target = by_name.get(key.ref_table.lower())
        if target is None:
            continue
        start = nodes[table.name.lower()] + _port(table, key.columns, "k", "e")
        end = nodes[target.name.lower()] + _port(target, key.ref_columns, "c", "w")
        found.append(f"  {start} -> {end};")
    return found


def _port(table: Table, columns: tuple[str, ...], cell: str, side: str) -> str:
    """Where an arrow meets the table: the cell and side of the key's first column, if that is drawn."""
    wanted = columns[0].lower() if columns else ""
    drawn = {column.name.lower(): position for position, column in _drawn_columns(table)}
    return f":{cell}{drawn[wanted]}:{side}" if wanted in drawn else ""
