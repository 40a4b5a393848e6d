"""Restrictions on the rows of a table, with the words for them: "from France", "older than 30", "whose genre is rock"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, NUMERIC_KINDS, PERSON_KINDS, TEXT_KINDS, literal
from finetune.synthesis.patterns.subject import Condition

Maker = Callable[[Draw, DescribedTable, DescribedColumn, str], Condition]

_PLACES = ("city", "country", "region")
_TRUE = frozenset(("1", "y", "yes", "t", "true"))
_CONDITION_WEIGHTS = {
    "person": 0.4, "name": 0.4, "first_name": 0.4, "last_name": 0.4, "street": 0.3, "email": 0.2, "phone": 0.2, "url": 0.2,
    "code": 0.5, "one": 1.4, "city": 1.2, "country": 1.2,
}  # fmt: skip
_EQUAL = (
    "[whose {column} is {value}|whose {column} is {value}|with {column} {value}|with {value} as {their} {column}|"
    "that <have> {column} {value}|where the {column} is {value}|with the {column} {value}|having {column} {value}|"
    "that <have> {value} as {their} {column}]"
)


def condition(
    draw: Draw,
    table: DescribedTable,
    qualified: bool = False,
    besides: Sequence[str] = (),
    kinds: frozenset[str] | None = None,
) -> Condition | None:
    """A restriction on one column of the table.

    Args:
        qualified: Whether the SQL names the table before the column, as it must after a join.
        besides: Columns to leave alone.
        kinds: Only columns of these kinds, if given.
    """
    fitting = [
        c
        for c in table.columns
        if c.values and c.name not in besides and (c.kind in kinds if kinds else c.kind in _MAKERS)
    ]
    fitting = [c for c in fitting if not draw.is_reference(table, c)]
    if not fitting:
        return None
    column = draw.rng.choices(fitting, [_CONDITION_WEIGHTS.get(c.kind, 1.0) for c in fitting])[0]
    maker = draw.choice(_MAKERS[column.kind])
    return maker(draw, table, column, draw.ref(table, column, qualified))


def equals(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str, value: object = None) -> Condition:
    """The column has a stored value: the given one, else any."""
    value = draw.choice(column.values) if value is None else value
    words = "" if isinstance(value, str) else str(value)
    shown = words or draw.value(value)
    phrase = draw.phrase(table, column)
    sql = f"{ref} = {literal(value)}"
    before = ""
    special = _special_equal(draw, table, column)
    plain = isinstance(value, str) and value.isalpha() and column.kind in ("one", "color", "nationality")
    if plain and len(value) > 3 and draw.chance(0.3):
        return Condition(sql, "", value if value.isupper() or column.kind == "nationality" else value.lower(), (column.name,))
    template = special if special and draw.chance(0.6) else _EQUAL
    if column.kind == "one" and template is _EQUAL and draw.chance(0.3):
        template = "[of {column} {value}|of the {value} {column}|in the {value} {column}|of the {column} {value}]"
    their = "their" if draw.lookup.is_person(table) else "the"
    return Condition(sql, draw.say(template, column=phrase, value=shown, their=their), before, (column.name,))


def _special_equal(draw: Draw, table: DescribedTable, column: DescribedColumn) -> str:
    if (column,) == draw.identity(table):
        return "[named {value}|called {value}|with the name {value}|named {value}]"
    if column.kind in _PLACES and sum(c.kind in _PLACES for c in table.columns) == 1:
        if draw.lookup.is_person(table):
            return "[from {value}|from {value}|in {value}|who <are> from {value}|based in {value}]"
        return "[in {value}|in {value}|located in {value}|based in {value}|that <are> in {value}|from {value}]"
    if column.kind == "year" and sum(c.kind in ("year", "date", "datetime") for c in table.columns) == 1:
        return "[in {value}|from {value}|in the year {value}|from the year {value}]"
    if column.kind == "month":
        return "[in {value}|whose {column} is {value}]"
    return ""


def differs(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The column has any value but one."""
    value = draw.choice(column.values)
    template = (
        "[whose {column} is not {value}|with a {column} other than {value}|that <do> not have {column} {value}|"
        "whose {column} is anything but {value}|with {column} different from {value}|not having {column} {value}]"
    )
    if column.kind in _PLACES and sum(c.kind in _PLACES for c in table.columns) == 1 and draw.chance(0.5):
        template = "[not from {value}|that <are> not from {value}|not in {value}|that <are> not in {value}|outside {value}]"
    words = draw.say(template, column=draw.phrase(table, column), value=draw.value(value))
    return Condition(f"{ref} != {literal(value)}", words, columns=(column.name,))


def either(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The column has one of two values: OR, or sometimes IN."""
    if len(column.values) < 3:
        return equals(draw, table, column, ref)
    first, second = draw.rng.sample(column.values, 2)
    one, other = draw.values(first, second)
    if column.kind in _PLACES and sum(c.kind in _PLACES for c in table.columns) == 1 and draw.chance(0.5):
        words = draw.say("[from either|from|in|in either] {one} or {other}", one=one, other=other)
    else:
        words = draw.say(
            "[whose {column} is either {one} or {other}|with {column} {one} or {other}|whose {column} is {one} or {other}|"
            "with either {one} or {other} as {column}|that <have> {column} {one} or {other}]",
            column=draw.phrase(table, column),
            one=one,
            other=other,
        )
    a, b = literal(first), literal(second)
    sql = f"({ref} = {a} OR {ref} = {b})" if draw.chance(0.7) else f"{ref} IN ({a}, {b})"
    return Condition(sql, words, columns=(column.name,))


def like(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """The text starts with, ends with or contains a fragment of a stored value."""
    value = str(draw.choice(column.values))
    words = [word for word in value.replace("%", " ").replace("_", " ").split() if len(word) > 2 and word.isalnum()]
    phrase = draw.phrase(table, column)
    quote = draw.choice(("'", '"', '"'))
    position = draw.rng.random()
    if words and position < 0.55:
        word = draw.choice(words)
        piece, pattern = (word, f"%{word}%")
        template = (
            "[whose {column} contains {piece}|with {piece} in {their} {column}|containing the word {piece} in the {column}|"
            "whose {column} includes {piece}|that <have> {piece} in the {column}|with a {column} that contains {piece}|"
            "with the word {piece} in {their} {column}]"
        )
    elif position < 0.85 and value[:1].isalnum():
        piece = value[0] if draw.chance(0.7) else value[:2].strip()
        pattern = f"{piece}%"
        template = (
            "[whose {column} starts with {piece}|whose {column} begins with {piece}|with a {column} starting with {letter} {piece}|"
            "with {column} beginning with {letter} {piece}|whose {column} starts with {letter} {piece}]"
        )
    else:
        piece = value[-1] if value[-1:].isalnum() else value[:1]
        pattern = f"%{piece}" if value[-1:].isalnum() else f"{piece}%"
        ending = "ends" if pattern.startswith("%") else "starts"
        template = f"[whose {{column}} {ending} with {{piece}}|whose {{column}} {ending} with {{letter}} {{piece}}]"
    their = "their" if draw.lookup.is_person(table) else "the"
    letter = "the letter" if len(piece) == 1 else "the letters"
    words_after = draw.say(template, column=phrase, piece=f"{quote}{piece}{quote}", their=their, letter=letter)
    return Condition(f"{ref} LIKE {literal(pattern)}", words_after, columns=(column.name,))


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
    value = threshold(draw, column)
    operator = draw.rng.choices((">", "<", ">=", "<="), (42, 28, 18, 12))[0]
    phrase = draw.phrase(table, column)
    words = comparison_words(draw, table, column, phrase, operator, draw.value(value, column.kind != "year"))
    return Condition(f"{ref} {operator} {literal(value)}", words, columns=(column.name,))


_YEAR_WORDS = {">": "after", "<": "before", ">=": "in or after", "<=": "in or before"}
_AMOUNTS = {
    ">": "[more than|over|more than]", "<": "[less than|fewer than|under]", ">=": "[at least|no less than]",
    "<=": "[at most|no more than|up to]",
}  # fmt: skip
_SIDES = {">": "<over>", "<": "<under>", ">=": "<least>", "<=": "<most>"}


def comparison_words(
    draw: Draw, table: DescribedTable, column: DescribedColumn, phrase: str, operator: str, value: str
) -> str:
    """ "older than 30", "with at least 3 seats", "whose debut year is after 1990"."""
    if column.kind == "year":
        single = sum(c.kind in ("year", "date", "datetime") for c in table.columns) == 1
        words = _YEAR_WORDS[operator]
        template = "[whose {column} is {words} {value}|with a {column} {words} {value}|with {column} {words} {value}]"
        if operator in "<>" and draw.chance(0.25):
            words = "later than" if operator == ">" else "earlier than"
        elif single and draw.chance(0.4):
            template = "[from {words} {value}|dated {words} {value}]" if operator in "<>" else template
        return draw.say(template, column=phrase, words=words, value=value)
    adjective = adjective_for(draw, table, column, phrase, operator[0] == ">")
    if adjective and len(operator) == 1 and draw.chance(0.55):
        return draw.say("[{adj} than {value}|that <are> {adj} than {value}]", adj=adjective, value=value)
    if operator == ">=" and draw.chance(0.2):
        return draw.say("with [a |]{column} of {value} or [more|higher|above]", column=phrase, value=value)
    side = _SIDES[operator]
    counted = phrase.removeprefix("number of ")
    if counted != phrase and draw.chance(0.6):
        return draw.say("[with|having|that <have>] " + _AMOUNTS[operator] + " {value} {column}", column=counted, value=value)
    of = _AMOUNTS[operator].replace("fewer than", "under")
    return draw.say(
        f"[whose {{column}} is {side} {{value}}|with a {{column}} {side} {{value}}|"
        f"with {{column}} {side} {{value}}|with a {{column}} of {of} {{value}}|having {{column}} {side} {{value}}|"
        f"whose {{column}} is {side} {{value}}|where the {{column}} is {side} {{value}}]",
        column=phrase,
        value=value,
    )


def adjective_for(draw: Draw, table: DescribedTable, column: DescribedColumn, phrase: str, more: bool) -> str:
    """ "older" for an age, if no other column of the table is meant by the same word."""
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
    words = draw.say(
        "[whose {column} is between {low} and {high}|with a {column} between {low} and {high}|"
        "with {column} between {low} and {high}|with a {column} from {low} to {high}|whose {column} lies between {low} and {high}|"
        "with {column} in the range {low} to {high}]",
        column=draw.phrase(table, column),
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


def flagged(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """A yes-or-no column says yes, or says no."""
    value = draw.choice(column.values)
    yes = str(value).lower() in _TRUE
    phrase = draw.phrase(table, column)
    named = column.name.lower()
    adjective = not named.startswith("has")
    if adjective and phrase.isalpha() and phrase.endswith(("ed", "al", "able", "ic", "ive", "ent")) and draw.chance(0.4):
        return Condition(f"{ref} = {literal(value)}", "", phrase if yes else f"non-{phrase}", (column.name,))
    if not adjective:
        with_it = "[with {flag}|that <have> {flag}|with a {flag}|having {flag}]"
        without = "[without {flag}|that <do> not have {flag}|with no {flag}|without a {flag}]"
    else:
        with_it = "[that <are> {flag}|which <are> {flag}|that <are> {flag}|marked as {flag}|flagged as {flag}]"
        without = "[that <are> not {flag}|which <are> not {flag}|not marked as {flag}|that <are> not {flag}]"
    return Condition(f"{ref} = {literal(value)}", draw.say(with_it if yes else without, flag=phrase), "", (column.name,))


def _makers() -> dict[str, tuple[Maker, ...]]:
    makers: dict[str, tuple[Maker, ...]] = {"flag": (flagged,)}
    for kind in sorted(TEXT_KINDS):
        makers[kind] = (equals, equals, equals, like) if kind not in CATEGORY_KINDS else (equals,) * 7 + (differs, either, like)
    for kind in sorted(NUMERIC_KINDS):
        makers[kind] = (compare,) * 7 + (between, number_equals)
    makers["year"] = (compare, compare, compare, equals, equals, between)
    for kind in sorted(PERSON_KINDS):
        makers[kind] = (equals, equals, equals, like)
    return makers


_MAKERS = _makers()
