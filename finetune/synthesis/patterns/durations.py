"""Days between two dates of a row: listed, on average, longer than so many."""

from __future__ import annotations

import re

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import Doing, ask_how_many, ask_which, name_refs, names_of, rows_or_count
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.event_words import event_of
from finetune.synthesis.patterns.lookup import DATE_KINDS, name_words, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject
from finetune.synthesis.wording import number_word

FAMILY = ANALYSIS

_ENDS = re.compile(
    r"\b(?:return\w*|shipp\w*|deliver\w*|dispatch\w*|left|leaving|end\w*|finish\w*|complet\w*|clos\w*|paid|payment|"
    r"expir\w*|due|departure|resol\w*|settled|approv\w*|review\w*|answer\w*|cancel\w*|retire\w*|last|until|died|death)\b"
)
_SPANS = (
    ("a week", 7),
    ("two weeks", 14),
    ("a month", 30),
    ("a year", 365),
    ("three months", 90),
    ("half a year", 182),
)


def _span(draw: Draw) -> tuple[DescribedTable, DescribedColumn, DescribedColumn] | None:
    """A table with two dates: when something began and when it ended."""
    table = draw.table(lambda t: _two_dates(draw, t))
    pair = _two_dates(draw, table) if table else None
    return (table, *pair) if table and pair else None


def _two_dates(draw: Draw, table: DescribedTable) -> tuple[DescribedColumn, DescribedColumn] | None:
    dates = [c for c in table.columns if c.kind in DATE_KINDS and len(c.values) > 1 and "birth" not in c.phrases[0]]
    ends = [c for c in dates if _ENDS.search(f"{c.phrases[0]} {name_words(c.name)}")]
    starts = [c for c in dates if c not in ends]
    return (draw.rng.choice(starts), draw.rng.choice(ends)) if starts and ends else None


def _days(draw: Draw, table: DescribedTable, start: DescribedColumn, end: DescribedColumn, joined: bool = False) -> str:
    return f"julianday({draw.ref(table, end, joined)}) - julianday({draw.ref(table, start, joined)})"


def _slots(draw: Draw, table: DescribedTable, start: DescribedColumn, end: DescribedColumn) -> dict[str, str]:
    one, many = draw.noun(table)
    last = event_of(end)
    return {
        "row": one, "rows": many, "start": draw.phrase(table, start), "end": draw.phrase(table, end),
        "done": f"to be {last.done}" if last and last.passive else f"to {last.base}" if last else "",
        "before": f"before they {last.many}" if last else "",
    }  # fmt: skip


@pattern(2.8, FAMILY)
def days_of_rows(draw: Draw) -> DrawnPair | None:
    """How many days passed between the order date and the shipping date of each order? How long on average?"""
    found = _span(draw)
    if found is None:
        return None
    table, start, end = found
    limit = condition(draw, table, besides=(start.name, end.name)) if draw.chance(0.3) else None
    rows = subject(draw, table, *([limit] if limit else []))
    slots = {**_slots(draw, table, start, end), "rows": rows.plural, "row": rows.singular}
    days = _days(draw, table, start, end)
    if draw.chance(0.6):
        function, word = draw.choice((("AVG", "average"), ("AVG", "average"), ("MAX", "longest"), ("MIN", "shortest")))
        mean = function == "AVG"
        done = "How long does it take on average for {rows} {done}|" if slots["done"] and mean else ""
        question = draw.say(
            "[" + done + "What is the average number of days between {start} and {end} of {rows}|"
            "How many days [are|lie|pass] between {start} and {end} of {rows} on average|"
            "On average, how many days [after|from] the {start} is the {end} of {rows}|"
            "<show> the average [time in days|number of days] from {start} to {end} of {rows}|"
            "How many days does it take on average from {start} to {end} of {rows}]"
            if mean
            else "[What is the {word} time in days between {start} and {end} of {rows}|"
            "How many days is the {word} time from {start} to {end} of [any|a] {row}|"
            "<show> the {word} number of days between {start} and {end} of {rows}|"
            "How many days did the {word} {row} take from {start} to {end}]",
            word=word, **slots,
        )  # fmt: skip
        return DrawnPair(question, select(f"{function}({days})", quoted(table.name), rows.where))
    refs = name_refs(draw, table)
    if not refs:
        return None
    named, down = names_of(draw, table, False), draw.chance(0.85)
    if draw.chance(0.4):
        question = draw.say(
            "[Which {row} took the {most} from {start} to {end}|Which {row} has the {most} time between {start} and "
            "{end}|<show> the {row} with the {most} time from {start} to {end}|"
            "For which {row} did it take the {most} from {start} to {end}]",
            most="longest" if down else "shortest",
            **slots,
        )
        return DrawnPair(question, select(refs, quoted(table.name), _known(draw, table, end, rows.where),
                                          order=days + (" DESC" if down else ""), limit=1))  # fmt: skip
    question = draw.say(
        "[How many days [passed|lie|are there] between {start} and {end} of each {row}? Show the {named} as well|"
        "<show> the {named} of each {row} and the number of days [between {start} and {end}|from {start} to {end}]|"
        "For each {row}, [show|list|give] the {named} and the days from {start} to {end}|"
        "<show> [all|the] {rows} with the number of days between {start} and {end}|"
        "List the {rows} and how many days they took from {start} to {end}|"
        "What are the {named} of each {row} and the days between {start} and {end}]",
        named=named,
        **slots,
    )
    return DrawnPair(question, select([*refs, days], quoted(table.name), rows.where))


def _known(draw: Draw, table: DescribedTable, end: DescribedColumn, where: str) -> str:
    known = f"{draw.ref(table, end)} IS NOT NULL"
    return f"{where} AND {known}" if where else known


@pattern(4.0, FAMILY)
def took_longer(draw: Draw) -> DrawnPair | None:
    """How many orders took longer than a week to be shipped? Which were shipped within 3 days?"""
    found = _span(draw)
    if found is None:
        return None
    table, start, end = found
    slots, more = _slots(draw, table, start, end), draw.chance(0.7)
    words, days = draw.choice(_SPANS[:3] if draw.chance(0.75) else _SPANS)
    if draw.chance(0.5):
        days = draw.choice((1, 2, 3, 5, 10, 20, 50, 60, 90, 100, 365))
        words = f"{number_word(days, draw.rng)} day{'s' if days > 1 else ''}"
    side = draw.say("[longer than|more than|over]" if more else "[less than|under|no more than]")
    operator = "<=" if side == "no more than" else ">" if more else "<"
    to_do = slots["done"] and draw.chance(0.6)
    does = (
        draw.say("[took {side} {words} {done}|needed {side} {words} {done}]", side=side, words=words, **slots)
        if to_do
        else draw.say(
            "[took {side} {words} from {start} to {end}|have {side} {words} between {start} and {end}|"
            "have {side} {words} from {start} to {end}]",
            side=side, words=words, **slots,
        )
    )  # fmt: skip
    doing = Doing(f"{_days(draw, table, start, end)} {operator} {days}", does, does.replace("have ", "has ", 1))
    other = condition(draw, table, besides=(start.name, end.name)) if draw.chance(0.3) else None
    if other is None:
        return rows_or_count(draw, table, doing, 0.5)
    rows = subject(draw, table, other)
    doing = Doing(f"{rows.where} AND {doing.sql}", doing.many, doing.one)
    refs = name_refs(draw, table)
    if draw.chance(0.6) or not refs:
        question = ask_how_many(draw, table, doing, rows.plural)
        return DrawnPair(question, select("COUNT(*)", quoted(table.name), doing.sql))
    return DrawnPair(ask_which(draw, table, doing, rows.plural), select(refs, quoted(table.name), doing.sql))
