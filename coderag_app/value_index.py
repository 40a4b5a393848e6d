"""Which stored values a question mentions: an index from normalised text to the columns that hold it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coderag_app.schema import Schema

MAX_VALUES_PER_COLUMN = 5_000
MAX_VALUE_WORDS = 8
FEW_VALUES = 4
_WORD = re.compile(r"\w+(?:['’]\w+)*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A text value as a column stores it."""

    table: str
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A stretch ``start:end`` of the question that equals stored values, apart from case and punctuation."""

    start: int
    end: int
    values: tuple[StoredValue, ...]


class ValueIndex:
    """The distinct text values of a database, by their words."""

    def __init__(self, values: Iterable[StoredValue] = ()) -> None:
        self._by_words: dict[tuple[str, ...], list[StoredValue]] = defaultdict(list)
        self._by_column: dict[tuple[str, str], list[str]] = defaultdict(list)
        for value in values:
            words = tuple(_WORD.findall(value.text.casefold()))
            if 0 < len(words) <= MAX_VALUE_WORDS:
                self._by_words[words].append(value)
            self._by_column[value.table.lower(), value.column.lower()].append(value.text)
        self._longest = max(map(len, self._by_words), default=0)

    @classmethod
    def from_database(cls, schema: Schema, distinct_texts: Callable[[str, str, int], list[str]]) -> ValueIndex:
        """Read the values of every column of text.

        Args:
            schema: The schema to walk.
            distinct_texts: ``(table, column, limit) -> values``, such as ``Database.distinct_texts``.
        """
        return cls(
            StoredValue(table.name, column.name, text)
            for table in schema.tables
            for column in table.columns
            if not column.is_numeric
            for text in distinct_texts(table.name, column.name, MAX_VALUES_PER_COLUMN)
        )

    def find(self, text: str) -> list[ValueMatch]:
        """The longest stored values in the text, left to right, none overlapping.

        Values of up to three letters must match in case too ("IN" is not "in").
        """
        words = list(_WORD.finditer(text))
        folded = [word.group().casefold() for word in words]
        matches: list[ValueMatch] = []
        position = 0
        while position < len(words):
            match = self._longest_at(text, words, folded, position)
            if match is None:
                position += 1
            else:
                matches.append(match[0])
                position += match[1]
        return matches

    def _longest_at(
        self, text: str, words: list[re.Match[str]], folded: list[str], position: int
    ) -> tuple[ValueMatch, int] | None:
        for length in range(min(self._longest, len(words) - position), 0, -1):
            found = self._by_words.get(tuple(folded[position : position + length]))
            if not found:
                continue
            start, end = words[position].start(), words[position + length - 1].end()
            exact = [value for value in found if len(value.text) > 3 or value.text == text[start:end]]
            if exact:
                return ValueMatch(start, end, tuple(exact)), length
        return None

    def stored_form(self, table: str, column: str, text: str) -> str | None:
        """The value of the column that equals the text apart from case, or None."""
        wanted = text.casefold()
        values = self._by_column.get((table.lower(), column.lower()), ())
        return next((value for value in values if value.casefold() == wanted), None)

    def few_values(self, table: str, column: str) -> tuple[str, ...]:
        """All values of a column that has just a few short ones (a category or flag), else none."""
        values = self._by_column.get((table.lower(), column.lower()), ())
        if 0 < len(values) <= FEW_VALUES and all(0 < len(value.strip()) <= 16 for value in values):
            return tuple(values)
        return ()
