"""Say conditions on the sign of a number in figures: "a negative balance" is "a balance less than 0". Pure.

Every model reads figures; "negative", "zero" and "no" before a number it reads as a word, or not at all. Which words
mean a number, the schema says: "negative reviews" of a table of reviews stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from coderag_app.files import yaml_beside
from coderag_app.question.read_question import Question
from coderag_app.schema.name_words import NUMBER_WORDS, content_words, singular
from coderag_app.schema.profile import Kind
from coderag_app.schema.tables import Column, Schema, Table

_LONGEST = 4  # words of a column's name

_WORDS = r"((?:[^\W\d_]+(?: |$|(?=\W)))+)"

_Name = tuple[str, ...]


@dataclass(frozen=True)
class _Patterns:
    """The phrases of signs.yaml as patterns; each begins with blanks or at the beginning."""

    adjectives: dict[str, str]
    bounds: str
    copulas: str


def signs_in_figures(question: Question, schema: Schema) -> str:
    """The text of a question with the signs of numbers in figures; most stay as they are.

    Args:
        question: As read with the schema and the stored values: a stored "negative" stays what it is.
        schema: Its columns with their profiles, which say what holds numbers.
    """
    names = _number_names(schema)
    if any(re.search(r"negative|positive|zero", question.text[m.start : m.end].lower()) for m in question.values):
        return question.text
    if any("zero" in content_words(item.column or item.table) for item in question.names):
        return question.text
    text, patterns = question.text, _patterns()
    for adjective, figures in patterns.adjectives.items():
        text = _put(rf"\b{adjective} {_WORDS}", partial(_behind, figures=figures, names=names), text)
        is_so = rf"\b([^\W\d_]+) {patterns.copulas} {adjective}\b"
        text = _put(is_so, partial(_so, figures=figures, names=names, schema=schema), text)
    text = _put(rf"\b({patterns.bounds}) zero\b", lambda match: f"{match[1]} 0", text)
    counted = rf"\b({patterns.bounds}) ({'|'.join(NUMBER_WORDS[1:])}) {_WORDS}"
    text = _put(counted, partial(_counted, names=names), text)
    if re.search(r"\bor\b", text, re.IGNORECASE):
        return text
    none = {name: column for name, column in names.items() if column.profile.low == 0 and not column.profile.nulls}
    text = _put(rf"\bwithout(?: any)? {_WORDS}", partial(_behind, figures="of 0", names=none, before="with "), text)
    return _put(rf"\bno {_WORDS}", partial(_behind, figures="of 0", names=none), text)


def _put(pattern: str, by: Callable[[re.Match[str]], str], text: str) -> str:
    return re.sub(pattern, by, text, flags=re.IGNORECASE)


def _behind(match: re.Match[str], *, figures: str, names: dict[_Name, Column], before: str = "") -> str:
    """The column's words, then the figures, in place of an adjective before them."""
    name, rest = _split(match[1], names)
    return f"{before}{name} {figures}{rest}" if name else match[0]


def _so(match: re.Match[str], *, figures: str, names: dict[_Name, Column], schema: Schema) -> str:
    """What is, was or has been negative: a column, or the only number of a table."""
    noun = match[1]
    if _split(noun, names)[0]:
        return f"{noun} {figures}"
    tables = [table for table in schema.tables if content_words(table.name)[-1:] == (singular(noun.lower()),)]
    own = [column for table in tables for column in _numbers_of(table)]
    if len(tables) == 1 and len(own) == 1:
        return f"{noun} with {' '.join(content_words(own[0].name))} {figures}"
    return match[0]


def _counted(match: re.Match[str], *, names: dict[_Name, Column]) -> str:
    """At least two of what a column counts: "absences at least 2"."""
    name, rest = _split(match[3], names)
    return f"{name} {match[1]} {NUMBER_WORDS.index(match[2].lower())}{rest}" if name else match[0]


def _split(text: str, names: dict[_Name, Column]) -> tuple[str, str]:
    """The words at the beginning that name a column of numbers, and what follows them."""
    words = list(re.finditer(r"[^\W\d_]+", text))
    for length in range(min(_LONGEST, len(words)), 0, -1):
        if tuple(singular(word[0].lower()) for word in words[:length]) in names:
            end = words[length - 1].end()
            return text[:end], text[end:]
    return "", text


def _number_names(schema: Schema) -> dict[_Name, Column]:
    """The columns of numbers by how they are called: in full, or by the beginning of the name ("profit" of profit_eur).

    Words of a table's name mean its rows, not a column: "at least one order" is no ``order_quantity``.
    """
    nouns = {word for table in schema.tables for word in content_words(table.name)}
    names: dict[_Name, Column] = {}
    for table in schema.tables:
        for column in _numbers_of(table):
            name = content_words(column.name)
            for length in range(len(name), 0, -1):
                if nouns.isdisjoint(name[:length]):
                    names.setdefault(name[:length], column)
    return names


def _numbers_of(table: Table) -> Iterator[Column]:
    """The columns that hold numbers and are no keys, flags or dates."""
    keys = {name.lower() for key in table.foreign_keys for name in key.columns}
    for column in table.columns:
        profile = column.profile
        number = profile.number is not None or profile.kind is Kind.NUMBER or column.is_numeric
        other = column.primary_key or column.name.lower() in keys or profile.flag is not None or column.is_boolean
        if number and not other and profile.kind is not Kind.DATE:
            yield column


@cache
def _patterns() -> _Patterns:
    return _Patterns(**yaml_beside(__file__, "signs.yaml"))
