"""Restrictions that people say by their values alone: "rock albums in France and Spain in 2021"."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.bounds import year_bound
from finetune.synthesis.patterns.comparisons import compare, when_words
from finetune.synthesis.patterns.conditions import flagged
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import DATE_KINDS, NUMERIC_KINDS, literal
from finetune.synthesis.patterns.subject import Condition

_PLACES = frozenset(("city", "country", "region"))
_SORTS = frozenset(("one", "color", "nationality", "language"))
_TIMES = DATE_KINDS | {"year"}
_WEIGHTS = {**dict.fromkeys(_PLACES, 3.0), **dict.fromkeys(_SORTS, 2.0), **dict.fromkeys(_TIMES, 2.0), "flag": 1.0}
_HOW_MANY_VALUES = (1, 1, 1, 1, 1, 2, 2, 2, 3)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_QUARTER_ENDS = ("03-31", "06-30", "09-30", "12-31")
_ORDINALS = ("first", "second", "third", "fourth")


def bare_condition(
    draw: Draw, table: DescribedTable, besides: Collection[str] = (), qualified: bool = False, most: int = 3
) -> Condition | None:
    """One to ``most`` restrictions on different columns, said one after the other; at least one by its value alone."""
    makers = [(column, maker) for column in table.columns if (maker := _maker(draw, table, column, besides))]
    if not any(column.kind in _WEIGHTS for column, _ in makers):
        return None
    count = min(draw.rng.choices((1, 2, 3), (25, 50, 25))[0], most, len(makers))
    picked: list[Condition] = []
    while makers and len(picked) < count:
        chosen = draw.rng.choices(makers, [_WEIGHTS.get(column.kind, 0.6) for column, _ in makers])[0]
        makers.remove(chosen)
        column, maker = chosen
        made = maker(draw, table, column, draw.ref(table, column, qualified))
        if not (made.before and any(other.before for other in picked)):
            picked.append(made)
    return _together(draw, picked)


def _together(draw: Draw, picked: Sequence[Condition]) -> Condition:
    """All restrictions as one, those that a relative clause says after those that a preposition says."""
    said = sorted(picked, key=lambda c: c.after.startswith(("whose", "that", "which", "who", "where")))
    after = " ".join(c.after for c in said if c.after)
    before = " ".join(c.before for c in picked if c.before)
    ordered = said if draw.chance(0.7) else list(picked)
    return Condition(
        " AND ".join(c.sql for c in ordered), after, before, tuple(name for c in picked for name in c.columns)
    )


Maker = Callable[[Draw, DescribedTable, DescribedColumn, str], Condition]


def _maker(draw: Draw, table: DescribedTable, column: DescribedColumn, besides: Collection[str]) -> Maker | None:
    """How to restrict the column, if it can be."""
    if column.name in besides or not column.values or draw.is_reference(table, column):
        return None
    if column.kind in _PLACES:
        return _place
    if column.kind in _SORTS and all(isinstance(v, str) and len(v) > 2 for v in column.values):
        return _sort
    if column.kind in _TIMES:
        return _time
    if column.kind == "flag":
        return flagged
    return compare if column.kind in NUMERIC_KINDS and len(column.values) > 2 else None


def _some_values(draw: Draw, column: DescribedColumn, alike: bool = False) -> tuple[str, str, int]:
    """One to three values: as the SQL's right-hand side, as the question says them, and how many."""
    count = min(draw.choice(_HOW_MANY_VALUES), len(column.values) - 1) or 1
    values = draw.rng.sample(list(column.values), count)
    said = [str(v) for v in values] if alike or column.kind == "year" else draw.values(*values)
    if count == 1:
        return f"= {literal(values[0])}", said[0], 1
    word = draw.choice(("and", "and", "or"))
    comma = "," if count > 2 and draw.chance(0.5) else ""
    listed = f"{', '.join(said[:-1])}{comma} {word} {said[-1]}"
    if word == "or" and count == 2 and draw.chance(0.3):
        listed = f"either {listed}"
    return f"IN ({', '.join(literal(v) for v in values)})", listed, count


def _place(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The rows are somewhere: "in France", "from Lyon, Nice or Paris", "in the city of Toronto"."""
    test, said, count = _some_values(draw, column)
    phrase = draw.phrase(table, column)
    template = "[in|in|in|in|from|from|based in|located in|across] {said}"
    if draw.chance(0.15):
        several = wording.plural(phrase)
        template = (
            "[in the {phrase} of {said}|in the {said} {phrase}]"
            if count == 1
            else "[in|from|across] the {phrase} {said}"
        )
        phrase = phrase if count == 1 else several
    return Condition(f"{ref} {test}", draw.say(template, said=said, phrase=phrase), columns=(column.name,))


def _sort(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The rows are of a sort: "rock albums", "jazz and pop albums", "albums of the genre rock"."""
    test, said, count = _some_values(draw, column)
    phrase = draw.phrase(table, column)
    plain = all(word.isalpha() for word in said.replace(",", "").split())
    if plain and draw.chance(0.6):
        kept = column.kind in ("nationality", "language") or any(word.isupper() for word in said.split())
        return Condition(f"{ref} {test}", "", said if kept or draw.chance(0.4) else said.lower(), (column.name,))
    if count == 1:
        template = (
            "[in the {said} {phrase}|in the {phrase} {said}|of {phrase} {said}|with {phrase} {said}|for {said}|"
            "of the {said} {phrase}|with the {phrase} {said}]"
        )
    else:
        phrase = wording.plural(phrase)
        template = (
            "[in the {phrase} {said}|in the {said} {phrase}|of the {phrase} {said}|with {phrase} {said}|for {said}]"
        )
    return Condition(f"{ref} {test}", draw.say(template, said=said, phrase=phrase), columns=(column.name,))


def _time(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The rows are of a time: "in 2021", "since 2015", "in January 2020", "in Q1 2022"."""
    sql, when = _in_years(draw, column, ref) if column.kind == "year" else _in_days(draw, column, ref)
    alone = sum(c.kind in _TIMES for c in table.columns) == 1
    words = when if alone and draw.chance(0.65) else when_words(draw, table, column, draw.phrase(table, column), when)
    return Condition(sql, words, columns=(column.name,))


def _in_years(draw: Draw, column: DescribedColumn, ref: str) -> tuple[str, str]:
    style = draw.rng.random()
    if style < 0.6:
        test, said, _ = _some_values(draw, column)
        return f"{ref} {test}", draw.say("[in|in|in|in the year|during|for] {said}", said=said)
    if style < 0.85:
        year, operator = str(draw.choice(column.values)), draw.choice((">", ">", "<", "<", ">=", "<="))
        return f"{ref} {operator} {year}", year_bound(draw, operator, year, done=True)
    low, high = sorted(int(v) for v in draw.rng.choices(column.values, k=2))
    high = max(high, low + 1)
    when = draw.say("[between {low} and {high}|from {low} to {high}]", low=low, high=high)
    return f"{ref} BETWEEN {low} AND {high}", when


def _in_days(draw: Draw, column: DescribedColumn, ref: str) -> tuple[str, str]:
    day, style = str(draw.choice(column.values))[:10], draw.rng.random()
    year, month = day[:4], int(day[5:7])
    if style < 0.5:
        sql = f"strftime('%Y', {ref}) = '{year}'"
        return sql, draw.say("[in|in|in|in the year|during] {year}", year=year)
    if style < 0.68:
        when = draw.say("[in|in|during] {month}[ | of |, | ]{year}", month=_MONTHS[month - 1], year=year)
        return f"strftime('%Y-%m', {ref}) = '{day[:7]}'", when
    quarter = (month - 1) // 3
    if style < 0.78:
        low = f"{year}-{3 * quarter + 1:02d}-01"
        when = draw.say(
            "[in Q{number} {year}|in Q{number} of {year}|in the {ordinal} quarter of {year}|during Q{number} {year}]",
            number=quarter + 1, ordinal=_ORDINALS[quarter], year=year,
        )  # fmt: skip
        return f"{ref} BETWEEN '{low}' AND '{year}-{_QUARTER_ENDS[quarter]}'", when
    if style < 0.9:
        operator = draw.choice((">", "<", ">=", ">="))
        return f"strftime('%Y', {ref}) {operator} '{year}'", year_bound(draw, operator, year, done=True)
    first, last = sorted((int(year), int(str(draw.choice(column.values))[:4])))
    last = max(last, first + 1)
    when = draw.say("[between {first} and {last}|from {first} to {last}]", first=first, last=last)
    return f"strftime('%Y', {ref}) BETWEEN '{first}' AND '{last}'", when
