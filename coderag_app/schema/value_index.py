"""Find stored values in a question, with an index from normalised text to the columns that hold it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from coderag_app.schema.name_words import singular
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_links import Lookup, read_lookups

MAX_VALUES_PER_COLUMN = 5_000
MAX_VALUE_WORDS = 8
FEW_VALUES = 4
_FEW_WORDS = 3  # longer values are prose
_WORD = re.compile(r"\w+(?:['’]\w+)*", re.UNICODE)
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A text value as stored in a column."""

    table: str
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A span ``start:end`` of the question that equals stored values, ignoring case, accents and punctuation.

    Attributes:
        values: The values that equal it; those with other accents only if no value has the same.
        linked: Their counterparts by a lookup table: for Germany the DE of every column that refers to the table of
            countries, for DE the name.
    """

    start: int
    end: int
    values: tuple[StoredValue, ...]
    linked: tuple[StoredValue, ...] = ()


class ValueIndex:
    """The distinct text values of a database, indexed by their words.

    Attributes:
        words: The words of short values, without case and accents.
    """

    def __init__(
        self,
        values: Iterable[StoredValue] = (),
        lookups: Iterable[Lookup] = (),
    ) -> None:
        self._by_words: dict[tuple[str, ...], list[StoredValue]] = defaultdict(list)
        self._by_column: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._links: dict[StoredValue, tuple[StoredValue, ...]] = defaultdict(tuple)
        for value in values:
            words = tuple(_WORD.findall(without_accents(value.text)))
            if 0 < len(words) <= MAX_VALUE_WORDS:
                self._by_words[words].append(value)
            self._by_column[value.table.lower(), value.column.lower()].append(value.text)
        for lookup in lookups:
            self._link(lookup)
        self.words = frozenset(word for words in self._by_words if len(words) <= _FEW_WORDS for word in words)
        self._longest = max(map(len, self._by_words), default=0)

    @classmethod
    def from_database(
        cls,
        schema: Schema,
        texts_of: Callable[[Sequence[tuple[str, str]], int], Sequence[Sequence[str]]],
        unmatched: Sequence[str] = (),
        rows: Callable[[str], Sequence[Sequence[Any]]] | None = None,
        nested: Mapping[tuple[str, str], Sequence[StoredValue]] | None = None,
    ) -> ValueIndex:
        """Read the values of every column of text.

        Args:
            schema: The schema to walk.
            texts_of: Reads up to so many values of each column, such as ``Database.texts_of``.
            unmatched: Columns to skip, as ``table.column``; ``*`` matches any name. Their values are never read.
            rows: Runs one query; with it, codes are linked to names through lookup tables.
            nested: The texts inside lists and objects, by (table, column): these columns have no others.
        """
        nested = nested or {}
        skipped = partial(is_unmatched, [pattern.lower() for pattern in unmatched])
        columns = [
            (table.name, column.name)
            for table in schema.tables
            for column in table.columns
            if not column.is_numeric
            and not skipped(table.name, column.name)
            and (table.name, column.name) not in nested
        ]
        read = zip(columns, texts_of(columns, MAX_VALUES_PER_COLUMN), strict=True)
        values = [StoredValue(*column, text) for column, texts in read for text in texts]
        values += [value for inside in nested.values() for value in inside]
        if rows is None:
            return cls(values)
        return cls(values, read_lookups(schema, rows, skipped))

    def find(self, text: str, *, plurals: bool = False) -> list[ValueMatch]:
        """Find the longest stored values in the text, left to right, without overlaps.

        Values of up to three letters must match in case too ("IN" is not "in").

        Args:
            text: The question.
            plurals: Whether a single word may be a value's plural, for callers that know its other meanings.
        """
        words = list(_WORD.finditer(text))
        folded = [without_accents(word.group()) for word in words]
        matches: list[ValueMatch] = []
        position = 0
        while position < len(words):
            match = self._longest_at(text, words, folded, position, plurals)
            if match is None:
                position += 1
            else:
                matches.append(match[0])
                position += match[1]
        return matches

    def _longest_at(
        self, text: str, words: list[re.Match[str]], folded: list[str], position: int, plurals: bool
    ) -> tuple[ValueMatch, int] | None:
        for length in range(min(self._longest, len(words) - position), 0, -1):
            start, end = words[position].start(), words[position + length - 1].end()
            asked, phrase = text[start:end], folded[position : position + length]
            found = self._by_words.get(tuple(phrase))
            if not found and plurals and length == 1 and (one := singular(phrase[0])) != phrase[0]:
                found, asked = self._by_words.get((one,)), asked[: len(one)]  # "cashiers" means the kind Cashier
            if not found:
                continue
            same = [value for value in found if len(value.text) > 3 or _plain(value.text) == _plain(asked)]
            accented = [value for value in same if _words(value.text) == _words(asked)]
            exact = tuple(accented or same)
            if exact:
                linked = dict.fromkeys(other for value in exact for other in self._links.get(value, ()))
                return ValueMatch(start, end, exact, tuple(value for value in linked if value not in exact)), length
        return None

    def stored_form(self, table: str, column: str, text: str) -> str | None:
        """Find the column's value that equals the text, ignoring case and accents, or that a lookup table links to it.

        None if the column stores no such value.
        """
        place = (table.lower(), column.lower())
        values = self._by_column.get(place, ())
        if text in values:
            return text
        for fold in (str.casefold, without_accents):
            wanted = fold(text)
            found = next((value for value in values if fold(value) == wanted), None)
            if found is not None:
                return found
        whole = [match for match in self.find(text) if (match.start, match.end) == (0, len(text))]
        linked = (other for match in whole for other in match.linked)
        return next((other.text for other in linked if (other.table.lower(), other.column.lower()) == place), None)

    def few_values(self, table: str, column: str) -> tuple[str, ...]:
        """All values of a column with only a few short ones (a category or flag), else none."""
        values = self._by_column.get((table.lower(), column.lower()), ())
        if 0 < len(values) <= FEW_VALUES and all(0 < len(value.strip()) <= 16 for value in values):
            return tuple(values)
        return ()

    def values_of(self, table: str, column: str) -> tuple[str, ...]:
        """The indexed values of a column, as stored."""
        return tuple(self._by_column.get((table.lower(), column.lower()), ()))

    def near(self, text: str, count: int = 3) -> tuple[str, ...]:
        """Find stored values that are spelled similarly to a text."""
        from difflib import get_close_matches

        folded = {without_accents(value): value for values in self._by_column.values() for value in values}
        return tuple(folded[name] for name in get_close_matches(without_accents(text), list(folded), n=count))

    def _link(self, lookup: Lookup) -> None:
        for code, label in lookup.rows:
            coded = [StoredValue(table, column, code) for table, column in lookup.referring]
            key = StoredValue(lookup.table, lookup.key, code)
            named = StoredValue(lookup.table, lookup.label, label)
            self._links[named] += (*coded, key)
            for value in (*coded, key):
                self._links[value] += (named,)


def is_unmatched(patterns: Sequence[str], table: str, column: str) -> bool:
    """Whether a column must not be read; a pattern without a dot names a column of any table.

    Example:
        >>> [is_unmatched(["customers.email", "*.phone"], "Customers", column) for column in ("Email", "phone", "city")]
        [True, True, False]
    """
    place = f"{table}.{column}".lower()
    return any(fnmatchcase(place, pattern if "." in pattern else f"*.{pattern}") for pattern in patterns)


def without_accents(text: str) -> str:
    """Fold case and accents, for comparing.

    Example:
        >>> without_accents("ZOË Müller-Łódź")
        'zoe muller-lodz'
    """
    folded = text.casefold()
    return folded if folded.isascii() else _plain(folded).translate(_UNDECOMPOSED)


def _plain(text: str) -> str:
    """Remove accents, keeping the case."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
