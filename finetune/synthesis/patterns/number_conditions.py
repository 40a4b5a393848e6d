"""Restrictions on numbers and years: "older than 30", "with at least 3 seats", "between 1990 and 2000"."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns import bounds
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import literal
from finetune.synthesis.patterns.subject import Condition


def threshold(draw: Draw, column: DescribedColumn) -> float | int:
    """A number inside the column's range, often a round one."""
    values = column.values
    value = values[int(len(values) * draw.rng.uniform(0.15, 0.85))]
    if column.kind == "year" or not isinstance(value, (int, float)) or draw.chance(0.35):
        return value
    size = max(len(str(int(abs(value)))) - draw.choice((1, 2)), 0)
    rounded = round(value, -size) if size else round(value, 1)
    inside = values[0] < rounded < values[-1]
    if not inside:
        return value
    return int(rounded) if float(rounded).is_integer() else rounded


def compare(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """A number or year is above or below a threshold."""
    if column.kind == "year" and draw.chance(0.08):
        return in_decade(draw, table, column, ref)
    value = threshold(draw, column)
    operator = draw.rng.choices((">", "<", ">=", "<="), (40, 26, 20, 14))[0]
    phrase = draw.phrase(table, column)
    words = comparison_words(draw, table, column, phrase, operator, draw.value(value, column.kind != "year"))
    return Condition(f"{ref} {operator} {literal(value)}", words, columns=(column.name,))


_AMOUNTS = {
    ">": "[more than|over|more than]", "<": "[less than|fewer than|under]",
    ">=": "[at least|no less than|no fewer than]",
    "<=": "[at most|no more than|up to|not more than]",
}  # fmt: skip
_SIDES = {">": "<over>", "<": "<under>", ">=": "<least>", "<=": "<most>"}


def comparison_words(
    draw: Draw, table: DescribedTable, column: DescribedColumn, phrase: str, operator: str, value: str
) -> str:
    """Words such as "older than 30", "with at least 3 seats", "whose debut year is after 1990"."""
    if column.kind == "year":
        done = bool(bounds.participle(phrase))
        return when_words(draw, table, column, phrase, bounds.year_bound(draw, operator, value, done))
    adjective = adjective_for(draw, table, column, phrase, operator[0] == ">")
    if adjective and len(operator) == 1 and draw.chance(0.55):
        return draw.say("[{adj} than {value}|that <are> {adj} than {value}]", adj=adjective, value=value)
    if operator in (">=", "<=") and draw.chance(0.4):
        return bounds.after_number(draw, phrase, operator, value)
    natural = bounds.verbal(draw, phrase, operator, value) or bounds.people_bound(draw, phrase, operator, value)
    if natural and draw.chance(0.45):
        return natural
    side = _SIDES[operator]
    counted = phrase.removeprefix("number of ")
    if (counted != phrase or wording.is_plural(phrase)) and draw.chance(0.6):
        return draw.say(
            "[with|having|that <have>] " + _AMOUNTS[operator] + " {value} {column}", column=counted, value=value
        )
    of = _AMOUNTS[operator].replace("|fewer than|", "|under|")
    return draw.say(
        f"[whose {{column}} is {side} {{value}}|with a {{column}} {side} {{value}}|"
        f"with {{column}} {side} {{value}}|with a {{column}} of {of} {{value}}|having {{column}} {side} {{value}}|"
        f"whose {{column}} is {side} {{value}}|where the {{column}} is {side} {{value}}]",
        column=phrase,
        value=value,
    )


def when_words(draw: Draw, table: DescribedTable, column: DescribedColumn, phrase: str, when: str) -> str:
    """Words for a year or date and a time: "founded after 1990", "whose founding year is after 1990"."""
    done = bounds.participle(phrase)
    if done and draw.chance(0.55):
        return f"{done} {when}" if draw.chance(0.75) else f"that <were> {done} {when}"
    single = sum(c.kind in ("year", "date", "datetime") for c in table.columns) == 1
    if single and not done and when.startswith(("after", "before")) and draw.chance(0.3):
        return draw.say("[from {when}|dated {when}]", when=when)
    template = "[whose {column} is {when}|with a {column} {when}|with {column} {when}|where the {column} is {when}]"
    return draw.say(template, column=phrase, when=when)


def in_decade(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """A year lies in a decade: "founded in the 1990s"."""
    low, high, words = bounds.decade(int(draw.choice(column.values)))
    said = when_words(draw, table, column, draw.phrase(table, column), words)
    return Condition(f"{ref} BETWEEN {low} AND {high}", said, columns=(column.name,))


def adjective_for(draw: Draw, table: DescribedTable, column: DescribedColumn, phrase: str, more: bool) -> str:
    """Words such as "older" for an age, if no other column of the table is meant by the same word."""
    degrees = wording.degrees_of(phrase)
    found = [wording.degrees_of(c.phrases[0]) for c in table.columns if c.name != column.name]
    if degrees is None or degrees in found:
        return ""
    words = degrees.more if more else degrees.less
    return draw.choice(words) if words else ""


def between(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """A number or year lies between two others."""
    low, high = sorted((threshold(draw, column), threshold(draw, column)))
    if low == high:
        return compare(draw, table, column, ref)
    phrase = draw.phrase(table, column)
    done = bounds.participle(phrase) if column.kind == "year" else ""
    words = draw.say(
        "[{done} between {low} and {high}|{done} from {low} to {high}]"
        if done and draw.chance(0.5)
        else "[whose {column} is between {low} and {high}|with a {column} between {low} and {high}|"
        "with {column} between {low} and {high}|with a {column} from {low} to {high}|"
        "whose {column} lies between {low} and {high}|"
        "with {column} in the range {low} to {high}]",
        column=phrase,
        done=done,
        low=low,
        high=high,
    )
    return Condition(f"{ref} BETWEEN {literal(low)} AND {literal(high)}", words, columns=(column.name,))


def number_equals(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """A number has a stored value."""
    value = draw.choice(column.values)
    words = draw.say(
        "[whose {column} is {value}|with {column} {value}|with a {column} of {value}|whose {column} is exactly {value}|"
        "whose {column} equals {value}]",
        column=draw.phrase(table, column),
        value=draw.value(value),
    )
    return Condition(f"{ref} = {literal(value)}", words, columns=(column.name,))
