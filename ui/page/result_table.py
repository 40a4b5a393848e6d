"""The rows of an answer: as a table, as a chart, as a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from coderag_app.answers.result_files import is_formula, to_csv, to_excel, to_parquet, unique_names
from coderag_app.text.cell_text import cell_text, visible_text
from ui.page.plain_text import draw_text

if TYPE_CHECKING:
    from coderag_app.answers.charts import Chart
    from coderag_app.schema.tables import Schema
    from coderag_app.types import SQLAnswer

_MAX_CELL_CHARS = 2_000
_MAX_EXACT_INTEGER = 2**53  # browsers keep numbers as doubles
_FEW_COLUMNS = 4
_TALL_ROWS, _MAX_HEIGHT = 9, 320  # the SQL below should stay in sight
_TABLE = -1
_CHART_ICONS = {
    "number": ":material/pin:",
    "bar": ":material/bar_chart:",
    "line": ":material/show_chart:",
    "area": ":material/area_chart:",
    "scatter": ":material/scatter_plot:",
    "pie": ":material/pie_chart:",
}


def draw_result(answer: SQLAnswer, key: str, schema: Schema | None) -> None:
    """The rows, as the table or the chart that a person chose; the schema says what their columns hold."""
    if not answer.rows:
        st.info("The query ran and found no rows.", icon=":material/info:")
        return
    charts = _charts(answer, schema)
    chosen = _pick_view(charts, key) if charts else _TABLE
    if chosen == _TABLE:
        _draw_table(answer, key)
    else:
        draw_text(charts[chosen].title)
        st.vega_lite_chart(charts[chosen].spec, key=f"{key}-chart-{chosen}", width="stretch")


def _charts(answer: SQLAnswer, schema: Schema | None) -> tuple[Chart, ...]:
    from coderag_app.answers.charts import suggest_charts
    from coderag_app.answers.result_origins import result_origins

    return suggest_charts(answer.columns, answer.rows, result_origins(answer.sql, schema))


def _pick_view(charts: Sequence[Chart], key: str) -> int:
    """The table, or the number of a chart; labels hold kinds alone, for titles hold untrusted names."""

    def label(number: int) -> str:
        if number == _TABLE:
            return ":material/table: Table"
        kind = charts[number].kind
        same = sum(chart.kind == kind for chart in charts[:number])
        return (
            f"{_CHART_ICONS.get(kind, ':material/insert_chart:')} {kind.capitalize()}{f' {same + 1}' if same else ''}"
        )

    options = [_TABLE, *range(len(charts))]
    chosen = st.segmented_control(
        "Show as", options, default=_TABLE, required=True, format_func=label, key=f"{key}-view",
        label_visibility="collapsed",
    )  # fmt: skip
    return _TABLE if chosen is None else int(chosen)


def _draw_table(answer: SQLAnswer, key: str) -> None:
    frame = rows_frame(answer.columns, answer.rows)
    few = len(answer.columns) <= _FEW_COLUMNS
    tall = len(answer.rows) > _TALL_ROWS - 1
    st.dataframe(
        frame, hide_index=True, placeholder="NULL", width="content" if few else "stretch",
        height=_MAX_HEIGHT if tall else "content", key=f"{key}-table",
    )  # fmt: skip


def draw_downloads(answer: SQLAnswer, key: str) -> None:
    """The rows as files; they are written when they are asked for."""
    keep = _pick_formulas(key) if _has_formulas(answer) else False
    kinds = (
        ("CSV", "csv", "text/csv", partial(to_csv, keep_formulas=keep)),
        ("Parquet", "parquet", "application/vnd.apache.parquet", to_parquet),
        ("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_excel),
    )
    for label, suffix, mime, write in kinds:
        st.download_button(
            label, partial(write, answer.columns, answer.rows), file_name=f"answer.{suffix}", mime=mime,
            on_click="ignore", icon=":material/download:", key=f"{key}-{suffix}", type="tertiary",
        )  # fmt: skip


def _has_formulas(answer: SQLAnswer) -> bool:
    texts = (value for row in (answer.columns, *answer.rows) for value in row if isinstance(value, str))
    return any(map(is_formula, texts))


def _pick_formulas(key: str) -> bool:
    return st.toggle(
        "Keep formulas in CSV", key=f"{key}-formulas",
        help="Some texts begin with =, +, - or @: a spreadsheet would compute them, and a formula can run programs. "
        "The CSV file writes a ' before them unless you keep them as they are.",
    )  # fmt: skip


def rows_frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Rows as a frame that a browser shows faithfully: unique names, one type a column, NULL left out.

    Numbers stay numbers, so that they sort; integers above 2^53 and everything else become text.
    """
    names = unique_names([visible_text(name) for name in columns])
    cells = ([row[position] for row in rows] for position in range(len(names)))
    return pd.DataFrame({name: _series(values) for name, values in zip(names, cells, strict=True)}, columns=names)


def _series(values: Sequence[Any]) -> pd.Series:
    present = [value for value in values if value is not None]
    numeric = bool(present) and all(type(value) in (int, float) for value in present)
    exact = all(abs(value) <= _MAX_EXACT_INTEGER for value in present if type(value) is int)
    if numeric and exact:
        whole = all(type(value) is int for value in present)
        return pd.Series(list(values), dtype="Int64" if whole else "Float64")
    return pd.Series([None if value is None else _shown(value) for value in values], dtype="object")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return visible_text(value[:_MAX_CELL_CHARS])
    return cell_text(value, _MAX_CELL_CHARS)
