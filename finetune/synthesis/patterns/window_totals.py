"""Running totals, shares of a total, and distances from an average, row by row."""

from __future__ import annotations

from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.windows import FAMILY, Measured, measured_rows, slots_of, summable

_MOMENTS = DATE_KINDS | {"year"}


@pattern(0.35, FAMILY)
def running_total(draw: Draw) -> DrawnPair | None:
    """The running total of the attendance by date; for ages and ratings the running average."""
    table = draw.table(lambda t: draw.numeric(t) and draw.column(t, _MOMENTS, values=2))
    number = draw.numeric(table) if table else None
    day = draw.column(table, _MOMENTS, values=2) if table else None
    if table is None or number is None or day is None or "birth" in day.phrases[0]:
        return None
    average = not summable(number) or draw.chance(0.1)
    category = draw.category(table, (number.name, day.name)) if draw.chance(0.25) else None
    words = "[running|cumulative] average" if average else "[running total|running total|cumulative total|running sum]"
    per = "[for each {category}|within each {category}|per {category}]" if category else ""
    columns = "{category}, {day} and {number}" if category else "{day} and {number}"
    one, many = draw.noun(table)
    question = draw.say(
        f"[<show> the {columns} of [all|the] {{rows}}, [and|with|"
        f"along with] the {words} of the {{number}} {per} by {{day}}|"
        f"<show> the {columns} of each {{row}} and the {words} of {{number}} {per} [over time|by {{day}}]|"
        f"For each {{row}}, [show|list|give] the {columns}, and the {words} of {{number}} {per} [by|"
        f"in order of] {{day}}|"
        f"<show> the {words} of [the|] {{number}} of [all|the|] {{rows}} {per} by {{day}}, next to the {columns}|"
        f"List [the|all] {{rows}} with {columns} and [a|the] {words} of {{number}} {per} by {{day}}|"
        f"What is the {words} of the {{number}} of [all|the] {{rows}} {per} by {{day}}? Include the {columns}.|"
        f"How does the {{number}} of the {{rows}} add up over time {per}? Show the {columns}, and the {words} by "
        f"{{day}}.]",
        category=draw.phrase(table, category) if category else "",
        day=draw.phrase(table, day),
        number=draw.phrase(table, number),
        row=one,
        rows=many,
    )
    if average and " add up " in question:
        question = question.replace(" add up ", " develop ")
    when, value = draw.ref(table, day), draw.ref(table, number)
    partition = f"PARTITION BY {draw.ref(table, category)} " if category else ""
    shown = [draw.ref(table, c) for c in ((category, day, number) if category else (day, number))]
    total = f"{'AVG' if average else 'SUM'}({value}) OVER ({partition}ORDER BY {when})"
    return DrawnPair(question, select([*shown, total], quoted(table.name)))


@pattern(0.4, FAMILY)
def share_of_total(draw: Draw) -> DrawnPair | None:
    """What percentage of the total attendance each concert has, overall or within its year."""
    found = measured_rows(draw, grouped=draw.chance(0.45), summed=True)
    if found is None:
        return None
    whole = "the total {number}" + (" of {its} {category}" if found.category else "")
    question = draw.say(
        f"[<show> the {{names}} of each {{row}} and {{its}} [share|percentage] of {whole}|"
        f"What [percentage|percent|share] of {whole} does each {{row}} [account for|make up|have]|"
        f"For each {{row}}, [show|list|give] the {{names}} and the percentage of {whole}|"
        f"<show> each {{row}}'s {{number}} as a [percentage|percent] of {whole}|"
        f"How much does each {{row}} contribute to {whole}, in percent|"
        f"<show> [all|the] {{rows}} with {{names}} and the [percent|share in percent|percentage] of {whole}|"
        f"<show> each {{row}}'s percentage [share|] of {whole}]",
        **slots_of(draw, found),
    )
    number = draw.ref(found.table, found.number)
    return _by_name(draw, found, question, f"100.0 * {number} / SUM({number}) OVER ({_within(draw, found)})")


@pattern(0.25, FAMILY)
def distance_from_average(draw: Draw) -> DrawnPair | None:
    """How far each singer's age is from the average age, overall or in the singer's country."""
    found = measured_rows(draw, grouped=draw.chance(0.5))
    if found is None:
        return None
    mean = "the [average|average|mean]" + (" [for|in|of] {its} {category}" if found.category else "")
    question = draw.say(
        f"[<show> the {{names}} of each {{row}} and how far {{its}} {{number}} is from {mean}|"
        f"How much does the {{number}} of each {{row}} differ from {mean}|"
        f"<show> the {{names}} of each {{row}} and the difference between {{its}} {{number}} and {mean}|"
        f"For each {{row}}, [show|list|give] the {{names}} and the difference of the {{number}} from {mean}|"
        f"By how much is each {{row}}'s {{number}} above or below {mean}?|"
        f"<show> [all|the] {{rows}} with {{names}} and {{number}} minus {mean}|"
        f"<show> the {{names}} and the deviation of the {{number}} from {mean} for each {{row}}]",
        **slots_of(draw, found),
    )
    number = draw.ref(found.table, found.number)
    return _by_name(draw, found, question, f"{number} - AVG({number}) OVER ({_within(draw, found)})")


def _within(draw: Draw, found: Measured) -> str:
    """What a window is cut by: the category, if there is one."""
    return f"PARTITION BY {draw.ref(found.table, found.category)}" if found.category else ""


def _by_name(draw: Draw, found: Measured, question: str, measure: str) -> DrawnPair:
    names = [draw.ref(found.table, c) for c in found.names]
    return DrawnPair(question, select([*names, measure], quoted(found.table.name)))
