"""When something first or last happened."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.event_words import Event, event_of
from finetune.synthesis.patterns.lookup import DATE_KINDS, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.routes import related, route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject

FAMILY = ANALYSIS


def dated(draw: Draw) -> tuple[DescribedTable, DescribedColumn] | None:
    """A table with a date."""
    table = draw.table(lambda t: draw.column(t, DATE_KINDS, values=2), junctions=draw.chance(0.3))
    column = draw.column(table, DATE_KINDS, values=2) if table else None
    return (table, column) if table and column else None


def only_date(table: DescribedTable) -> bool:
    """Whether "when" can mean one column alone."""
    return sum(c.kind in DATE_KINDS or c.kind == "year" for c in table.columns) == 1


def _unnamed(column: DescribedColumn) -> Event | None:
    found = event_of(column)
    return None if found and found.done == "born" else found


@pattern(2.9, FAMILY)
def event_extreme_day(draw: Draw) -> DrawnPair | None:
    """When was the last review written? What was the first day on which a customer joined?"""
    found = dated(draw)
    if found is None:
        return None
    table, column = found
    limit = condition(draw, table, besides=(column.name,)) if draw.chance(0.25) else None
    rows = subject(draw, table, *([limit] if limit else []))
    last, event = draw.chance(0.6), _unnamed(column)
    slots = {
        "row": rows.singular, "rows": rows.plural, "a": wording.with_article(rows.singular),
        "extreme": draw.say("[last|latest|most recent]" if last else "[first|earliest|very first]"),
        "end": draw.say("[last|latest|most recent]" if last else "[first|earliest]"),
        "phrase": draw.phrase(table, column), "done": event.done if event else "", "base": event.base if event else "",
        "day": draw.choice(("day", "day", "date")),
    }  # fmt: skip
    if event and event.passive and draw.chance(0.8):
        question = draw.say(
            "[When was the {extreme} {row} {done}|When was {a} {end_adverb} {done}|"
            "What was the {end} {day} on which {a} was {done}|On [what|which] {day} was the {extreme} {row} {done}|"
            "<show> the {day} on which the {extreme} {row} was {done}|When were {rows} {end_adverb} {done}|"
            "What is the {end} {day} on which [any |]{rows} were {done}|{day} when the {extreme} {row} was {done}]",
            end_adverb="last" if last else "first", **slots,
        )  # fmt: skip
    elif event and not event.passive and draw.chance(0.8):
        question = draw.say(
            "[When did the {extreme} {row} {base}|On [what|which] {day} did the {extreme} {row} {base}|"
            "What was the {end} {day} on which {a} {done}|<show> the {day} on which the {extreme} {row} {done}|"
            "What is the {end} {day} any of the {rows} {done}|When did {a} {base} for the {time} time]",
            time="last" if last else "first", **slots,
        )  # fmt: skip
    else:
        when = "When was the {extreme} {row}|On [what|which] {day} was the {extreme} {row}|" if only_date(table) else ""
        question = draw.say(
            "[" + when + "What is the {end} {phrase} of [all |the |]{rows}|<show> the {end} {phrase} of {rows}|"
            "What was the {end} {phrase} of any {row}|What is the {end} {phrase} [among|of] the {rows}]",
            **slots,
        )
    function = "MAX" if last else "MIN"
    return DrawnPair(question, select(f"{function}({draw.ref(table, column)})", quoted(table.name), rows.where))


@pattern(1.5, FAMILY)
def event_extreme_day_related(draw: Draw) -> DrawnPair | None:
    """When did the customer Ann Field last order? When was the first concert in Graz held?"""
    path = route(draw, draw.choice((1, 1, 2)), upward=True, start=lambda t: draw.column(t, DATE_KINDS, values=2))
    column = draw.column(path.start, DATE_KINDS, values=2) if path else None
    both = related(draw, path) if path else None
    if path is None or column is None or both is None or any(link.ambiguous and not link.verb for link in path.links):
        return None
    last, event = draw.chance(0.6), _unnamed(column)
    one, many = draw.noun(path.start)
    slots = {
        "row": f"{one} {both[0].after}", "rows": f"{many} {both[0].after}",
        "extreme": draw.say("[last|latest|most recent]" if last else "[first|earliest]"),
        "phrase": draw.phrase(path.start, column), "event": event.one if event else "",
        "done": event.done if event else "", "base": event.base if event else "",
    }  # fmt: skip
    if event and draw.chance(0.75):
        question = draw.say(
            "[When did the {extreme} {row} {base}|On which day did the {extreme} {row} {base}|"
            "<show> the day on which the {extreme} {row} {done}]"
            if event.base
            else "[When was the {extreme} {row} {done}|On which day was the {extreme} {row} {done}|"
            "<show> the day on which the {extreme} {row} was {done}]",
            **slots,
        )
    else:
        when = "When was the {extreme} {row}|" if only_date(path.start) else ""
        question = draw.say(
            "[" + when + "What is the {extreme} {phrase} of the {rows}|<show> the {extreme} {phrase} of {rows}|"
            "What is the {extreme} {phrase} of any {row}]",
            **slots,
        )
    question = question.replace("<are>", "is").replace("<have>", "has").replace("<do>", "does")
    value = f"{'MAX' if last else 'MIN'}({draw.ref(path.start, column, True)})"
    return DrawnPair(question, select(value, path.source_sql, both[0].sql))
