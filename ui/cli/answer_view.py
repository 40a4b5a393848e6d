"""An answer for the terminal. Everything shown is escaped text: no markup of a cell or a model is ever interpreted."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Column, Table
from rich.text import Text

from coderag_app.answers.step_labels import duration_text
from coderag_app.text.cell_text import cell_text, shorten, visible_text
from coderag_app.types import AnswerStatus, RetrievedExample, SQLAnswer

MAX_SHOWN_ROWS = 20
_MAX_CELL_CHARS = 60
_LEAST_COLUMN_WIDTH = 8
_MAX_SOURCE_CHARS = 240
_STATUS_STYLE = {
    AnswerStatus.ANSWERED: "green",
    AnswerStatus.REPAIRED: "yellow",
    AnswerStatus.ABSTAINED: "yellow",
    AnswerStatus.FAILED: "bold red",
}


def answer_view(answer: SQLAnswer, width: int, with_question: bool = False) -> RenderableType:
    """SQL, rows or error, sources and timings, for a terminal of ``width`` columns."""
    parts: list[RenderableType] = []
    if with_question:
        parts.append(Text(f"? {visible_text(answer.question)}", style="bold"))
    if answer.is_reply:
        return Group(*parts, Text(visible_text(answer.error)), Text())
    if answer.sql and answer.ok:
        parts.append(sql_view(answer.sql))
    parts += [
        _result_view(answer, width),
        *_doubts_view(answer),
        *_attempts_view(answer),
        _sources_view(answer.sources),
        _footer(answer),
    ]
    return Group(*parts, Text())


def sql_view(sql: str) -> Text:
    """SQL with its keywords coloured, as it stands: what is copied is what ran."""
    shown = visible_text(sql, keep="\n\t")
    coloured = Syntax(shown, "sql", theme="ansi_dark", background_color="default").highlight(shown)
    coloured.rstrip()
    return coloured.append("\n")


def _result_view(answer: SQLAnswer, width: int) -> RenderableType:
    if answer.status is AnswerStatus.ABSTAINED:
        return _abstention_view(answer)
    if answer.status is AnswerStatus.FAILED:
        return _failure_view(answer)
    if not answer.executed:
        return Text("Checked against the retrieved schemas and not run: no database was given.", style="yellow")
    return rows_view(answer.columns, answer.rows, answer.truncated, width)


def _abstention_view(answer: SQLAnswer) -> RenderableType:
    """Why there is no answer, and the SQL that was too unsure, if there is one."""
    if not answer.sql:
        return Text(f"Cannot be answered: {visible_text(answer.error)}", style="yellow")
    label = Text("The query:" if answer.offers_sql else "Its SQL, not to be relied on:", style="dim")
    return Group(Text(visible_text(answer.error), style="yellow"), label, sql_view(answer.sql))


def _failure_view(answer: SQLAnswer) -> RenderableType:
    parts: list[RenderableType] = [Text(f"No answer. {visible_text(answer.error, keep=chr(10))}", style="red")]
    if answer.sql:
        parts += [Text("Last SQL tried (not accepted):", style="dim"), sql_view(answer.sql)]
    return Group(*parts)


def rows_view(
    columns: tuple[str, ...], rows: tuple[tuple[object, ...], ...], truncated: bool, width: int
) -> RenderableType:
    """A table of the first rows; columns that do not fit, long values and further rows are cut, and it says so."""
    cells = [[cell_text(value, _MAX_CELL_CHARS) for value in row] for row in rows[:MAX_SHOWN_ROWS]]
    headers = [cell_text(name, _MAX_CELL_CHARS) for name in columns]
    widths = [
        max(map(cell_len, [header, *column])) for header, column in zip(headers, _columns(cells, headers), strict=True)
    ]
    shown, cap = _fitting(widths, width)
    table = Table(box=box.ROUNDED, header_style="bold")
    for position in range(shown):
        numeric = bool(rows) and all(_is_number(row[position]) for row in rows[:MAX_SHOWN_ROWS])
        table.add_column(
            Text(headers[position]),
            justify="right" if numeric else "left",
            max_width=cap,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row, texts in zip(rows, cells, strict=False):
        table.add_row(
            *(
                Text(text, style="dim italic" if value is None else "")
                for value, text in list(zip(row, texts, strict=True))[:shown]
            )
        )
    return Group(table, Text(_rows_note(len(rows), truncated, len(columns) - shown), style="dim"))


def _columns(cells: list[list[str]], headers: list[str]) -> Iterable[list[str]]:
    return ([row[position] for row in cells] for position in range(len(headers)))


def _fitting(widths: list[int], width: int) -> tuple[int, int]:
    """How many columns fit, and the widest that a column may be: the wide give way before the narrow."""
    frame = 3  # a border and two blanks a column
    shown = len(widths)
    while shown > 1 and 1 + sum(min(w, _LEAST_COLUMN_WIDTH) + frame for w in widths[:shown]) > width:
        shown -= 1
    for cap in range(_MAX_CELL_CHARS, _LEAST_COLUMN_WIDTH, -1):
        if 1 + sum(min(w, cap) + frame for w in widths[:shown]) <= width:
            return shown, cap
    return shown, _LEAST_COLUMN_WIDTH


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _rows_note(count: int, truncated: bool, hidden_columns: int) -> str:
    notes = [f"{count} row{'' if count == 1 else 's'}"]
    if count > MAX_SHOWN_ROWS:
        notes.append(f"the first {MAX_SHOWN_ROWS} shown")
    if hidden_columns:
        notes.append(f"{hidden_columns} more column{'' if hidden_columns == 1 else 's'} not shown")
    if count > MAX_SHOWN_ROWS or hidden_columns:
        notes.append("--json prints all")
    if truncated:
        notes.append("cut at the limits: the database holds more (--max-rows)")
    return ", ".join(notes)


def _doubts_view(answer: SQLAnswer) -> list[RenderableType]:
    """What the checks say against the answer, a line each."""
    if not (answer.ok and answer.doubts):
        return []
    return [Text("\n".join(map(visible_text, answer.doubts)), style="yellow")]


def _attempts_view(answer: SQLAnswer) -> list[RenderableType]:
    refused = [attempt for attempt in answer.attempts if attempt.error]
    if answer.ok and refused:
        lines = [f"Attempt {n} was refused: {shorten(visible_text(a.error), 300)}" for n, a in enumerate(refused, 1)]
        return [Text("\n".join(lines), style="dim")]
    return []


def _sources_view(sources: tuple[RetrievedExample, ...]) -> RenderableType:
    if not sources:
        return Text("Sources: none\n", style="dim")
    table = Table(
        Column("similarity", justify="right"),
        Column("database", max_width=24, no_wrap=True, overflow="ellipsis"),
        Column("source: question and SQL"),
        box=box.SIMPLE_HEAD,
        header_style="dim",
    )
    for source in sources:
        example = source.example
        sql = shorten(" ".join(example.sql.split()), _MAX_SOURCE_CHARS)
        texts = (
            f"{source.similarity:.3f}",
            example.db_id or "-",
            f"{shorten(example.question, _MAX_SOURCE_CHARS)}\n{sql}",
        )
        table.add_row(*(Text(visible_text(text, keep="\n")) for text in texts), style="dim")
    return table


def _footer(answer: SQLAnswer) -> RenderableType:
    text = Text().append(answer.status.value, style=_STATUS_STYLE[answer.status])
    total = answer.timings_s.get("total")
    if total is not None:
        steps = ", ".join(f"{step} {duration_text(s)}" for step, s in answer.timings_s.items() if step != "total")
        text.append(f" in {duration_text(total)} ({steps})", style="dim")
    if answer.ok and answer.confidence is not None:
        why = "; ".join(answer.confidence.reasons)
        text.append(f"\nconfidence {answer.confidence.score:.2f}: {why}", style="dim")
    names = {"database": answer.database, "model": answer.model, "encoder": answer.encoder}
    known = " · ".join(f"{label} {visible_text(name)}" for label, name in names.items() if name)
    return text.append(f"\n{known}", style="dim")
