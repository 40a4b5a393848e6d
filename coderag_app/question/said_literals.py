"""The literals of a question: values that its SQL will compare with. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from coderag_app.question.function_words import function_words
from coderag_app.question.periods.period import Period
from coderag_app.question.periods.phrases import FoundPeriod, lies_apart
from coderag_app.schema.value_index import StoredValue, ValueIndex, ValueMatch

_NEVER_VALUES = frozenset("id ids name names no in or me us it is do all what date".split())  # ID is Idaho as well
_NO_PREPOSITIONS = frozenset(("the", "year"))
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’")
_NUMBER = re.compile(r"(?<![\w.])\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?|(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*)*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal of the question.

    Attributes:
        text: As asked; of a month or a day, the year or ISO date that the model reads for it.
        values: The stored values that equal it.
        period: The month, quarter, half or day, if it is one.
        preposition: The word before it in lowercase, "the year" left out.
    """

    text: str
    values: tuple[StoredValue, ...] = ()
    period: Period | None = None
    preposition: str = ""

    @property
    def number(self) -> str | None:
        """The literal as an SQL number, or None."""
        plain = self.text.replace(",", "")
        return plain if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None

    @property
    def is_year(self) -> bool:
        """Whether the literal looks like a year and no text column stores it."""
        return not self.values and bool(re.fullmatch(r"1[5-9]\d\d|20\d\d", self.text))

    @property
    def spellings(self) -> frozenset[str]:
        """How SQL may say it, in lowercase."""
        if self.period is not None:
            return self.period.spellings
        texts = (self.text, self.number or "", *(value.text for value in self.values))
        return frozenset(text.casefold() for text in texts if text)

    def stored_in(self, table: str, column: str) -> str | None:
        """The value's stored spelling in that column, or None."""
        wanted = (table.lower(), column.lower())
        return next((v.text for v in self.values if (v.table.lower(), v.column.lower()) == wanted), None)


def literal_spans(
    question: str, is_name: Callable[[str], bool], values: ValueIndex, periods: Sequence[FoundPeriod] = ()
) -> list[tuple[int, int, Literal]]:
    """Find quoted strings, stored values, the months and days in ``periods``, numbers, dates and unknown proper names.

    Args:
        question: The question as asked.
        is_name: Whether a word in lowercase names a table or column, which it then means before a stored value.
        values: The stored values.
        periods: Where it speaks of months or days.

    Returns:
        Start, end and literal of each, in order and without overlaps.
    """
    spans: list[tuple[int, int, Literal]] = []

    def add(start: int, end: int, literal: Literal) -> None:
        if literal.text.strip() and lies_apart((start, end), (other[:2] for other in spans)):
            spans.append((start, end, replace(literal, preposition=_last_word(question[:start]))))

    for quoted in _QUOTED.finditer(question):
        text = next(group for group in quoted.groups() if group is not None)
        found = values.find(text)
        whole = [match for match in found if (match.start, match.end) == (0, len(text))]
        if not whole and _in_several_columns(text, found):
            ends = [quoted.start(), *(quoted.start() + 1 + match.end for match in found[:-1]), quoted.end()]
            for match, start, end in zip(found, ends, ends[1:], strict=False):
                add(start, end, Literal(text[match.start : match.end], match.values))
            continue
        add(*quoted.span(), Literal(text, whole[0].values if whole else ()))
    for match in values.find(question, plurals=True):
        text = question[match.start : match.end]
        if not (text.islower() and (is_name(text) or text in _NEVER_VALUES)):  # "driver" is the table first
            add(match.start, match.end, Literal(text, match.values))
    for start, end, period in periods:
        add(start, end, Literal(period.read_as, period=period))
    for number in _NUMBER.finditer(question):
        add(*number.span(), Literal(number.group().rstrip(",")))
    for name in _NAME.finditer(question):
        start, text = _without_function_words(name.start(), name.group().rstrip(".,'’-"))
        add(start, start + len(text), Literal(text))
    return sorted(spans, key=lambda span: span[0])


def _without_function_words(start: int, name: str) -> tuple[int, str]:
    """A name without the words in front that only begin a sentence: "..., How about Bonn"."""
    while name and name.split(" ")[0].casefold() in function_words():
        head, blank, name = name.partition(" ")
        start += len(head) + len(blank)
    return start, name


def _last_word(text: str) -> str:
    return next((word for word in reversed(text.lower().split()) if word not in _NO_PREPOSITIONS), "")


def _in_several_columns(text: str, found: Sequence[ValueMatch]) -> bool:
    """Whether the stored values in a quoted text are all of it and stand side by side in one table: "Ada Lovelace"."""
    said = sum(len(text[match.start : match.end].split()) for match in found)
    tables = [{value.table for value in match.values} for match in found]
    return len(found) > 1 and said == len(text.split()) and bool(set.intersection(*tables))
