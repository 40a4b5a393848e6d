"""Charts for a result, as declarative Vega-Lite specs with the data inside. Pure; no code is generated.

Column names and cells never reach a place where Vega reads a field path or an expression: the data's fields are called
``c0``, ``c1``, ..., and names appear as titles alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coderag_app.answers.chart_columns import ChartColumn, ChartKind, read_columns
from coderag_app.answers.result_origins import ResultOrigins
from coderag_app.text.cell_text import shorten, visible_text

MAX_BARS = 40
MAX_POINTS = 1_000
_MAX_SLICES = 6
_MAX_SERIES = 8
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MAX_CHARTS = 6
_NOTHING_KNOWN = ResultOrigins()


@dataclass(frozen=True, slots=True)
class Chart:
    """One way to draw a result.

    Attributes:
        kind: number, bar, line, scatter, pie or histogram.
        title: The label in a picker, e.g. ``Bars: customers by country`` (holds column names: untrusted text).
        spec: Vega-Lite v5 specification with inline data values.
    """

    kind: str
    title: str
    spec: dict[str, Any]


def suggest_charts(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], origins: ResultOrigins = _NOTHING_KNOWN
) -> tuple[Chart, ...]:
    """Suggest the charts that fit a result's shape and types, best first; none if nothing fits.

    A single number is shown large; values over time become a line; values by category bars, and a pie where they are
    few shares of a whole; two measures a scatter plot; one column of many numbers a histogram. Bars stand in the order
    of the query; without one, months and the like in theirs, and all others by their length.

    Args:
        columns: The names of the result's columns.
        rows: Its rows.
        origins: What is known of the result's query.

    Example:
        >>> [chart.kind for chart in suggest_charts(["city", "customers"], [("Lyon", 3), ("Oslo", 5)])]
        ['bar', 'pie']
    """
    rows = [row for row in rows if any(cell is not None for cell in row)]
    found = read_columns(columns, rows[:MAX_POINTS], origins.columns)
    measures = [column for column in found if column.kind is ChartKind.MEASURE]
    times = [column for column in found if column.kind is ChartKind.TIME]
    categories = [column for column in found if column.kind is ChartKind.CATEGORY]
    if not rows or not measures:
        return ()
    if len(rows) == 1:
        return (_number(measures[0], categories),) if len(measures) == 1 and len(found) <= 2 else ()
    charts: list[Chart] = []
    for measure in measures[:3]:
        charts += _over_time(times, categories, measure)
        charts += _by_category(categories, times, measure, origins.is_ordered)
    charts += _scatters(measures, categories)
    if len(found) == 1:
        charts.append(_histogram(measures[0]))
    return tuple(charts[:_MAX_CHARTS])


def _over_time(times: list[ChartColumn], categories: list[ChartColumn], measure: ChartColumn) -> list[Chart]:
    if not times:
        return []
    time = times[0]
    series = next((c for c in categories if 1 < c.distinct <= _MAX_SERIES and c.unique_with(time)), None)
    if time.distinct < 3 or (series is None and not time.is_unique):
        return []
    encoding = {"x": _axis(time), "y": _axis(measure)}
    used = [time, measure]
    if series is not None:
        encoding["color"] = {**_axis(series), "legend": {"title": _title(series)}}
        used.append(series)
    mark = {"type": "line", "point": len(time.values) <= 60}
    by = f" by {_title(series)}" if series is not None else ""
    return [_chart("line", f"Line: {_title(measure)} over {_title(time)}{by}", used, mark, encoding)]


def _by_category(
    categories: list[ChartColumn], times: list[ChartColumn], measure: ChartColumn, is_ordered: bool
) -> list[Chart]:
    unique = next((column for column in categories if column.is_unique), None)
    if unique is None and not categories:
        unique = next((time for time in times if time.is_unique and time.distinct <= MAX_BARS), None)
    if unique is not None:
        order = range(len(unique.values)) if is_ordered else _natural_order(unique, measure)
        return _bars(unique.taken(order), measure.taken(order))
    for first in categories:
        for second in categories:
            if first is not second and second.distinct <= _MAX_SERIES and first.unique_with(second):
                return [_grouped_bars(first, second, measure)]
    return []


def _natural_order(category: ChartColumn, measure: ChartColumn) -> list[int]:
    """The places of rows in an order that everybody knows, times in theirs, and all others with the largest first."""
    places = range(len(category.values))
    if category.rank:
        return sorted(places, key=lambda place: category.rank[place])
    if category.kind is ChartKind.TIME:
        return sorted(places, key=lambda place: str(category.values[place]))
    return sorted(places, key=lambda place: (measure.values[place] is None, -(measure.values[place] or 0)))


def _bars(category: ChartColumn, measure: ChartColumn) -> list[Chart]:
    title = f"{_title(measure)} by {_title(category)}"
    count = len(category.values)
    shown = f" (the first {MAX_BARS} of {count})" if count > MAX_BARS else ""
    encoding = {
        "y": {**_axis(category), "type": "nominal", "sort": None},
        "x": {**_axis(measure), "scale": {"zero": True}},
    }
    charts = [_chart("bar", f"Bars: {title}{shown}", [category, measure], {"type": "bar"}, encoding, MAX_BARS)]
    if 2 <= count <= _MAX_SLICES and measure.is_share and category.kind is ChartKind.CATEGORY:
        slices = {
            "theta": {**_axis(measure), "stack": True},
            "color": {**_axis(category), "sort": None, "legend": {"title": _title(category)}},
        }
        charts.append(_chart("pie", f"Pie: {title}", [category, measure], {"type": "arc"}, slices))
    return charts


def _grouped_bars(first: ChartColumn, second: ChartColumn, measure: ChartColumn) -> Chart:
    encoding = {
        "y": {**_axis(first), "sort": None},
        "x": {**_axis(measure), "scale": {"zero": True}, "stack": None},
        "yOffset": {"field": second.field, "type": "nominal"},
        "color": {**_axis(second), "legend": {"title": _title(second)}},
    }
    title = f"Bars: {_title(measure)} by {_title(first)} and {_title(second)}"
    return _chart("bar", title, [first, second, measure], {"type": "bar"}, encoding, 2 * MAX_BARS)


def _scatters(measures: list[ChartColumn], categories: list[ChartColumn]) -> list[Chart]:
    if len(measures) < 2 or len(measures[0].values) < 5:
        return []
    first, second = measures[:2]
    encoding: dict[str, Any] = {
        "x": {**_axis(first), "scale": {"zero": False}},
        "y": {**_axis(second), "scale": {"zero": False}},
    }
    group = next((column for column in categories if 1 < column.distinct <= _MAX_SERIES), None)
    if group is not None:
        encoding["color"] = {**_axis(group), "legend": {"title": _title(group)}}
    used = [first, second, *categories[:2]]
    mark = {"type": "point", "filled": True, "opacity": 0.7}
    return [_chart("scatter", f"Points: {_title(second)} against {_title(first)}", used, mark, encoding)]


def _histogram(measure: ChartColumn) -> Chart:
    encoding = {
        "x": {**_axis(measure), "bin": True},
        "y": {"aggregate": "count", "type": "quantitative", "title": "rows"},
    }
    return _chart("histogram", f"Histogram: {_title(measure)}", [measure], {"type": "bar"}, encoding, tooltip=False)


def _number(measure: ChartColumn, categories: list[ChartColumn]) -> Chart:
    label = categories[0].values[0] if categories else _title(measure)
    values = [{"number": measure.texts[0], "label": label}]
    spec = {
        "$schema": _SCHEMA,
        "data": {"values": values},
        "width": "container",
        "height": 120,
        "layer": [
            {
                "mark": {"type": "text", "fontSize": 44, "fontWeight": "bold", "baseline": "middle"},
                "encoding": {"text": {"field": "number", "type": "nominal"}},
            },
            {
                "mark": {"type": "text", "fontSize": 14, "dy": 40, "opacity": 0.7},
                "encoding": {"text": {"field": "label", "type": "nominal"}},
            },
        ],
        "config": {"view": {"stroke": None}},
    }
    return Chart("number", f"Number: {_title(measure)}", spec)


def _chart(
    kind: str,
    title: str,
    columns: list[ChartColumn],
    mark: dict[str, Any],
    encoding: dict[str, Any],
    max_rows: int = MAX_POINTS,
    tooltip: bool = True,
) -> Chart:
    values = [
        {column.field: column.values[row] for column in columns}
        for row in range(min(len(columns[0].values), max_rows))
        if all(column.values[row] is not None for column in columns)
    ]
    if tooltip:
        encoding = {**encoding, "tooltip": [_named(column) for column in columns]}
    spec = {
        "$schema": _SCHEMA,
        "data": {"values": values},
        "mark": mark,
        "encoding": encoding,
        "width": "container",
        "height": {"step": 22} if kind == "bar" else 320,
    }
    return Chart(kind, title, spec)


def _named(column: ChartColumn) -> dict[str, Any]:
    return {"field": column.field, "type": column.vega_type, "title": _title(column)}


def _axis(column: ChartColumn) -> dict[str, Any]:
    axis = _named(column)
    if column.vega_type == "temporal":
        axis["scale"] = {"type": "utc"}  # the values are in UTC; local time could show the day before
    return axis


def _title(column: ChartColumn | None) -> str:
    return shorten(visible_text(column.name), 60) or "(no name)" if column is not None else ""
