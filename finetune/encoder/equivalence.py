"""Do two queries mean the same? By normalised form, and by what both return on the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable
from dataclasses import dataclass, field

from coderag_app.schema.tables import Schema
from finetune.encoder.query_tokens import Values
from finetune.evaluation.sql_form import read_form

_MOST_ROWS = 5000
_MOST_STEPS = 400  # of 10,000 virtual machine instructions each
Signature = tuple[tuple[str, ...], ...]


@dataclass
class TargetDatabase:
    """A database that queries are compared on.

    Attributes:
        values: Distinct values by lowercased (table, column).
        connection: Where queries run; they are SELECTs that the project made, or the data set's gold.
    """

    db_id: str
    schema: Schema
    values: Values
    connection: sqlite3.Connection
    _rows: dict[str, tuple[Signature, Signature] | None] = field(default_factory=dict, repr=False)

    def equivalent(self, first: str, second: str) -> bool:
        """Whether the queries may mean the same: they return the same here, or differ in spelling alone.

        Rows that differ in the order of their columns count as the same, and so do rows in another order unless one of
        the queries asks for an order. A query that does not run is equivalent to nothing.
        """
        if first == second:
            return True
        rows, others = self.result(first), self.result(second)
        if rows is None or others is None:
            return False
        ordered = "order by" in first.lower() or "order by" in second.lower()
        return rows[not ordered] == others[not ordered] or self.same_form(first, second)

    def same_form(self, first: str, second: str) -> bool:
        """Whether the normalised forms are equal."""
        return self.form(first) == self.form(second)

    def form(self, sql: str) -> str:
        """The normalised form, or the text where it cannot be read."""
        read = read_form(sql, self.schema)
        return read.canonical if read is not None else " ".join(sql.split()).lower()

    def result(self, sql: str) -> tuple[Signature, Signature] | None:
        """What the query returns, as it comes and sorted; None if it does not run or takes too long."""
        if sql not in self._rows:
            self._rows[sql] = self._run(sql)
        return self._rows[sql]

    def result_key(self, sql: str) -> Hashable:
        """Equal for queries that return the same rows in any order; None if it does not run."""
        found = self.result(sql)
        return found[1] if found is not None else None

    def _run(self, sql: str) -> tuple[Signature, Signature] | None:
        steps = 0

        def too_long() -> bool:
            nonlocal steps
            steps += 1
            return steps > _MOST_STEPS

        self.connection.set_progress_handler(too_long, 10_000)
        try:
            rows = self.connection.execute(sql).fetchmany(_MOST_ROWS)
        except sqlite3.Error:
            return None
        finally:
            self.connection.set_progress_handler(None, 0)
        signature = tuple(tuple(sorted(map(repr, row))) for row in rows)
        return signature, tuple(sorted(signature))
