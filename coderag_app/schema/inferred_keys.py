"""Infer the foreign keys that nobody declared from names, and check them by values.

Three signs make a candidate, the surest first: a column is called after a table (``orders.customer_id`` and
``customers``), it has the name of another table's unique column (``flights.carrier`` and ``airlines.carrier``), or
it holds short codes that are all keys of another table (``flights.dest`` and ``airports.faa``). Then one query per
candidate compares the values. The result is a schema whose tables hold the inferred keys beside the declared ones, so
that prompts, join completion, linking, repairs and checks have one list.

On the 93 Spider training databases with their keys taken away, 326 of 381 declared keys are found again.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from coderag_app.errors import DatabaseError
from coderag_app.files import yaml_beside
from coderag_app.schema.name_words import identifier_words, singular
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table, quote_identifier

logger = logging.getLogger(__name__)

Rows = Callable[[str, float], Sequence[Sequence[Any]]]  # (SQL, seconds it may take)

BUDGET_S = 1.0  # of all checks together; candidates left over are judged by their names
_LEAST_S = 0.05
_MOST_CHECKS = 400
_SAMPLED_ROWS = 20_000  # rows of a table that a check reads
_SAMPLED_VALUES = 5_000
_MAX_CODE_CHARS = 8
_MIN_CODES = 3  # fewer equal values are a coincidence
_ENOUGH = {"table": 0.6, "name": 0.6, "values": 0.9}  # share of the values that must be found: rows may be orphans
_WORTH = {"table": 0.9, "name": 0.8, "values": 0.6}
_WHOLE = 0.95  # fit of a column that says the table's whole noun and nothing else
_UNCHECKED = 0.8  # factor of a candidate whose values could not be compared


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A column that may refer to another table's: ``kind`` is the sign, ``fit`` orders the candidates of one kind."""

    table: Table
    column: Column
    parent: Table
    key: Column
    kind: str
    fit: float = 1.0

    @property
    def is_declared_key(self) -> bool:
        """Whether the database promises that the key's values differ."""
        return only_key(self.parent) is self.key


def with_inferred_keys(
    schema: Schema,
    rows: Rows | None = None,
    unread: Callable[[str, str], bool] = lambda table, column: False,
    known: MutableMapping[str, tuple[int, int]] | None = None,
) -> Schema:
    """Add the keys that names and values show to the declared ones.

    Args:
        schema: The schema as the database declares it.
        rows: Runs one query, e.g. ``lambda sql, seconds: database.execute(sql, seconds).rows``; None judges by names
            alone.
        unread: ``(table, column)`` of columns whose values must not be read.
        known: What earlier checks found, by their query; further ones are added.

    Returns:
        The schema; each inferred key has a ``score`` below 1. A column has one key at most.
    """
    names, checks = _Names(schema), _Checks(schema, rows, unread, {} if known is None else known)
    found: dict[str, list[ForeignKey]] = {}
    for table in schema.tables:
        declared = {name.lower() for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            if column.name.lower() not in declared and not _is_measure(column):
                key = _best(names.candidates(table, column), checks)
                if key is not None:
                    found.setdefault(table.name, []).append(key)
    tables = [replace(t, foreign_keys=(*t.foreign_keys, *_one_way(t, found))) for t in schema.tables]
    return replace(schema, tables=tuple(tables)) if found else schema


def _one_way(table: Table, found: dict[str, list[ForeignKey]]) -> Iterator[ForeignKey]:
    """The keys of a table, without those whose target refers back with a higher score."""
    for key in found.get(table.name, ()):
        back = ForeignKey(key.ref_columns, table.name, key.columns)
        scores = [other.score for other in found.get(key.ref_table, ()) if replace(other, score=1.0) == back]
        if not any(score > key.score for score in scores):
            yield key


def only_key(table: Table) -> Column | None:
    """The table's declared primary key; None without one, or where it has several columns."""
    keys = [column for column in table.columns if column.primary_key]
    return keys[0] if len(keys) == 1 else None


def _best(candidates: Iterator[_Candidate], checks: _Checks) -> ForeignKey | None:
    """The first candidate, the likeliest first, whose values agree."""
    for each in sorted(candidates, key=lambda each: (-_WORTH[each.kind], -each.fit)):
        share = checks.share(each)
        if share is None or share >= _ENOUGH[each.kind]:
            score = round(_WORTH[each.kind] * (_UNCHECKED if share is None else share), 3)
            logger.debug(
                "%s.%s refers to %s.%s: %.2f", each.table.name, each.column.name, each.parent.name, each.key.name, score
            )
            return ForeignKey((each.column.name,), each.parent.name, (each.key.name,), score)
    return None


class _Names:
    """The nouns and key columns of a schema, indexed, so that 300 tables take no longer than their columns do."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.nouns = {table.name: _words(schema.words(table)) for table in schema.tables}
        self.glued: dict[str, list[Table]] = defaultdict(list)
        self.endings: dict[tuple[str, ...], list[Table]] = defaultdict(list)
        self.short: dict[str, list[Table]] = defaultdict(list)
        self.columns: dict[str, list[tuple[Table, Column]]] = defaultdict(list)
        self.codes: list[tuple[Table, Column]] = []
        self._keys_called = cache(self._read_keys)  # every customer_id asks for the keys of the same tables
        for table in schema.tables:
            self._add(table)
        people = [table for table in schema.tables if self._is_of_people(table)]
        self.people = people if len(people) == 1 else []
        self.has_people = bool(people)

    def _add(self, table: Table) -> None:
        noun = self.nouns[table.name]
        self.glued["".join(noun)].append(table)
        for start in range(1, len(noun)):
            self.endings[noun[start:]].append(table)
        if len(noun) == 1:
            self.short[noun[0][:3]].append(table)
        for column in table.columns:
            if _may_name_rows(table, column):
                self.columns[" ".join(_words(identifier_words(column.name)))].append((table, column))
        key = _natural_key(table)
        if key is not None and _holds_codes(key):
            self.codes.append((table, key))

    def _is_of_people(self, table: Table) -> bool:
        return bool(_vocabulary()["people"].intersection(self.nouns[table.name][-1:])) and only_key(table) is not None

    def candidates(self, table: Table, column: Column) -> Iterator[_Candidate]:
        """The keys that a column may refer to, in no order."""
        words, own = _words(identifier_words(column.name)), only_key(table) is column
        named = dict(self._named(table, words))
        for parent, fit in ((self.schema.table(name), fit) for name, fit in named.items()):
            if parent is None or (own and (fit < _WHOLE or parent is table)):
                continue  # the keys of two tables are one only if the column says so
            for key in self._keys_called(parent.name, words):
                if key is not column and self._comparable(column, key):
                    yield _Candidate(table, column, parent, key, "table", fit)
        for start in range(len(words)):  # src_airport_code of airport_code
            for parent, key in self.columns.get(" ".join(words[start:]), ()):
                one_to_one = named.get(parent.name, 0.0) >= _WHOLE
                if parent is not table and self._comparable(column, key) and (one_to_one or not own):
                    yield _Candidate(table, column, parent, key, "name", self._name_fit(words, parent, key) - start)
        if not own and _holds_codes(column):
            for parent, key in self.codes:
                if parent is not table:
                    yield _Candidate(table, column, parent, key, "values")

    def _named(self, table: Table, words: tuple[str, ...]) -> Iterator[tuple[str, float]]:
        """The tables that a column's words name: 1 as a whole, less with a role before it or shortened."""
        base, noun = _base(words), self.nouns[table.name]
        if noun and base[-len(noun) :] == noun and " ".join(base[: -len(noun)]) in _vocabulary()["own_rows"]:
            yield table.name, 1.0  # parent_category_id
            return
        found = list(self._called(words, base)) or list(self._nearly_called(table, words, base))
        for length in range(1, len(base)):  # customer_name of customers
            named = self.glued.get("".join(base[:length]), ())
            found += [(other, 0.5) for other in named if other.column("_".join(words[length:]))]
        for parent, fit in sorted(found, key=lambda pair: pair[1]):
            module = 0.05 if self.nouns[parent.name][:1] == noun[:1] else 0.0
            if parent is not table or fit == 1:
                yield parent.name, fit if fit == 1 else fit + module

    def _called(self, words: tuple[str, ...], base: tuple[str, ...]) -> Iterator[tuple[Table, float]]:
        """The tables whose whole noun the column says, perhaps with a role before it: billing_customer_id."""
        for length in range(len(base), 0, -1):
            for parent in self.glued.get("".join(base[-length:]), ()):
                yield parent, _WHOLE if length == len(base) else 0.85
        for ending in _vocabulary()["endings"]:  # customerid
            if len(words) == 1 and words[0].endswith(ending):
                yield from ((parent, _WHOLE) for parent in self.glued.get(words[0].removesuffix(ending), ()))

    def _nearly_called(
        self, table: Table, words: tuple[str, ...], base: tuple[str, ...]
    ) -> Iterator[tuple[Table, float]]:
        """The tables whose noun the column says in part, and those of somebody: item_id of order items, manager_id."""
        yield from ((parent, 0.6) for parent in (*self.endings.get(base, ()), *self._shortened(words, base)))
        roles = {" ".join(words), " ".join(base)}
        people = {*roles, *base[-1:]} & _vocabulary()["own_people"]  # line_manager_id
        own = self._is_of_people(table) or not self.has_people if people else roles & _vocabulary()["own_rows"]
        if own and only_key(table) is not None:
            yield table, 1.0
        if (roles & _vocabulary()["somebody"]) or people:
            yield from ((parent, 0.5) for parent in self.people)

    def _shortened(self, words: tuple[str, ...], base: tuple[str, ...]) -> list[Table]:
        """The only table whose noun begins with the base: cust_id."""
        if not _is_key(words) or len(base) != 1 or len(base[0]) < 3:
            return []
        found = [t for t in self.short.get(base[0][:3], ()) if self.nouns[t.name][0].startswith(base[0])]
        return found if len(found) == 1 else []

    def _read_keys(self, parent_name: str, words: tuple[str, ...]) -> list[Column]:
        """The table's columns that a reference of these words may hold: its key, and what the words end in."""
        parent = self.schema.table(parent_name)
        return list(self._keys_among(parent, words)) if parent is not None else []

    def _keys_among(self, parent: Table, words: tuple[str, ...]) -> Iterator[Column]:
        noun, only = self.nouns[parent.name], only_key(parent)
        ending = words[-1:] if words[-1:] and words[-1] in _vocabulary()["endings"] else ()
        names_rows = not ending or ending[0] in _vocabulary()["row_ids"]
        rest = words[len(noun) :] if words[: len(noun)] == noun else ()
        for column in parent.columns:
            own = _words(identifier_words(column.name))
            called = own == words or (own and own in (ending, rest, (*noun, *ending)))
            if called or (names_rows and column is only) or (only is None and column is parent.columns[0]):
                yield column

    def _comparable(self, first: Column, second: Column) -> bool:
        """Whether the types can be compared; SQLite converts, the others refuse."""
        any_type = self.schema.dialect == "sqlite" or not first.type or not second.type
        return not _is_measure(second) and (any_type or first.is_numeric == second.is_numeric)

    def _name_fit(self, words: tuple[str, ...], parent: Table, key: Column) -> float:
        """Of several tables with a column of this name, the one that it is called after, or whose key it is."""
        called_after = _base(words) == self.nouns[parent.name]
        return 0.4 * called_after + 0.3 * (only_key(parent) is key) + 0.2 * (parent.columns[0] is key)


def _may_name_rows(parent: Table, column: Column) -> bool:
    """Whether a column may be the parent's key by what is declared and how it is called."""
    words, only = _words(identifier_words(column.name)), only_key(parent)
    if all(word in _vocabulary()["common"] for word in words):
        return False
    if only is not None:
        return column is only
    return _is_key(words) or (column is parent.columns[0] and not column.is_numeric and not column.is_temporal)


def _natural_key(parent: Table) -> Column | None:
    """The text column that is the table's key by declaration, or by standing first where none is declared."""
    only = only_key(parent)
    if only is None and any(column.primary_key for column in parent.columns):
        return None  # a key of several columns
    key = only or (parent.columns[0] if parent.columns else None)
    return key if key is not None and not key.is_numeric else None


def _holds_codes(column: Column) -> bool:
    """Whether the samples are short codes, such as JFK or DE; without samples nobody knows."""
    if column.is_numeric or column.is_temporal or not column.samples:
        return False
    return all(len(text) <= _MAX_CODE_CHARS and " " not in text and text.isupper() for text in column.samples)


def _is_measure(column: Column) -> bool:
    """Whether it can't be a key: dates, flags, and numbers with a fraction or of several ("home_games")."""
    return _measures(column.name, column.type)


@lru_cache(maxsize=16_384)  # asked of each possible key, once for each column that may refer to it
def _measures(name: str, declared: str) -> bool:
    column = Column(name, declared)
    words = identifier_words(name).split()
    is_key = _is_key(tuple(words))
    fraction = any(word in column.type.upper() for word in ("REAL", "FLOA", "DOUB", "MONEY"))
    several = column.is_numeric and singular(words[-1]) != words[-1]
    return column.is_temporal or column.is_boolean or ((fraction or several) and not is_key)


@lru_cache(maxsize=16_384)
def _words(text: str) -> tuple[str, ...]:
    return tuple(map(singular, text.split()))


def _base(words: tuple[str, ...]) -> tuple[str, ...]:
    """What a key column refers to: its words without those that mark it as a key."""
    endings = _vocabulary()["endings"]
    while words and words[-1] in endings:
        words = words[:-1]
    while len(words) > 1 and words[0] in endings:
        words = words[1:]
    return words


def _is_key(words: tuple[str, ...]) -> bool:
    endings = _vocabulary()["endings"]
    return bool(words) and (words[-1] in endings or words[0] in endings)


@cache
def _vocabulary() -> dict[str, frozenset[str]]:
    return {name: frozenset(map(str, words)) for name, words in yaml_beside(__file__, "key_words.yaml").items()}


class _Checks:
    """Compares values within a budget of time and queries."""

    def __init__(
        self,
        schema: Schema,
        rows: Rows | None,
        unread: Callable[[str, str], bool],
        known: MutableMapping[str, tuple[int, int]],
    ) -> None:
        self.dialect = schema.dialect
        self.rows = rows
        self.unread = unread
        self.known = known
        self.deadline = time.monotonic() + BUDGET_S
        self.left = _MOST_CHECKS
        self.unique: dict[tuple[str, str], bool] = {}

    def share(self, candidate: _Candidate) -> float | None:
        """The share of a column's distinct values that the key has; 0 where the key is not unique.

        None where the values could not be compared and the names must do. Where they can't do (the values were the
        only sign, or nobody declared that the key is unique), the share is 0 then.
        """
        unknown = None if candidate.is_declared_key and candidate.kind != "values" else 0.0
        if not self._may_run(candidate):
            return unknown
        if not candidate.is_declared_key and not self._is_unique(candidate.parent, candidate.key):
            return 0.0
        asked, contained = self._run(self._containment(candidate))
        if not asked:
            return unknown
        coincidence = candidate.kind == "values" and contained < min(_MIN_CODES, asked)
        return 0.0 if coincidence else float(contained) / float(asked)

    def _may_run(self, candidate: _Candidate) -> bool:
        places = ((candidate.table, candidate.column), (candidate.parent, candidate.key))
        hidden = any(self.unread(table.name, column.name) for table, column in places)
        return self.rows is not None and not hidden and self.left > 0 and time.monotonic() < self.deadline

    def _is_unique(self, table: Table, column: Column) -> bool:
        place = (table.name, column.name)
        if place not in self.unique:
            name, source = self._quoted(column.name), self._quoted(table.name)
            sampled = f"SELECT {name} AS v FROM {source} LIMIT {_SAMPLED_ROWS}"
            rows, values = self._run(f"SELECT COUNT(*), COUNT(DISTINCT v) FROM ({sampled}) AS sampled")
            self.unique[place] = rows == values > 0
        return self.unique[place]

    def _containment(self, candidate: _Candidate) -> str:
        column, table = self._quoted(candidate.column.name), self._quoted(candidate.table.name)
        key, parent = self._quoted(candidate.key.name), self._quoted(candidate.parent.name)
        rows = f"SELECT {column} AS v FROM {table} WHERE {column} IS NOT NULL LIMIT {_SAMPLED_ROWS}"
        values = f"SELECT DISTINCT v FROM ({rows}) AS sampled LIMIT {_SAMPLED_VALUES}"
        joined = f"({values}) AS asked LEFT JOIN {parent} AS parent ON parent.{key} = asked.v"
        return f"SELECT COUNT(*), COUNT(parent.{key}) FROM {joined}"

    def _run(self, sql: str) -> tuple[int, int]:
        """The two numbers that a query gives; zeros where it fails."""
        assert self.rows is not None  # noqa: S101 - _may_run has looked
        if sql not in self.known:
            self.left -= 1
            try:
                ((first, second),) = self.rows(sql, max(self.deadline - time.monotonic(), _LEAST_S))
            except DatabaseError:  # a slow view, types that cannot be compared, a table without permission
                return 0, 0
            self.known[sql] = int(first), int(second)
        return self.known[sql]

    def _quoted(self, name: str) -> str:
        return quote_identifier(name, self.dialect)
