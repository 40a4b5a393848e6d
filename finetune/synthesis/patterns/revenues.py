"""Sums of quantity times price for each group, and the groups with most."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.asking import names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import TableLink, literal, quoted
from finetune.synthesis.patterns.money_amounts import MoneyAmount, are_buyers, find_amount, total_words, ways_up
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern

FAMILY = ANALYSIS


@dataclass(frozen=True, slots=True)
class _Groups:
    """What amounts are summed for: named rows of a table, or the values of one of its columns."""

    amount: MoneyAmount
    table: DescribedTable
    source: str
    value: str
    shown: list[str]
    key: str
    one: str
    many: str
    named: str


def _groups(draw: Draw) -> _Groups | None:
    amount = find_amount(draw)
    ways = ways_up(draw, amount) if amount else []
    if amount is None:
        return None
    way: tuple[TableLink, ...] = draw.rng.choice(ways) if ways and draw.chance(0.85) else ()
    table = way[-1].target if way else amount.table
    joined, source = bool(way or amount.price_link), amount.source_sql(way)
    value = f"SUM({amount.product(draw, joined)})"
    column = draw.category(table) if not way or draw.chance(0.35) else None
    if column is not None:
        ref, phrase = draw.ref(table, column, joined), draw.phrase(table, column)
        phrase = f"{draw.noun(table)[0]} {phrase}" if way and draw.chance(0.4) else phrase
        return _Groups(amount, table, source, value, [ref], ref, phrase, wording.plural(phrase), phrase)
    key = draw.key(table)
    if not way or key is None or not draw.naming(table):
        return None
    shown = [draw.ref(table, c, True) for c in draw.naming(table)]
    one, many = draw.noun(table)
    named = f"{names_of(draw, table, False)} of each {one}"
    return _Groups(amount, table, source, value, shown, f"{quoted(table.name)}.{key}", one, many, named)


def _spends(draw: Draw, found: _Groups) -> bool:
    """Whether to say that the groups spend money rather than that they have a total."""
    return found.key not in found.shown and are_buyers(found.table) and draw.chance(0.7)


@pattern(4.2, FAMILY)
def revenue_per_group(draw: Draw) -> DrawnPair | None:
    """The revenue of each product, or country of customers; how much each customer spent."""
    found = _groups(draw)
    if found is None:
        return None
    slots = {
        "one": found.one, "many": found.many, "named": found.named, "total": total_words(draw, found.amount),
        "all": draw.choice(("", "in total", "altogether", "overall")),
    }  # fmt: skip
    if _spends(draw, found):
        question = draw.say(
            "[How much did each {one} spend {all}|How much has each {one} spent {all}|"
            "<show> the {named} and [the amount|how much] [they|the {one}] spent {all}|"
            "For each {one}, how much [did they spend|was spent] {all}|How much money did every {one} pay {all}|"
            "<show> the total amount spent by each {one}|What did each {one} [spend|pay] {all}|"
            "total spending per {one}]",
            **slots,
        )
    else:
        question = draw.say(
            "[What is the {total} [of|for] each {one}|<show> the {total} [per|by|for each] {one}|"
            "For each {one}, [what is|show|give|calculate] the {total}|<show> the {named} and the {total}|"
            "How much [revenue|money] does each {one} bring in|What {total} does each {one} have|"
            "{total} [per|by] {one}|Break the {total} down by {one}|What are the {many} and their {total}]",
            **slots,
        )
    order, ending = "", ""
    if draw.chance(0.25):
        order, ending = (
            f"{found.value} DESC",
            draw.say("[, highest first|, from highest to lowest|, in descending order]"),
        )
    return DrawnPair(question + ending, select([*found.shown, found.value], found.source, group=found.key, order=order))


@pattern(4.9, FAMILY)
def revenue_highest(draw: Draw) -> DrawnPair | None:
    """Which customer has spent the most? The top three products by revenue, with or without the sum."""
    found = _groups(draw)
    if found is None:
        return None
    count, down = draw.choice((1, 1, 1, 2, 3, 3, 5, 10)), draw.chance(0.88)
    slots = {
        "one": found.one, "many": found.many, "n": wording.number_word(count, draw.rng, 0.5),
        "total": total_words(draw, found.amount), "top": "top" if down else "bottom",
        "most": draw.choice(("highest", "highest", "largest", "greatest") if down else ("lowest", "smallest")),
        "much": "most" if down else "least",
    }  # fmt: skip
    spends = _spends(draw, found)
    if count == 1:
        question = draw.say(
            "[Which {one} has spent the {much}|Which {one} spent the {much} money|Which {one} spent the {much} overall|"
            "Which {one} paid the {much} in total|<show> the {one} who spent the {much}|Who spent the {much}]"
            if spends
            else "[Which {one} has the {most} {total}|What is the {one} with the {most} {total}|"
            "Which {one} brought in the {much} money|Which {one} generated the {most} {total}|"
            "<show> the {one} with the {most} {total}|With which {one} did we make the {much} money|"
            "Which {one} made the {much} revenue]",
            **slots,
        )
    else:
        question = draw.say(
            "[Which {n} {many} spent the {much}|Who are the {n} {many} [that|who] spent the {much} [money|in total]|"
            "<show> the {n} {many} who have spent the {much}|{top} {n} {many} by [amount spent|total spending]|"
            "<show> the {n} {many} that paid the {much} in total|What are the {top} {n} {many} by amount spent]"
            if spends
            else "[What are the {top} {n} {many} by {total}|Which {n} {many} have the {most} {total}|"
            "{top} {n} {many} by {total}|<show> the {n} {many} with the {most} {total}|"
            "<show> the {top} {n} {many} in terms of {total}|Which {n} {many} brought in the {much} money]",
            **slots,
        )
    shown = list(found.shown)
    if draw.chance(0.25):
        shown.append(found.value)
        question += draw.say("[, and how much is it|, together with the amount|? Show the {total} as well]", **slots)
    order = found.value + (" DESC" if down else "")
    return DrawnPair(question, select(shown, found.source, group=found.key, order=order, limit=count))


@pattern(1.6, FAMILY)
def revenue_above(draw: Draw) -> DrawnPair | None:
    """The customers who spent more than 500."""
    found = _groups(draw)
    if found is None:
        return None
    quantity, price = (c.values[len(c.values) // 2] for c in (found.amount.quantity, found.amount.price))
    rough = float(quantity) * float(price) * draw.choice((1, 2, 4))
    size = 10 ** max(len(str(int(rough))) - 1, 1)
    bound = int(max(round(rough / size), 1) * size)
    more = draw.chance(0.8)
    slots = {
        "one": found.one, "many": found.many, "bound": bound, "total": total_words(draw, found.amount),
        "side": draw.say("[more than|over|above]" if more else "[less than|under|below]"),
    }  # fmt: skip
    question = draw.say(
        "[Which {many} [have spent|spent] {side} {bound} [in total|altogether|]|Who spent {side} {bound}|"
        "<show> [the|all] {many} who [have spent|spent] {side} {bound}|Which {many} paid {side} {bound} "
        "overall]"
        if _spends(draw, found)
        else "[Which {many} have a {total} [of|] {side} {bound}|<show> [the|all] {many} with a {total} {side} {bound}|"
        "Which {many} [bring in|brought in|made] {side} {bound}|For which {many} is the {total} {side} {bound}|"
        "What are the {many} whose {total} is {side} {bound}|{many} with {total} {side} {bound}]",
        **slots,
    )
    having = f"{found.value} {'>' if more else '<'} {literal(bound)}"
    return DrawnPair(question, select(found.shown, found.source, group=found.key, having=having))
