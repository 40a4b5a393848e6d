"""Restrictions on dates and on missing values."""

from __future__ import annotations

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.bounds import year_bound
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import literal
from finetune.synthesis.patterns.number_conditions import when_words
from finetune.synthesis.patterns.subject import Condition


def _when(draw: Draw, table: DescribedTable, column: DescribedColumn, when: str) -> str:
    """The words for a date column and a time; the column is named unless it is the table's only date."""
    return when_words(draw, table, column, draw.phrase(table, column), when)


def in_year(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The date lies in a year."""
    year = str(draw.choice(column.values))[:4]
    sql = f"strftime('%Y', {ref}) = '{year}'" if draw.chance(0.75) else f"{ref} LIKE '{year}%'"
    when = draw.say("[in {year}|in {year}|in the year {year}|during {year}]", year=year)
    return Condition(sql, _when(draw, table, column, when), columns=(column.name,))


def before_or_after(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The date lies before or after a day."""
    values = column.values
    value = str(values[int(len(values) * draw.rng.uniform(0.2, 0.8))])[:10]
    operator, words = draw.choice(((">", "[after|later than|after]"), ("<", "[before|earlier than|before|prior to]")))
    return Condition(
        f"{ref} {operator} '{value}'",
        _when(draw, table, column, draw.say(words + " {v}", v=value)),
        columns=(column.name,),
    )


def before_or_after_year(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The date lies in a year before or after a given one."""
    value = str(column.values[int(len(column.values) * draw.rng.uniform(0.2, 0.8))])[:4]
    operator = draw.choice((">", ">", "<", "<", ">=", "<="))
    when = year_bound(draw, operator, value)
    return Condition(
        f"strftime('%Y', {ref}) {operator} '{value}'", _when(draw, table, column, when), columns=(column.name,)
    )


def between_days(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The date lies between two days."""
    low, high = sorted(str(value)[:10] for value in draw.rng.choices(column.values, k=2))
    when = draw.say("between {low} and {high}", low=low, high=high)
    return Condition(f"{ref} BETWEEN '{low}' AND '{high}'", _when(draw, table, column, when), columns=(column.name,))


def missing(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The column is empty."""
    words = draw.say(
        "[with no {column}|without [a |any |]{column}|whose {column} is missing|whose {column} is not recorded|"
        "that <have> no {column}|with missing {column}|whose {column} is unknown|that <do> not have a {column}|"
        "with a null {column}|where the {column} is empty]",
        column=draw.phrase(table, column),
    )
    return Condition(f"{ref} IS NULL", words, columns=(column.name,))


def recorded(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The column is not empty."""
    words = draw.say(
        "[with a known {column}|whose {column} is recorded|whose {column} is known|whose {column} is not missing|"
        "that <have> a {column} recorded|with a {column} on record|whose {column} is not null]",
        column=draw.phrase(table, column),
    )
    return Condition(f"{ref} IS NOT NULL", words, columns=(column.name,))


def date_condition(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """Any restriction on a date column."""
    maker = draw.choice((in_year, in_year, before_or_after, before_or_after, before_or_after_year, between_days))
    return maker(draw, table, column, ref)


def quoted_day(value: object) -> str:
    """The day of a date or time stamp, as a literal."""
    return literal(str(value)[:10])
