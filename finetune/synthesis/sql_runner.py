"""Runs SQL side by side on synthetic databases: on the rows as drawn, and on thinned copies of them."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from random import Random
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.schema.tables import quote_identifier
from coderag_app.sql.parsing import parse_one
from finetune.synthesis.described import DescribedDatabase, SyntheticPair
from finetune.synthesis.domains import load_domains
from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.text_to_sql import generate_pairs

_PAIRS_PER_DATABASE = 60
_MOST_STEPS = 400  # of a thousand virtual-machine instructions each
_MOST_ROWS = 5000


class PopulatedDatabase:
    """A synthetic database, its question-SQL pairs, and two copies with fewer rows and more NULLs."""

    def __init__(self, described: DescribedDatabase, pairs: list[SyntheticPair], states: list[sqlite3.Connection]):
        self.described = described
        self.pairs = pairs
        self.states = states

    @classmethod
    def draw(cls, number: int, seed: int) -> PopulatedDatabase:
        """The database of that number; the same for the same seed."""
        domains = load_domains()
        described = draw_database(domains[number % len(domains)], seed * 1000 + number)
        pairs = [pair for pair in generate_pairs(described, _PAIRS_PER_DATABASE, seed) if pair.sql]
        states = [described.connection] + [_thinned(described, Random(f"{number}:{turn}")) for turn in range(2)]
        return cls(described, pairs, states)

    def results(self, sql: str) -> list[list[tuple[Any, ...]]]:
        """The rows on every copy.

        Raises:
            DroppedError: The SQL does not run, or runs for too long.
        """
        return [_rows(connection, sql) for connection in self.states]


class Databases:
    """The synthetic databases of a run, drawn when they are first asked for."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self._names: dict[str, int] = {}
        self._draw = lru_cache(maxsize=max(count, 1))(lambda number: PopulatedDatabase.draw(number, seed))

    def pick(self, rng: Random) -> tuple[PopulatedDatabase, SyntheticPair]:
        """A database and one of its pairs."""
        database = self._draw(rng.randrange(self.count))
        if not database.pairs:
            raise DroppedError("database without pairs")
        return database, rng.choice(database.pairs)

    def find(self, db_id: str) -> PopulatedDatabase | None:
        """The database of that name, or None."""
        if not self._names:
            for number in range(self.count):
                self._names[self._draw(number).described.db_id] = number
        return self._draw(self._names[db_id]) if db_id in self._names else None


def _thinned(described: DescribedDatabase, rng: Random) -> sqlite3.Connection:
    """A copy without a third of the rows, and with some NULLs where columns may hold them."""
    copy = sqlite3.connect(":memory:")
    described.connection.backup(copy)
    copy.execute("PRAGMA foreign_keys = OFF")
    dialect = described.schema.dialect
    for table in described.tables:
        name = quote_identifier(table.name, dialect)
        for (rowid,) in copy.execute(f"SELECT rowid FROM {name}").fetchall():
            if rng.random() < 0.33:
                copy.execute(f"DELETE FROM {name} WHERE rowid = ?", (rowid,))
        for column in table.columns:
            if column.nullable:
                quoted = quote_identifier(column.name, dialect)
                copy.execute(f"UPDATE {name} SET {quoted} = NULL WHERE rowid % {rng.randint(4, 9)} = 0")
    for _turn in range(3):  # keys keep pointing at rows
        for relation in described.relations:
            names = (relation.child_table, relation.child_column, relation.parent_column, relation.parent_table)
            child, key, parent_key, parent = (quote_identifier(name, dialect) for name in names)
            copy.execute(f"DELETE FROM {child} WHERE {key} NOT IN (SELECT {parent_key} FROM {parent})")
    copy.commit()
    return copy


def _rows(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    steps = 0

    def count_step() -> int:
        nonlocal steps
        steps += 1
        return int(steps > _MOST_STEPS)

    connection.set_progress_handler(count_step, 1000)
    try:
        return connection.execute(sql).fetchmany(_MOST_ROWS)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DroppedError("SQL does not run") from error
    finally:
        connection.set_progress_handler(None, 0)


def is_ordered(sql: str) -> bool:
    """Whether the outermost query sorts its rows."""
    try:
        return parse_one(sql, dialect="sqlite").args.get("order") is not None
    except SqlglotError:
        return False


def same_rows(first: list[tuple[Any, ...]], second: list[tuple[Any, ...]], ordered: bool) -> bool:
    """Whether two results agree; as bags where the query does not sort."""
    left, right = [_comparable(row) for row in first], [_comparable(row) for row in second]
    return left == right if ordered else sorted(left) == sorted(right)


def _comparable(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(f"{value:.9g}" if isinstance(value, int | float) else repr(value) for value in row)


def require_same_rows(database: PopulatedDatabase, first: str, second: str) -> None:
    """Refuse two queries that differ on some copy of the database, or that return nothing on the first.

    Raises:
        DroppedError: With the reason.
    """
    ordered = is_ordered(first) and is_ordered(second)
    left, right = database.results(first), database.results(second)
    if not left[0]:
        raise DroppedError("no rows")
    if not all(same_rows(a, b, ordered) for a, b in zip(left, right, strict=True)):
        raise DroppedError("not equivalent")


def require_same_in_duckdb(database: PopulatedDatabase, sqlite_sql: str, other_sql: str) -> None:
    """Refuse a translation that returns other rows in DuckDB than the original in SQLite.

    Raises:
        DroppedError: With the reason.
    """
    import duckdb

    expected = _rows(database.states[0], sqlite_sql)
    with duckdb.connect(":memory:") as connection:
        try:
            for table in _used_tables(sqlite_sql, database.described):
                _copy_table(database.described, table, connection)
            found = connection.execute(other_sql).fetchmany(_MOST_ROWS)
        except duckdb.Error as error:
            raise DroppedError("translation does not run") from error
    plain = [tuple(_plain(value) for value in row) for row in found]
    if not expected or not same_rows(expected, plain, is_ordered(sqlite_sql)):
        raise DroppedError("not equivalent")


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else float(value)


def _used_tables(sql: str, described: DescribedDatabase) -> list[str]:
    used = {table.name.lower() for table in parse_one(sql, dialect="sqlite").find_all(exp.Table)}
    return [table.name for table in described.tables if table.name.lower() in used]


def _copy_table(described: DescribedDatabase, name: str, target: Any) -> None:
    """The rows in DuckDB, with the column types that SQLite's values have."""
    source = quote_identifier(name, described.schema.dialect)
    rows = described.connection.execute(f"SELECT * FROM {source}").fetchall()
    declared = next(table for table in described.tables if table.name == name)
    columns = []
    for place, column in enumerate(declared.columns):
        kinds = {type(row[place]) for row in rows if row[place] is not None}
        word = "VARCHAR" if str in kinds else "DOUBLE" if float in kinds else "BIGINT"
        columns.append(f'"{column.name}" {word}')
    target.execute(f'CREATE TABLE "{name}" ({", ".join(columns)})')
    if rows:
        target.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(columns))})', rows)
