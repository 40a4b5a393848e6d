"""Rows in order of a column."""

from __future__ import annotations

from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, NUMERIC_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import columns_of, request, subject

FAMILY = "superlatives"


def _order_words(draw: Draw, column: DescribedColumn, phrase: str) -> tuple[str, bool]:
    down = draw.chance(0.45)
    if column.kind in DATE_KINDS or column.kind == "year":
        words = (
            (
                "[from the latest to the earliest {key}|by {key}, newest first|in descending order of {key}|"
                "sorted by {key} descending]"
            )
            if down
            else (
                "[from the earliest to the latest {key}|in order of {key}|sorted by {key}|"
                "by {key}, oldest first|ordered by {key}]"
            )
        )
    elif column.kind not in NUMERIC_KINDS:
        words = (
            "[in reverse alphabetical order of {key}|in descending order of {key}|sorted by {key} from Z to A|"
            "in descending alphabetical order of {key}]"
            if down
            else (
                "[in alphabetical order of {key}|ordered by {key}|sorted by {key}|in ascending order of {key}|"
                "sorted alphabetically by {key}]"
            )
        )
    else:
        words = "<desc>" if down else "<asc>"
    return draw.say(words, key=phrase), down


def _ordered(draw: Draw, count: int, filtered: bool = False) -> DrawnPair | None:
    table = draw.table(lambda t: len(t.columns) > count + 1)
    if table is None:
        return None
    key = draw.measured(table) if draw.chance(0.7) else draw.text(table)
    if key is None:
        return None
    found = condition(draw, table, besides=(key.name,)) if filtered else None
    if filtered and found is None:
        return None
    shown = draw.projection(table, count, () if draw.chance(0.25) else (key.name,))
    if not shown:
        return None
    rows = subject(draw, table, *([found] if found else []))
    how, down = _order_words(draw, key, draw.phrase(table, key))
    base = request(draw, *columns_of(draw, shown, rows))
    question = f"{base}{draw.choice((' ', ' ', ', ', ', '))}{how}"
    if draw.chance(0.12):
        rest = how.removeprefix("sorted ").removeprefix("ordered ")
        question = base + draw.say("[. Sort|. Order] [them|the results|the result|the list] ") + rest
    order = draw.ref(table, key) + (" DESC" if down else draw.choice(("", "", " ASC")))
    return DrawnPair(question, select([draw.ref(table, c) for c in shown], quoted(table.name), rows.where, order=order))


@pattern(2.2, FAMILY)
def order_one_column(draw: Draw) -> DrawnPair | None:
    """The names of students in order of age."""
    return _ordered(draw, 1)


@pattern(1.8, FAMILY)
def order_two_columns(draw: Draw) -> DrawnPair | None:
    """The names and countries of students in order of age."""
    return _ordered(draw, 2)


@pattern(1.4, FAMILY)
def order_three_columns(draw: Draw) -> DrawnPair | None:
    """Three or four columns of all rows in order of one of them or another."""
    return _ordered(draw, draw.choice((3, 3, 4)))


@pattern(1.2, FAMILY)
def order_filtered(draw: Draw) -> DrawnPair | None:
    """The names of students from France in order of age."""
    return _ordered(draw, draw.width(), True)


@pattern(0.25, FAMILY)
def order_by_two(draw: Draw) -> DrawnPair | None:
    """The names of students ordered by country, then by age."""
    table = draw.table(draw.category)
    first = draw.category(table) if table else None
    second = draw.measured(table, (first.name,)) if table and first else None
    shown = draw.projection(table, 1, (first.name, second.name)) if table and first and second else []
    if table is None or first is None or second is None or not shown:
        return None
    question = request(draw, *columns_of(draw, shown, subject(draw, table))) + draw.say(
        "[ ordered|, sorted| sorted] by {one} and then [by |]{two}",
        one=draw.phrase(table, first),
        two=draw.phrase(table, second),
    )
    order = f"{draw.ref(table, first)}, {draw.ref(table, second)}"
    return DrawnPair(question, select([draw.ref(table, shown[0])], quoted(table.name), order=order))


@pattern(0.8, FAMILY)
def order_distinct(draw: Draw) -> DrawnPair | None:
    """The different countries of students, in order."""
    table = draw.table(draw.category)
    column = draw.category(table) if table else None
    if table is None or column is None:
        return None
    key = column if draw.chance(0.5) else draw.measured(table, (column.name,)) or column
    how, down = _order_words(draw, key, draw.phrase(table, key))
    question = request(draw, *columns_of(draw, [column], subject(draw, table), distinct=True))
    order = draw.ref(table, key) + (" DESC" if down else "")
    sql = select([draw.ref(table, column)], quoted(table.name), distinct=True, order=order)
    return DrawnPair(f"{question}{draw.choice((' ', ', '))}{how}", sql)
