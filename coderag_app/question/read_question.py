"""A question as everybody reads it: text, words, and what it says by name, value, quotation, number or period. Pure.

``read_question`` makes it once. Linking, writing, repairs, checks, the vote and the page then ask the same value, so
that none of them finds other words, values or periods than the others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from coderag_app.question.periods.period import Period
from coderag_app.question.periods.phrases import all_periods
from coderag_app.question.periods.said_units import said_units
from coderag_app.schema.name_words import content_words, singular, stem
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex, ValueMatch

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’|«([^»]+)»")
_NUMBER = re.compile(r"(?<![\w.,-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w-]|[.,]\d)")
_LONGEST_NAME = 6  # words; no table or column that people speak of has a longer name


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question at ``start:end``, as written."""

    text: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        """The word in lowercase, without a possessive ending."""
        return re.sub(r"['’]s$|['’]$", "", self.text.casefold())

    @property
    def stem(self) -> str:
        """The stem of the word in the singular: that of ``countries`` and ``country`` is one."""
        return stem(singular(self.folded))


@dataclass(frozen=True, slots=True)
class NamedItem:
    """A table, or a column of one (empty for the table itself), whose whole name a question says at ``start:end``."""

    start: int
    end: int
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class SaidText:
    """A quoted text or a number of a question at ``start:end``, without its quotation marks and commas."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SaidPeriod:
    """A period that a question names at ``start:end``; None where no calendar has it."""

    start: int
    end: int
    period: Period | None


@dataclass(frozen=True, slots=True)
class SaidUnit:
    """A unit of time that a question wants a row for each of, at ``start:end``: "per month"."""

    start: int
    end: int
    unit: str


@dataclass(frozen=True, slots=True)
class Misspelt:
    """A word at ``start:end`` of a question as it was asked, and the word that it was read as."""

    start: int
    end: int
    written: str
    read: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what was found in it. Positions count in ``text``.

    Attributes:
        text: The question in one line; white space is folded here and nowhere else.
        words: Its words, in order.
        names: Tables and columns whose names it says, whatever the plural; empty without a schema.
        values: Stored values that it says; empty without values.
        quoted: What it says in quotation marks.
        numbers: Its numbers.
        periods: The years, months and days that it names.
        misspelt: The words that were read as others; ``text`` has these.
        units: The units of time that it wants a row for each of.
    """

    text: str = ""
    words: tuple[Word, ...] = ()
    names: tuple[NamedItem, ...] = ()
    values: tuple[ValueMatch, ...] = ()
    quoted: tuple[SaidText, ...] = ()
    numbers: tuple[SaidText, ...] = ()
    periods: tuple[SaidPeriod, ...] = ()
    misspelt: tuple[Misspelt, ...] = ()
    units: tuple[SaidUnit, ...] = ()

    def __str__(self) -> str:
        return self.text


def read_question(text: str, schema: Schema | None = None, values: ValueIndex | None = None) -> Question:
    """Read a question.

    Args:
        text: As asked; an empty text is an empty question.
        schema: The tables and columns that it may name.
        values: The values that it may name.

    Example:
        >>> asked = read_question("Orders of 'Ada'  in May 2021, more than 1,500?")
        >>> asked.text, [quoted.text for quoted in asked.quoted], [number.text for number in asked.numbers]
        ("Orders of 'Ada' in May 2021, more than 1,500?", ['Ada'], ['2021', '1500'])
    """
    text = " ".join(text.split())
    words = tuple(Word(match[0], *match.span()) for match in _WORD.finditer(text))
    return Question(
        text,
        words,
        tuple(_named_items(words, schema)) if schema is not None else (),
        tuple(values.find(text)) if values is not None else (),
        tuple(SaidText(next(filter(None, match.groups())), *match.span()) for match in _QUOTED.finditer(text)),
        tuple(SaidText(match[0].replace(",", ""), *match.span()) for match in _NUMBER.finditer(text)),
        tuple(SaidPeriod(*found) for found in all_periods(text)),
        units=tuple(SaidUnit(*found) for found in said_units(text)),
    )


def _named_items(words: tuple[Word, ...], schema: Schema) -> Iterator[NamedItem]:
    """Each place where the words of a name stand together."""
    said = [singular(word.folded) for word in words]
    places: defaultdict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for length in range(1, _LONGEST_NAME + 1):
        for at in range(len(said) - length + 1):
            places[tuple(said[at : at + length])].append((words[at].start, words[at + length - 1].end))
    for table in schema.tables:
        for column in ("", *(column.name for column in table.columns)):
            for start, end in places.get(content_words(column or table.name), ()):
                yield NamedItem(start, end, table.name, column)
