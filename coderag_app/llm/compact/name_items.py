"""The tables and columns that a question may name, where it names tables, and the columns that name a table's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from coderag_app.schema.name_words import name_words

NAME_WORDS = frozenset("name names title label fullname".split())
_PERSON_NAMES = frozenset("first last forename surname given family firstname lastname".split())
_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=16384)  # 250 bytes each
def stem(word: str) -> str:
    """The stem of a lowercase word: ``countries`` and ``country`` have the same."""
    return str(_stemmer.stemWord(word)) if word.isascii() else word


@dataclass(frozen=True, slots=True)
class Item:
    """A table or column: its id, its table's id, the words of its name and their stems."""

    item_id: str
    table_id: str
    words: tuple[str, ...]
    stems: tuple[str, ...]
    is_key: bool

    @property
    def is_table(self) -> bool:
        """Whether it is a table itself."""
        return self.item_id == self.table_id


def make_item(item_id: str, table_id: str, text: str, is_key: bool) -> Item:
    """An item of the words of a name; numbers in it are no words."""
    words = tuple(word for word in text.split() if not word.isdigit())
    return Item(item_id, table_id, words, tuple(stem(word) for word in words), is_key)


def shares_a_word(first: str, second: str) -> bool:
    """Whether two identifiers have a word in common, whatever its ending: ``orders`` and ``ordered_on``."""
    words = ({stem(word) for word in name_words(name).split()} for name in (first, second))
    return not next(words).isdisjoint(next(words))


class Mentions:
    """Where a question names which table.

    Args:
        spans: (start, end, items) of the names found in the question.
        others: Ids of tables that it is about without naming them.
    """

    def __init__(self, spans: Sequence[tuple[int, int, list[Item]]], others: Iterable[str]) -> None:
        self._places = [(start, end, item.table_id) for start, end, items in spans for item in items if item.is_table]
        self.tables = {table for *_, table in self._places} | set(others)

    def distance(self, table_id: str, place: int) -> tuple[int, int]:
        """How far from a place the table is named: just before, then next, then before, then elsewhere."""
        gaps = [(start - place, end == place) for start, end, table in self._places if table == table_id]
        if any(adjacent for _, adjacent in gaps):
            return (0, 0)
        after = [gap for gap, _ in gaps if gap > 0]
        if after:
            return (1, min(after))
        if gaps:
            return (2, min(-gap for gap, _ in gaps))
        return (3, 0) if table_id in self.tables else (4, 0)

    def nearest(self, place: int) -> str | None:
        """The table that words at a place speak of, if the question names one."""
        named = {table for *_, table in self._places}
        return min(sorted(named), key=lambda table: self.distance(table, place), default=None)


def naming_columns(table: Item, columns: Sequence[tuple[str, str, str, bool]]) -> tuple[str, ...]:
    """Ids of the columns by which people know a table's rows: first and last name, name or title, its noun, its key."""
    own = [
        (column_id, set(words.split()), is_key)
        for column_id, owner, words, is_key in columns
        if owner == table.table_id
    ]
    persons = [item_id for item_id, words, _ in own if words & _PERSON_NAMES and words & (NAME_WORDS | _PERSON_NAMES)]
    if len(persons) == 2:
        return tuple(persons)
    named = sorted((len(words - set(table.words)), item_id) for item_id, words, _ in own if words & NAME_WORDS)
    if named:
        return (min(named, key=lambda pair: pair[0])[1],)
    same = [item_id for item_id, words, is_key in own if words == set(table.words) and not is_key]
    if same:
        return (same[0],)
    return tuple(item_id for item_id, _, is_key in own[:1] if is_key)
