"""The days between the first and the last of a row's children, and the years in which it had any."""

from __future__ import annotations

from finetune.synthesis.patterns.asking import names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.event_days import only_date
from finetune.synthesis.patterns.event_words import event_of
from finetune.synthesis.patterns.lookup import DATE_KINDS, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.routes import route
from finetune.synthesis.wording import number_word

FAMILY = ANALYSIS


@pattern(2.3, FAMILY)
def days_per_group(draw: Draw) -> DrawnPair | None:
    """For each customer the days between the first and the last order; the longest such span."""
    path = route(draw, 1, upward=False, end=lambda t: draw.column(t, DATE_KINDS, values=3), junctions=draw.chance(0.2))
    column = draw.column(path.end, DATE_KINDS, values=3) if path else None
    key = draw.key(path.start) if path else None
    if path is None or column is None or key is None or path.links[0].ambiguous or not draw.naming(path.start):
        return None
    ref, refs = draw.ref(path.end, column, True), [draw.ref(path.start, c, True) for c in draw.naming(path.start)]
    one, many = draw.noun(path.end)
    phrase = draw.phrase(path.end, column)
    by_date = only_date(path.end) and draw.chance(0.7)
    slots = {
        "one": draw.noun(path.start)[0], "named": names_of(draw, path.start, False),
        "ends": draw.say(
            "[the first and the last {row}|the first and last {row}|the earliest and the latest {row}]"
            if by_date
            else "the [first and last|earliest and latest] {phrase} of [its|the] {rows}",
            row=one, rows=many, phrase=phrase,
        ),
    }  # fmt: skip
    span = f"julianday(MAX({ref})) - julianday(MIN({ref}))"
    group = f"{quoted(path.start.name)}.{key}"
    if draw.chance(0.35):
        question = draw.say(
            "[Which {one} has the most days between {ends}|Which {one} has the longest time between {ends}|"
            "<show> the {one} with the longest [time|period] between {ends}|"
            "For which {one} is the time between {ends} longest|"
            "What is the {one} with the greatest number of days between {ends}]",
            row=one, **slots,
        )  # fmt: skip
        return DrawnPair(question, select(refs, path.source_sql, group=group, order=f"{span} DESC", limit=1))
    question = draw.say(
        "[For each {one}, how many days [lie|passed|are there] between {ends}|"
        "<show> the {named} of each {one} and the number of days between {ends}|"
        "How many days are there between {ends} of each {one}|<show> the days between {ends} [for|of] each {one}|"
        "For each {one}, [show|give|list] the {named} and the time in days between {ends}|"
        "days between {ends} per {one}]",
        **slots,
    )
    return DrawnPair(question, select([*refs, span], path.source_sql, group=group))


@pattern(2.3, FAMILY)
def active_in_years(draw: Draw) -> DrawnPair | None:
    """The customers with orders in at least three different years; in how many years each had any."""
    path = route(draw, 1, upward=False, end=lambda t: draw.column(t, DATE_KINDS, values=3), junctions=draw.chance(0.2))
    column = draw.column(path.end, DATE_KINDS, values=3) if path else None
    key = draw.key(path.start) if path else None
    if path is None or column is None or key is None or path.links[0].ambiguous or not draw.naming(path.start):
        return None
    if not only_date(path.end) and event_of(column) is None:
        return None
    unit = "year"
    counted = f"COUNT(DISTINCT strftime('%Y', {draw.ref(path.end, column, True)}))"
    event, many = event_of(column), draw.noun(path.end)[1]
    children = f"{many} that {event.many}" if event and not (only_date(path.end) and draw.chance(0.6)) else many
    operator, words, least = draw.choice(
        ((">=", "at least", 2), (">=", "at least", 2), (">", "more than", 1), ("=", "exactly", 1), ("=", "only", 1))
    )
    number = draw.choice([n for n in (1, 2, 3, 4, 5) if n >= least])
    said = "all" if number == 1 and operator == "=" else ""
    slots = {
        "many": draw.noun(path.start)[1], "one": draw.noun(path.start)[0], "children": children,
        "bound": f"{words} {number_word(number, draw.rng, 0.6)}", "unit": unit if number == 1 else f"{unit}s",
        "different": "" if said or number == 1 else draw.choice(("different ", "different ", "distinct ", "")),
        "names": names_of(draw, path.start),
    }  # fmt: skip
    refs, group = [draw.ref(path.start, c, True) for c in draw.naming(path.start)], f"{quoted(path.start.name)}.{key}"
    if draw.chance(0.2):
        question = draw.say(
            "[In how many different {unit}s did each {one} have {children}|"
            "For each {one}, in how many different {unit}s were there {children}|"
            "<show> the {names} of the {many} and the number of different {unit}s with {children}|"
            "How many different {unit}s with {children} are there for each {one}]",
            **{**slots, "unit": unit},
        )
        return DrawnPair(question, select([*refs, counted], path.source_sql, group=group))
    question = draw.say(
        "[Which {many} [have|had] {children} in {bound} {different}{unit}|"
        "<show> [the|all] {many} with {children} in {bound} {different}{unit}|"
        "What are the {names} of the {many} [with|that have] {children} in {bound} {different}{unit}|"
        "Which {many} are there with {children} in {bound} {different}{unit}|"
        "<show> the {names} of {many} that had {children} in {bound} {different}{unit}|"
        "{many} with {children} in {bound} {different}{unit}]",
        **slots,
    )
    return DrawnPair(question, select(refs, path.source_sql, group=group, having=f"{counted} {operator} {number}"))
