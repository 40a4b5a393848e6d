"""Tables and columns as a decoded query spells them: in the schema's own spelling, with an alias where read twice."""

from __future__ import annotations

from coderag_app.schema.joins import JoinStep, is_again, real_name
from coderag_app.schema.tables import Schema, identifier


class SpelledNames:
    """Spells the names of one query.

    Args:
        schema: The schema.

    Attributes:
        nested: Tables that a nested query reads beside the query around it, while that nested query is read.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.nested: tuple[str, ...] = ()

    def join(self, step: JoinStep) -> str:
        """One JOIN; a second reading that no key leads to is joined on nothing."""
        if not step.on:
            return f"CROSS JOIN {self.source(step.table)}"
        return f"JOIN {self.source(step.table)} ON {self.equalities(step)}"

    def equalities(self, step: JoinStep) -> str:
        """The condition of a join."""
        return " AND ".join(" = ".join(self.column(*side) for side in pair) for pair in step.on)

    def source(self, table: str) -> str:
        """The table as FROM and JOIN name it."""
        name, reference = self.table(table), self.reference(table)
        return name if reference == name else f"{name} AS {reference}"

    def column(self, table: str, column: str, *, outside: bool = False) -> str:
        """A column behind its table.

        Args:
            table: The table, in lowercase.
            column: The column, in lowercase.
            outside: Whether the query around the nested one is meant.
        """
        found = self.schema.table(real_name(table))
        real = found.column(column) if found else None
        name = self._quoted(real.name if real else column)
        return f"{self.table(table) if outside else self.reference(table)}.{name}"

    def reference(self, table: str) -> str:
        """What stands in front of the table's columns."""
        if is_again(table):
            return self._alias("other", table)
        return self._alias("inner", table) if table in self.nested else self.table(table)

    def table(self, table: str) -> str:
        """The table's own name."""
        return self._quoted(self._real(table))

    def _alias(self, word: str, table: str) -> str:
        name = f"{word}_{self._real(table)}"
        while self.schema.table(name) is not None:
            name += "_"
        return self._quoted(name)

    def _real(self, table: str) -> str:
        found = self.schema.table(real_name(table))
        return found.name if found else real_name(table)

    def _quoted(self, name: str) -> str:
        """The name in the SQL that is parsed next; sqlglot carries the quotes over into the schema's dialect."""
        return identifier(name, self.schema.dialect).sql()
