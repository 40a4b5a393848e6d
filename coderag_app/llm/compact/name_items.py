"""The tables and columns that a question may name, and where it names tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coderag_app.schema.name_words import stem


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


class NameMentions:
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
