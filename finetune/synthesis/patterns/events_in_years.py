"""How often something happened in each year or month, and what happened in a year."""

from __future__ import annotations

from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.event_days import dated, only_date
from finetune.synthesis.patterns.event_words import event_of
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition, equals
from finetune.synthesis.patterns.subject import subject

FAMILY = ANALYSIS

_UNITS = (("year", "%Y"), ("year", "%Y"), ("year", "%Y"), ("month", "%Y-%m"), ("calendar month", "%m"))


@pattern(2.4, FAMILY)
def events_per_unit(draw: Draw) -> DrawnPair | None:
    """How many customers joined in each year? In which year did the most join?"""
    found = dated(draw)
    if found is None:
        return None
    table, column = found
    unit, form = draw.choice(_UNITS)
    event, style = event_of(column), draw.rng.random()
    taken = (column.name, *(c.name for c in draw.identity(table)))
    limit = condition(draw, table, besides=taken) if draw.chance(0.2) else None
    rows = subject(draw, table, *([limit] if limit else []))
    event = event if event and (draw.chance(0.8) or not only_date(table)) else None
    if event is None and not only_date(table):
        return None
    slots = {
        "rows": rows.plural,
        "unit": unit,
        "does": event.many if event else "",
        "base": event.base if event else "",
    }
    slots["were"] = event.done if event else ""
    moment = f"strftime('{form}', {draw.ref(table, column)})"
    if style < 0.68:
        question = draw.say(
            "[How many {rows} {does} in each {unit}|How many {rows} {does} [per|every] {unit}|"
            "For each {unit}, how many {rows} {does}|<show> the <count> of {rows} that {does} [per|in each|by] {unit}|"
            "Count the {rows} that {does} [per|by|in each] {unit}|<count> of {rows} that {does} per {unit}|"
            "<show> how many {rows} {does} in every {unit}]"
            if event
            else "[How many {rows} are there [for|in] each {unit}|How many {rows} did we have [per|every] {unit}|"
            "<show> the <count> of {rows} [per|by|for each] {unit}|Count the {rows} [per|by] {unit}|"
            "<count> of {rows} [per|by] {unit}|For each {unit}, how many {rows} were there]",
            **slots,
        )
        return DrawnPair(question, select([moment, "COUNT(*)"], quoted(table.name), rows.where, group=moment))
    least = draw.chance(0.2)
    slots["most"] = "fewest" if least else "most"
    did = "did the {most} {rows} {base}" if event and event.base else "were the {most} {rows} {were}"
    if event:
        question = draw.say(
            f"[In which {{unit}} {did}|In what {{unit}} {did}|Which {{unit}} saw the {{most}} {{rows}} that {{does}}|"
            "What was the {unit} in which the {most} {rows} {does}|"
            "<show> the {unit} in which the {most} {rows} {does}]",
            **slots,
        )
    else:
        question = draw.say(
            "[In which {unit} were there the {most} {rows}|Which {unit} had the {most} {rows}|"
            "What was the {unit} with the {most} {rows}|<show> the {unit} with the {most} {rows}|"
            "Which {unit} saw the {most} {rows}]",
            **slots,
        )
    order = "COUNT(*)" + ("" if least else " DESC")
    sql = select([moment], quoted(table.name), rows.where, group=moment, order=order, limit=1)
    return DrawnPair(question, sql)


@pattern(4.5, FAMILY)
def category_in_year(draw: Draw) -> DrawnPair | None:
    """How many orders were cancelled in 2024? Which customers from France joined in 2021?"""
    found = dated(draw)
    if found is None:
        return None
    table, column = found
    group = draw.column(table, CATEGORY_KINDS, (column.name,), 2)
    if group is None:
        return None
    value, year = draw.choice(group.values), str(draw.choice(column.values))[:4]
    limit = equals(draw, table, group, draw.ref(table, group), value)
    rows = subject(draw, table, limit)
    event = event_of(column)
    state = isinstance(value, str) and value.islower() and value.endswith(("ed", "lost", "won", "paid", "sent", "sold"))
    slots = {
        "rows": rows.plural, "noun": draw.noun(table)[1], "state": str(value), "year": year,
        "in": draw.say("[in|in|during|in the year]"), "does": event.many if event else "are there",
        "done": event.done if event else "", "phrase": draw.phrase(table, column),
    }  # fmt: skip
    if state and (only_date(table) or event and draw.chance(0.2)):
        count = "[How many {noun} were {state} {in} {year}|How many {noun} of {year} [were|are] {state}|"
        question = draw.say(
            count + "Count the {noun} {state} {in} {year}|<count> of {state} {noun} {in} {year}]", **slots
        )
    elif event and not only_date(table) or event and draw.chance(0.6):
        question = draw.say(
            "[How many {rows} {does} {in} {year}|What is the <count> of {rows} that {does} {in} {year}|"
            "Count the {rows} that {does} {in} {year}|How many {rows} are there that {does} {in} {year}]",
            **slots,
        )
    elif only_date(table):
        question = draw.say(
            "[How many {rows} were there {in} {year}|<count> of {rows} {in} {year}|Count the {rows} {in} {year}|"
            "How many {rows} did we have {in} {year}|<show> the <count> of {rows} {in} {year}]",
            **slots,
        )
    else:
        return None
    where = f"{limit.sql} AND strftime('%Y', {draw.ref(table, column)}) = '{year}'"
    shown = "COUNT(*)"
    naming = draw.naming(table)
    for opening in ("How many ", "Count the "):
        if naming and question.startswith(opening) and draw.chance(0.4) and "there" not in question:
            question = question.replace(opening, "Which " if opening.startswith("How") else "List the ", 1)
            shown = ", ".join(draw.ref(table, c) for c in naming)
    return DrawnPair(question, select(shown, quoted(table.name), where))
