"""Read the profile of every column of a database: one counting query a table, within a time budget."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from coderag_app.errors import DatabaseError
from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.profile import (
    MOST_OPTIONS,
    UNKNOWN,
    ColumnProfile,
    Kind,
    Nested,
    Scalar,
    may_be_days,
    number_profile,
    text_profile,
)
from coderag_app.schema.profile_cache import is_short
from coderag_app.schema.tables import Column, Schema, Table, quote_identifier
from coderag_app.schema.value_index import ValueIndex, is_unmatched

logger = logging.getLogger(__name__)

COUNTED_ROWS = 30_000  # SQLite counts the distinct values of 20 columns of that many rows in .3 s
BUDGET_S = 2.0
_TABLE_S = 0.8  # a table or view may be slow, or made to be
_READ_TEXTS = 200  # that say how a column is spelled, from the front and the back of what is known
_SOME_VALUES = 200
_TEXT_TYPES = ("CHAR", "TEXT", "CLOB", "STRING", "ENUM", "UUID")

Run = Callable[[str, float], Sequence[Sequence[Any]]]  # the rows of one query, which may take some seconds


def with_profiles(
    schema: Schema,
    values: ValueIndex,
    run: Run,
    unmatched: Sequence[str] = (),
    budget_s: float = BUDGET_S,
    known: MutableMapping[str, dict[str, ColumnProfile]] | None = None,
    nested: Mapping[tuple[str, str], Nested] | None = None,
) -> Schema:
    """Return the schema with the profile of each column.

    What is not counted within the budget, or cannot be read, keeps the profile that its stored texts, its samples or
    its declared type give.

    Args:
        schema: The schema.
        values: The text that its columns store.
        run: Runs one query, e.g. ``lambda sql, seconds: database.execute(sql, seconds).rows``.
        unmatched: Columns that must not be read, as ``table.column`` with ``*`` for any name.
        budget_s: Seconds for all tables together.
        known: The profiles of tables that need not be read again, by the names of the table and its columns; tables
            that were counted to the end are added.
        nested: What the columns of lists and objects hold, by table and column (``read_nested``).
    """
    known = {} if known is None else known
    ends = time.monotonic() + budget_s
    patterns = [pattern.lower() for pattern in unmatched]
    tables = []
    for table in schema.tables:
        found = known.get(table.name)
        if found is None:
            read = [column for column in table.columns if not is_unmatched(patterns, table.name, column.name)]
            reader = _TableProfiles(table, schema.dialect, values, run, min(ends - time.monotonic(), _TABLE_S))
            found = _with_forms(table, reader.read(read), nested or {})
            if reader.is_complete and all(map(is_short, found.values())):
                known[table.name] = found
        elif nested:  # what an earlier opening had no time to look into
            found = _with_forms(table, found, nested)
        columns = (replace(column, profile=found.get(column.name, UNKNOWN)) for column in table.columns)
        tables.append(replace(table, columns=tuple(columns)))
    if time.monotonic() > ends:
        logger.info("Not all tables of the database could be counted within %g s", budget_s)
    return replace(schema, tables=tuple(tables))


def _with_forms(
    table: Table, profiles: dict[str, ColumnProfile], nested: Mapping[tuple[str, str], Nested]
) -> dict[str, ColumnProfile]:
    """The profiles, those of lists and objects without what their texts seemed to be."""
    forms = {name: nested.get((table.name, name)) for name in profiles}
    return {
        name: replace(profile, kind=Kind.UNKNOWN, options=(), nested=form) if (form := forms[name]) else profile
        for name, profile in profiles.items()
    }


@dataclass(frozen=True, slots=True)
class _Counts:
    """What was counted in a column: rows, those with a value, with a text that isn't empty, distinct values, spaces."""

    rows: int
    present: int
    filled: int
    distinct: int
    low: Any
    high: Any
    whole: bool
    spaced: int = 0

    @property
    def numbers(self) -> tuple[float, float] | None:
        """The smallest and largest value, where both are numbers."""
        low, high = _plain(self.low), _plain(self.high)
        if isinstance(low, int | float) and isinstance(high, int | float):
            return low, high
        return None


class _TableProfiles:
    """Reads the profiles of one table's columns."""

    def __init__(self, table: Table, dialect: str, values: ValueIndex, run: Run, seconds: float) -> None:
        self.table = table
        self.dialect = dialect
        self.values = values
        self.run = run
        self.seconds = seconds
        self.source = quote_identifier(table.name, dialect)
        self.keys = {name.lower() for key in table.foreign_keys for name in key.columns}
        self.is_complete = seconds > 0  # whether no query failed or was left out

    def read(self, columns: Sequence[Column]) -> dict[str, ColumnProfile]:
        """The profile of each column, by its name."""
        counts = self._counts(columns)
        found = {column.name: self._profile(column, counts.get(column.name)) for column in columns}
        spelled = [profile.number for profile in found.values() if profile.number is not None]
        if any(number.decimal == "," for number in spelled) and any(number.decimal == "." for number in spelled):
            # 1.234 beside 5.075,90 is more than a thousand.
            found = {column.name: self._profile(column, counts.get(column.name), True) for column in columns}
        return found

    def _profile(self, column: Column, counts: _Counts | None, comma: bool | None = None) -> ColumnProfile:
        profile = self._kind(column, counts, comma)
        if counts is None:
            return replace(profile, options=self._options(column, None))
        return replace(
            profile,
            options=self._options(column, counts),
            blanks=(*profile.blanks, "") if counts.filled < counts.present else profile.blanks,
            spaced=bool(counts.spaced),
            rows=counts.rows,
            nulls=counts.rows - counts.present,
            distinct=counts.distinct,
            low=_plain(counts.low) if profile.low is None else profile.low,
            high=_plain(counts.high) if profile.high is None else profile.high,
            whole=counts.whole,
        )

    def _kind(self, column: Column, counts: _Counts | None, comma: bool | None) -> ColumnProfile:
        name = identifier_words(column.name)
        typed = self.dialect != "sqlite"  # SQLite stores in any column what it is given
        declared = column.type.upper()
        if column.is_boolean and typed:
            return ColumnProfile(Kind.FLAG, flag=(True, False))
        if column.is_temporal and typed and not declared.startswith("TIME "):
            return ColumnProfile(Kind.DATE, has_time="TIME" in declared)
        texts = self._texts(column, counts)
        if texts:
            return text_profile(texts, name, comma)
        if counts is not None and counts.numbers is not None:
            low, high = counts.numbers
            if column.primary_key or column.name.lower() in self.keys:
                return ColumnProfile(Kind.NUMBER, low=low, high=high)
            some = self._some(column) if may_be_days(low, high) else ()
            return number_profile(low, high, counts.distinct, name, some)
        return ColumnProfile(Kind.NUMBER) if column.is_numeric else UNKNOWN

    def _texts(self, column: Column, counts: _Counts | None) -> list[str]:
        """Some distinct texts of a column; none where numbers are stored."""
        stored = self.values.values_of(self.table.name, column.name)
        if not stored and counts is not None and isinstance(counts.low, str) and isinstance(counts.high, str):
            stored = tuple(value for value in self._some(column) if isinstance(value, str))
        if not stored and counts is None and not column.is_numeric:
            stored = column.samples
        some = stored[:_READ_TEXTS] + stored[_READ_TEXTS:][-_READ_TEXTS:]
        return [text for text in some if text]

    def _options(self, column: Column, counts: _Counts | None) -> tuple[str, ...]:
        """The texts that the database allows, or all of a column that holds few, each of them several times."""
        if column.options:
            return column.options
        stored = self.values.values_of(self.table.name, column.name)
        few = counts is not None and counts.present >= 2 * len(stored) and counts.distinct <= len(stored) + 1
        return stored if few and len(stored) <= MOST_OPTIONS else ()

    def _some(self, column: Column) -> tuple[Scalar, ...]:
        """Some distinct values of a column."""
        name = quote_identifier(column.name, self.dialect)
        inner = f"SELECT {name} AS value FROM {self.source} WHERE {name} IS NOT NULL LIMIT {COUNTED_ROWS}"
        try:
            rows = self.run(f"SELECT DISTINCT value FROM ({inner}) AS some_values LIMIT {_SOME_VALUES}", self.seconds)
        except DatabaseError:
            self.is_complete = False
            return ()
        return tuple(value for row in rows if (value := _plain(row[0])) is not None)

    # --- counting ---

    def _counts(self, columns: Sequence[Column]) -> dict[str, _Counts]:
        """The counts of each column: of all in one query, or of one after the other where that fails."""
        if self.seconds <= 0 or not columns:
            return {}
        ends = time.monotonic() + self.seconds
        try:
            return self._widened(columns, self._counted(columns, f"LIMIT {COUNTED_ROWS}", self.seconds), ends)
        except DatabaseError as error:
            logger.debug("The values of %s cannot be counted at once: %s", self.table.name, error)
        found: dict[str, _Counts] = {}
        for column in columns if len(columns) > 1 else ():
            left = ends - time.monotonic()
            try:
                found |= self._counted([column], f"LIMIT {COUNTED_ROWS}", left) if left > 0 else {}
            except DatabaseError as error:
                logger.debug("The values of %s.%s cannot be counted: %s", self.table.name, column.name, error)
        self.is_complete = time.monotonic() < ends - _TABLE_S / 10  # what fails at once does so at every opening
        return found

    def _widened(self, columns: Sequence[Column], counts: dict[str, _Counts], ends: float) -> dict[str, _Counts]:
        """The counts with the smallest and largest value of all rows, where there are more than were counted."""
        ranged = [column for column in columns if "low" in self._measures(column)]
        left = ends - time.monotonic()
        if not ranged or any(each.whole for each in counts.values()):
            return counts
        if left <= 0:
            self.is_complete = False
            return counts
        try:
            everywhere = self._counted(ranged, "", left, ("low", "high"))
        except DatabaseError as error:
            logger.debug("The extremes of %s cannot be read: %s", self.table.name, error)
            self.is_complete = False
            return counts
        return counts | {name: replace(counts[name], low=each.low, high=each.high) for name, each in everywhere.items()}

    def _counted(
        self, columns: Sequence[Column], limit: str, seconds: float, only: Sequence[str] = ()
    ) -> dict[str, _Counts]:
        wanted = []
        for column in columns:
            measures = self._measures(column)
            wanted.append((column, {key: measures[key] for key in only or measures}))
        shown = [sql.format(f"c{i}") for i, (_, measures) in enumerate(wanted) for sql in measures.values()]
        names = ", ".join(f"{quote_identifier(c.name, self.dialect)} AS c{i}" for i, (c, _) in enumerate(wanted))
        inner = f"SELECT {names} FROM {self.source} {limit}"
        (row,) = self.run(f"SELECT {', '.join(['COUNT(*) AS n', *shown])} FROM ({inner}) AS counted", seconds)
        rows, cells = int(row[0]), iter(row[1:])
        found = {}
        for column, measures in wanted:
            read = {key: next(cells) for key in measures}
            present = read.get("present", 0)
            found[column.name] = _Counts(
                rows, present, read.get("filled", present), read.get("distinct", 0), read.get("low"), read.get("high"),
                whole=rows < COUNTED_ROWS, spaced=read.get("spaced", 0),
            )  # fmt: skip
        return found

    def _measures(self, column: Column) -> dict[str, str]:
        """What is counted in a column: not every type can be compared, and a long text is not worth it."""
        declared = column.type.upper()
        texts = any(word in declared for word in _TEXT_TYPES) or (self.dialect == "sqlite" and not declared)
        known = texts or column.is_numeric or column.is_temporal or column.is_boolean
        measures = {"present": "COUNT({})"}
        if "BLOB" in declared or "JSON" in declared or (self.dialect == "postgres" and not known):
            return measures
        measures["distinct"] = "COUNT(DISTINCT {})"
        if texts and not declared.startswith(("ENUM", "UUID")):
            measures["filled"] = "COUNT(NULLIF({}, ''))"
            measures["spaced"] = "COUNT(NULLIF({0}, TRIM({0})))"
        stored = self.values.values_of(self.table.name, column.name)
        ranged = column.is_numeric or column.is_temporal or (self.dialect == "sqlite" and not texts) or not declared
        if ranged and not stored and not (column.is_boolean and self.dialect == "postgres"):
            measures |= {"low": "MIN({})", "high": "MAX({})"}
        return measures


def _plain(value: Any) -> Scalar | None:
    """A value as a number, a text or a truth; dates become ISO texts."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat(" ") if hasattr(value, "hour") else value.isoformat()  # type: ignore[call-arg]
    return None
