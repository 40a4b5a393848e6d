"""What the database holds: tables, columns, keys, row counts, values, and a drawing of how tables hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from sqlglot import exp

from coderag_app.errors import CodeRAGError
from coderag_app.text.cell_text import visible_text
from ui.page.plain_text import draw_error, draw_sql, draw_text
from ui.page.result_table import rows_frame
from ui.page.value_switch import draw_value_switch

if TYPE_CHECKING:
    from coderag_app.schema.tables import Column, Schema, Table
    from ui.page.session import PageSession
    from ui.page.shared_engines import OpenDatabase

_PREVIEW_ROWS = 20
_MAX_DRAWN_TABLES = 40  # a drawing of more is no help


def draw_schema(session: PageSession) -> None:
    """The schema of the open database."""
    opened = session.opened
    if opened is None or opened.schema is None:
        st.subheader("Data", anchor=False)
        st.info(
            "No database is open, so there is nothing to show here. Open one under Connect.", icon=":material/info:"
        )
        return
    schema = opened.schema
    st.subheader("Tables", anchor=False)
    numbers = range(len(schema.tables))
    chosen = st.selectbox(
        f"{len(schema.tables)} tables", numbers, key="table",
        format_func=lambda number: visible_text(schema.tables[number].name),
    )  # fmt: skip
    if chosen is not None and chosen < len(schema.tables):
        _draw_table(session, opened, schema.tables[chosen])
    _draw_relations(schema)


def _draw_table(session: PageSession, opened: OpenDatabase, table: Table) -> None:
    unread = _switched_off(opened, table)
    count = row_count(opened, table)
    rows = "too many rows to count quickly" if count is None else f"{count:,} row{'' if count == 1 else 's'}"
    st.caption(f"{len(table.columns)} columns · {rows}")
    st.dataframe(columns_frame(table, unread), hide_index=True, height="content", key=f"columns-{table.name}")
    if opened.unread is not None:
        draw_value_switch(session, opened.unread, table)
    with st.expander("First rows", icon=":material/table_rows:", key="preview", on_change="rerun") as preview:
        if preview.open:
            _draw_preview(opened, table, unread)
    with st.expander("As SQL", icon=":material/code:", key="ddl"):
        draw_sql(opened.schema.keep([table.name]).to_ddl(samples=False) if opened.schema is not None else "")


def _switched_off(opened: OpenDatabase, table: Table) -> frozenset[str]:
    names = (column.name for column in table.columns)
    return frozenset(name for name in names if opened.unread is not None and opened.unread.is_off(table.name, name))


def row_count(opened: OpenDatabase, table: Table) -> int | None:
    """How many rows a table has, counted once through the sandbox; None where that took longer than a query may."""
    if table.name not in opened.row_counts:
        answer = opened.engine.run_sql(f"SELECT COUNT(*) FROM {_quoted(opened, table)}")
        opened.row_counts[table.name] = int(answer.rows[0][0]) if answer.rows else None
    return opened.row_counts[table.name]


def _draw_preview(opened: OpenDatabase, table: Table, unread: frozenset[str]) -> None:
    shown = [_quoted(opened, column) for column in table.columns if column.name not in unread]
    if not shown:
        st.caption("The values of all columns are switched off.")
        return
    columns = ", ".join(shown) if unread else "*"
    try:
        answer = opened.engine.run_sql(f"SELECT {columns} FROM {_quoted(opened, table)} LIMIT {_PREVIEW_ROWS}")
    except CodeRAGError as error:
        draw_error("The rows could not be read.", str(error))
        return
    if not answer.ok:
        draw_error("The rows could not be read.", answer.error)
    else:
        st.dataframe(rows_frame(answer.columns, answer.rows), hide_index=True, placeholder="NULL", key="preview-rows")


def _quoted(opened: OpenDatabase, named: Table | Column) -> str:
    return exp.to_identifier(named.name, quoted=True).sql(dialect=opened.dialect)


def columns_frame(table: Table, unread: frozenset[str] = frozenset()) -> pd.DataFrame:
    """The columns of a table: name, type, key, and some of its values, unless they are switched off."""
    rows = [
        (
            visible_text(column.name),
            visible_text(column.type),
            _key(table, column),
            "(switched off)" if column.name in unread else _values(column),
        )  # fmt: skip
        for column in table.columns
    ]
    return pd.DataFrame(rows, columns=["Column", "Type", "Key", "For example"])


def _key(table: Table, column: Column) -> str:
    parts = ["primary key"] if column.primary_key else []
    for key in table.foreign_keys:
        if column.name in key.columns:
            position = key.columns.index(column.name)
            target = f".{key.ref_columns[position]}" if position < len(key.ref_columns) else ""
            parts.append(f"→ {key.ref_table}{target}{'' if key.is_declared else ' (inferred)'}")
    return visible_text(", ".join(parts))


def _values(column: Column) -> str:
    return visible_text(", ".join(column.samples))


def _draw_relations(schema: Schema) -> None:
    from coderag_app.schema.er_diagram import er_diagram

    with st.expander(
        "How the tables hang together", icon=":material/account_tree:", key="relations", on_change="rerun"
    ) as drawn:
        if not drawn.open:
            return
        if not any(table.foreign_keys for table in schema.tables):
            draw_text("No keys between tables are declared or could be inferred, so the tables stand alone.")
        if len(schema.tables) > _MAX_DRAWN_TABLES:
            draw_text(f"Only tables with keys between them are drawn, {_MAX_DRAWN_TABLES} at most.")
        st.graphviz_chart(er_diagram(_drawable(schema)), width="stretch")


def _drawable(schema: Schema) -> Schema:
    """The whole schema, or of a large one its connected tables."""
    if len(schema.tables) <= _MAX_DRAWN_TABLES:
        return schema
    linked = [table.name for table in schema.tables if table.foreign_keys]
    linked += [key.ref_table for table in schema.tables for key in table.foreign_keys]
    return schema.keep(list(dict.fromkeys(linked))[:_MAX_DRAWN_TABLES])
