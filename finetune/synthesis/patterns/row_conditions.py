"""Restrictions on the rows of a table, with the words for them: "from France", "whose genre is rock"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.flag_words import acting, flag_object, flag_phrase, says_yes, verb_of
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, NUMERIC_KINDS, PERSON_KINDS, TEXT_KINDS, literal
from finetune.synthesis.patterns.number_conditions import between, compare, number_equals
from finetune.synthesis.patterns.subject import Condition

Maker = Callable[[Draw, DescribedTable, DescribedColumn, str], Condition]

_PLACES = ("city", "country", "region")
_CONDITION_WEIGHTS = {
    "person": 0.4, "name": 0.4, "first_name": 0.4, "last_name": 0.4, "street": 0.3, "email": 0.2,
    "phone": 0.2, "url": 0.2,
    "code": 0.5, "one": 1.4, "flag": 1.5, "city": 1.2, "country": 1.2,
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
        draw: The dice.
        table: The table to restrict.
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


def equals(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str, value: Any = None) -> Condition:
    """The column has a stored value: the given one, else any."""
    value = draw.choice(column.values) if value is None else value
    sql = f"{ref} = {literal(value)}"
    adjectival = column.kind in ("one", "color", "nationality") and isinstance(value, str) and value.isalpha()
    if adjectival and len(value) > 3 and draw.chance(0.3):
        kept = value.isupper() or column.kind == "nationality"
        return Condition(sql, "", value if kept else value.lower(), (column.name,))
    special = _special_equal(draw, table, column)
    template = special if special and draw.chance(0.6) else _EQUAL
    if column.kind == "one" and template is _EQUAL and draw.chance(0.3):
        template = "[of {column} {value}|of the {value} {column}|in the {value} {column}|of the {column} {value}]"
    words = draw.say(
        template,
        column=draw.phrase(table, column),
        value=draw.value(value, small_words=False),
        their="their" if draw.lookup.is_person(table) else "the",
    )
    return Condition(sql, words, columns=(column.name,))


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
        "whose {column} is anything but {value}|whose {column} is not equal to {value}|"
        "with {column} different from {value}|not having {column} {value}]"
    )
    if column.kind in _PLACES and sum(c.kind in _PLACES for c in table.columns) == 1 and draw.chance(0.5):
        template = (
            "[not from {value}|that <are> not from {value}|not in {value}|that <are> not in {value}|outside {value}]"
        )
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
            "[whose {column} is either {one} or {other}|with {column} {one} or {other}|"
            "whose {column} is {one} or {other}|"
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
    if value[-1:].isalpha() and position < 0.12:
        piece = draw.choice([letter for letter in value if letter.isalpha()]).lower()
        pattern = f"%{piece}%"
        template = (
            "[whose {column} contains the letter {piece}|with the letter {piece} in {their} {column}|"
            "that <have> the letter {piece} in {their} {column}]"
        )
    elif words and position < 0.55:
        word = draw.choice(words)
        piece, pattern = (word, f"%{word}%")
        template = (
            "[whose {column} contains {piece}|with {piece} in {their} {column}|"
            "containing the word {piece} in the {column}|"
            "whose {column} includes {piece}|that <have> {piece} in the {column}|"
            "with the substring {piece} in {their} {column}|"
            "with a {column} that contains {piece}|"
            "with the word {piece} in {their} {column}]"
        )
    elif position < 0.85 and value[:1].isalnum():
        piece = value[0] if draw.chance(0.7) else value[:2].strip()
        pattern = f"{piece}%"
        template = (
            "[whose {column} starts with {piece}|whose {column} begins with {piece}|"
            "with a {column} starting with {letter} {piece}|"
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


def flagged(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Condition:
    """A yes-or-no column says yes, or says no."""
    value = draw.choice(column.values)
    yes = says_yes(value)
    phrase = flag_phrase(draw, table, column)
    verb, words = verb_of(column, phrase)
    if verb not in ("is", "has"):
        return Condition(f"{ref} = {literal(value)}", acting(draw, verb, words, yes), "", (column.name,))
    adjective, phrase = verb == "is", words if verb == "is" else flag_object(draw, verb, words)
    if (
        adjective
        and phrase.isalpha()
        and phrase.endswith(("ed", "al", "able", "ic", "ive", "ent"))
        and draw.chance(0.4)
    ):
        return Condition(f"{ref} = {literal(value)}", "", phrase if yes else f"non-{phrase}", (column.name,))
    if not adjective:
        with_it = "[with {column}|that <have> {column}|having {column}]"
        without = "[without {column}|that <do> not have {column}|not having {column}]"
    else:
        with_it = (
            "[that <are> {column}|which <are> {column}|that <are> {column}|marked as {column}|flagged as {column}]"
        )
        without = "[that <are> not {column}|which <are> not {column}|not marked as {column}|that <are> not {column}]"
    return Condition(
        f"{ref} = {literal(value)}", draw.say(with_it if yes else without, column=phrase), "", (column.name,)
    )


def _makers() -> dict[str, tuple[Maker, ...]]:
    makers: dict[str, tuple[Maker, ...]] = {"flag": (flagged,)}
    for kind in sorted(TEXT_KINDS):
        makers[kind] = (
            (equals, equals, equals, like) if kind not in CATEGORY_KINDS else (equals,) * 7 + (differs, either, like)
        )
    for kind in sorted(NUMERIC_KINDS):
        makers[kind] = (compare,) * 7 + (between, number_equals)
    makers["year"] = (compare, compare, compare, equals, equals, between)
    for kind in sorted(PERSON_KINDS):
        makers[kind] = (equals, equals, equals, like)
    return makers


_MAKERS = _makers()
