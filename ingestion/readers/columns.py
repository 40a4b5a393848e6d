"""Which column holds what: gretel's names and other usual ones are known, the rest is mapped by the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from coderag_app.errors import IngestionError
from coderag_app.types import Origin
from ingestion.readers.source_rows import RawFields

_KNOWN_NAMES = {
    "question": ("question", "sql_prompt", "prompt", "utterance", "nl_question"),
    "sql": ("sql", "query", "sql_query", "gold_sql", "answer"),
    "context": ("context", "sql_context", "schema", "ddl", "create_table", "create_statements"),
    "db_id": ("db_id", "database"),
    "origin": ("origin",),
}


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Names of an input's columns; None lets the usual names be looked for."""

    question: str | None = None
    sql: str | None = None
    context: str | None = None
    db_id: str | None = None
    origin: str | None = None

    @classmethod
    def parse(cls, assignments: Sequence[str]) -> ColumnMap:
        """Read what the command line gives, e.g. ``["question=nl", "sql=query"]``.

        Raises:
            IngestionError: An assignment is not ``field=column``, or names an unknown field.
        """
        names = [field.name for field in fields(cls)]
        found: dict[str, str] = {}
        for assignment in assignments:
            field, separator, column = assignment.partition("=")
            if not separator or not column.strip() or field.strip() not in names:
                raise IngestionError(
                    f"Got --map {assignment!r}, expected FIELD=COLUMN where FIELD is one of {', '.join(names)}."
                )
            found[field.strip()] = column.strip()
        return cls(**found)

    def resolve(self, found: Sequence[str], source: str, needs_context: bool = True) -> ColumnMap:
        """The map with every name that the input has; fields that are optional and absent stay None.

        Args:
            found: The input's column names.
            source: The input, for the message.
            needs_context: Whether the context has to come from a column.

        Raises:
            IngestionError: A column is missing; the message lists those found and how to map them.
        """
        by_lower = {name.lower(): name for name in reversed(found)}
        resolved: dict[str, str | None] = {}
        for field, known in _KNOWN_NAMES.items():
            wanted = getattr(self, field)
            if wanted is not None and wanted not in found:
                raise IngestionError(f"{source} has no column {wanted!r} (--map {field}={wanted}); {_found(found)}.")
            matches = [by_lower[name] for name in known if name in by_lower]
            resolved[field] = wanted or (matches[0] if matches else None)
        required = ("question", "sql", "context") if needs_context else ("question", "sql")
        missing = [field for field in required if resolved[field] is None]
        if missing:
            options = " ".join(f"--map {field}=COLUMN" for field in missing)
            raise IngestionError(
                f"{source} has no column for {' and '.join(missing)}; {_found(found)}. Say which it is: {options}"
            )
        return ColumnMap(**resolved)

    def pick(self, row: Mapping[str, Any], context: str | None = None, db_id: str = "") -> RawFields:
        """The mapped columns of one row; the arguments stand in for columns that the input does not have."""
        return RawFields(
            question=row.get(self.question or ""),
            sql=row.get(self.sql or ""),
            context=context if context is not None else row.get(self.context or ""),
            db_id=db_id or row.get(self.db_id or "", ""),
            origin=row.get(self.origin or "", Origin.VERIFIED.value),
        )


def _found(names: Sequence[str]) -> str:
    return f"found {', '.join(map(repr, names))}" if names else "found no columns at all"
