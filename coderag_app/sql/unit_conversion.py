"""Units of measure that columns are kept in and questions ask for, converted by pint. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from coderag_app.question.read_question import Question
from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.profile import profile_words
from coderag_app.schema.tables import Column

if TYPE_CHECKING:
    from pint import UnitRegistry

_IN_UNIT = re.compile(r"\(?\bin (?P<unit>[a-z]+)\b\)?")
_BEHIND = re.compile(r"\s?(?P<unit>[a-z]+)\b(?! (?:per|an?|each)\b)")
_WRITTEN_OUT = frozenset(
    "seconds minutes hours days weeks grams kilograms tons tonnes pounds ounces millimeters millimetres centimeters "
    "centimetres meters metres kilometers kilometres inches feet yards miles milliliters millilitres liters litres "
    "gallons".split()
)


@dataclass(frozen=True, slots=True)
class SaidAmount:
    """A number of a question with its unit: "6 kg"."""

    number: str
    unit: str


def asked_unit(question: Question) -> str:
    """The unit that a question wants its numbers in, as it is spelled there; empty where it says none.

    >>> from coderag_app.question.read_question import read_question
    >>> asked_unit(read_question("Average running time in hours")), asked_unit(read_question("Shops in Porto"))
    ('hours', '')
    """
    found = (match["unit"] for match in _IN_UNIT.finditer(question.text))
    return next(filter(_is_unit, found), "")


def said_amounts(question: Question) -> Iterator[SaidAmount]:
    """The numbers of a question that have a unit."""
    for number in question.numbers:
        behind = _BEHIND.match(question.text, number.end)
        if behind and _is_unit(behind["unit"]):
            yield SaidAmount(number.text, behind["unit"])


def unit_of_column(column: Column) -> str:
    """The unit that a column is kept in: the one of its values, or the last word of its name; empty where neither says.

    >>> unit_of_column(Column("Body Mass (g)", "REAL")), unit_of_column(Column("running_time_min", "INT"))
    ('g', 'min')
    >>> unit_of_column(Column("min", "INT")), unit_of_column(Column("name", "TEXT"))
    ('', '')
    """
    written = column.profile.number.unit if column.profile.number is not None else ""
    words = identifier_words(column.name).split()
    last = words[-1] if len(words) > 1 else ""
    return next(filter(_is_unit, (written, last)), "")


def factor(stored: str, asked: str) -> float | None:
    """By what a number in one unit is multiplied to be in another; None where they measure different things.

    >>> factor("g", "kg"), factor("min", "hours"), factor("g", "hours")
    (0.001, 0.016666666666666666, None)
    """
    from pint.errors import PintError

    units = _registry()
    try:
        return float(units.Quantity(1, stored).to(asked).magnitude)
    except (PintError, ValueError):  # another dimension, no unit for it, or one with an offset such as °C
        return None


def _is_unit(word: str) -> bool:
    return word in _spellings() or word in _WRITTEN_OUT or f"{word}s" in _WRITTEN_OUT


@cache
def _registry() -> UnitRegistry:
    from pint import UnitRegistry

    return UnitRegistry()


@cache
def _spellings() -> frozenset[str]:
    return frozenset(unit for unit in profile_words()["units"] if unit.isalpha())
