"""Sums of quantity times price: of everything, of some rows, and of each year."""

from __future__ import annotations

from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, TableLink
from finetune.synthesis.patterns.money_amounts import MoneyAmount, find_amount, total_words, ways_up
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject

FAMILY = ANALYSIS


@pattern(4.4, FAMILY)
def revenue_overall(draw: Draw) -> DrawnPair | None:
    """What is the total revenue, of everything or of the orders of one customer?"""
    amount = find_amount(draw)
    if amount is None:
        return None
    ways, rows = ways_up(draw, amount), draw.noun(amount.table)[1]
    way: tuple[TableLink, ...] = draw.rng.choice(ways) if ways and draw.chance(0.6) else ()
    table = way[-1].target if way else amount.table
    joined = bool(way or amount.price_link)
    limit = condition(draw, table, joined, (amount.quantity.name, amount.price.name)) if draw.chance(0.75) else None
    way = way if limit else ()
    average = draw.chance(0.18)
    function, total = ("AVG", draw.say("[average value|mean value|average amount]")) if average else ("SUM", "")
    total = total or total_words(draw, amount)
    target = subject(draw, table, limit).plural if limit else ""
    of = draw.say("[from|of|for] {target}", target=target) if target else ""
    if target and way:
        of = draw.say("[from|of|for|of {rows} of] {target}", target=target, rows=rows)
    each = draw.say("[of a {row}|per {row}|of the {rows}]", row=draw.noun(amount.table)[0], rows=rows)
    of = f"{each} {of.replace('of ', 'for ', 1)}" if average else of or draw.say("[|of all {rows}|overall|]", rows=rows)
    question = draw.say(
        "[What is the {total} {of}|What is the {total} {of}|What was the {total} {of}|<show> the {total} {of}|"
        "Calculate the {total} {of}|What {total} do we have {of}|How high is the {total} {of}|{total} {of}]"
        if average or draw.chance(0.7)
        else "[How much [revenue|money] did we make {of}|How much [did we earn|was earned] {of}|"
        "What do [all the |]{rows} {of} add up to, {q} times {p}|How much are the {rows} {of} worth in total|"
        "How much [revenue|money] was made {of}|What is the sum of {q} times {p} {of}]",
        total=total, of=of, rows=rows, q=amount.quantity.phrases[0], p=amount.price.phrases[0],
    )  # fmt: skip
    joined = bool(way or amount.price_link)
    where = limit.sql if limit else ""
    sql = select(f"{function}({amount.product(draw, joined)})", amount.source_sql(way), where)
    return DrawnPair(question, sql)


@pattern(1.9, FAMILY)
def revenue_by_date(draw: Draw) -> DrawnPair | None:
    """The revenue of each year or month, or of one year."""
    amount = find_amount(draw)
    if amount is None:
        return None
    ways = [way for way in [(), *ways_up(draw, amount, 2)] if _dated(draw, amount, way)]
    if not ways:
        return None
    way: tuple[TableLink, ...] = draw.rng.choice(ways)
    table = way[-1].target if way else amount.table
    column = draw.column(table, DATE_KINDS, values=2)
    if column is None:
        return None
    joined = bool(way or amount.price_link)
    value, ref = f"SUM({amount.product(draw, joined)})", draw.ref(table, column, joined)
    slots = {"total": total_words(draw, amount), "year": str(draw.choice(column.values))[:4]}
    only = len(ways) == 1 and sum(c.kind in DATE_KINDS for c in table.columns) == 1
    if only and draw.chance(0.5):
        question = draw.say(
            "[What was the {total} in {year}|How much [revenue|money] did we make in {year}|"
            "<show> the {total} of {year}|"
            "How high was the {total} in {year}|{total} in {year}|What {total} did we have in the year {year}]",
            **slots,
        )
        return DrawnPair(question, select(value, amount.source_sql(way), f"strftime('%Y', {ref}) = '{slots['year']}'"))
    unit, form = draw.choice((("year", "%Y"), ("year", "%Y"), ("month", "%Y-%m")))
    question = draw.say(
        "[What was the {total} [in|of] each {unit}|<show> the {total} [per|by|for each] {unit}|{total} [per|by] {unit}|"
        "How did the {total} develop from {unit} to {unit}|What is the {total} in every {unit}|"
        "How much [revenue|money] did we make [per|in each|every] {unit}]",
        unit=unit, **slots,
    )  # fmt: skip
    if not only:
        question += draw.say("[ of the {date}|, by {date}| (by {date})]", date=draw.phrase(table, column))
    moment = f"strftime('{form}', {ref})"
    return DrawnPair(question, select([moment, value], amount.source_sql(way), group=moment))


def _dated(draw: Draw, amount: MoneyAmount, way: tuple[TableLink, ...]) -> bool:
    table = way[-1].target if way else amount.table
    return any(c.kind in DATE_KINDS and len(c.values) > 1 and "birth" not in c.phrases[0] for c in table.columns)
