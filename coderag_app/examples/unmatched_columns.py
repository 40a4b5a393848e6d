"""Columns whose values the user switched off: neither matched, nor shown to the model, nor shown as samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coderag_app.errors import ConfigurationError
from coderag_app.examples.verified_store import VerifiedStore
from coderag_app.files import exclusive_change, read_text, refusals_as, remove_leftovers, write_atomically
from coderag_app.schema.value_index import is_unmatched

if TYPE_CHECKING:
    from coderag_app.schema.tables import Schema
    from coderag_app.settings import AppConfig

_HEADER = "# Columns whose values are not read, one table.column a line; * stands for any name.\n"
_LOCK_TIMEOUT_S = 10.0
_MAX_FILE_BYTES, _MAX_LINES = 4_000_000, 20_000


class UnmatchedColumns:
    """The switched-off columns of one database: those of the setting ``unmatched_columns``, and those of a text file.

    The file is ``NAME.unread`` beside the database's verified examples; a missing file switches nothing off.
    """

    def __init__(self, path: Path, settings: Sequence[str] = ()) -> None:
        self.path = path
        self.settings = tuple(settings)

    @classmethod
    def of_database(cls, name: str, config: AppConfig) -> UnmatchedColumns:
        """Those of a database by its name (``Database.name``)."""
        return cls(VerifiedStore(config.verified_dir, name).path.with_suffix(".unread"), config.unmatched_columns)

    def patterns(self) -> tuple[str, ...]:
        """All patterns in lower case, as ``is_unmatched`` takes them; the settings' first.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        kept = (line.strip() for line in self._lines())
        own = (line for line in kept if line and not line.startswith("#"))
        return tuple(dict.fromkeys(pattern.lower() for pattern in (*self.settings, *own)))

    def is_off(self, table: str, column: str) -> bool:
        """Whether a column's values are switched off."""
        return is_unmatched(self.patterns(), table, column)

    def switch(self, table: str, column: str, on: bool) -> None:
        """Switch a column's values on or off; engines opened later follow.

        Raises:
            ConfigurationError: The file cannot be read or written, or the column is off by a pattern for several
                columns, or by the settings, which are changed by hand.
        """
        wanted = pattern_of(table, column)
        with exclusive_change(self.path, self.path.with_suffix(".unread.lock"), ConfigurationError, _LOCK_TIMEOUT_S):
            lines = self._lines()
            if on:
                lines = [line for line in lines if line.strip().lower() != wanted]
            elif not self.is_off(table, column):
                lines = [*(lines or [_HEADER]), f"{wanted}\n"]
            write_atomically(self.path, "".join(line if line.endswith("\n") else f"{line}\n" for line in lines))
        if on and self.is_off(table, column):
            by = next(pattern for pattern in self.patterns() if is_unmatched([pattern], table, column))
            where = "the setting unmatched_columns" if by in map(str.lower, self.settings) else self.path
            raise ConfigurationError(f"The values of {table}.{column} stay off: {where} has {by!r}; change that first.")

    def _lines(self) -> list[str]:
        remove_leftovers(self.path.parent)
        try:
            with refusals_as(ConfigurationError):
                lines = read_text(self.path, _MAX_FILE_BYTES).splitlines(keepends=True)
        except ConfigurationError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return []
            raise
        if len(lines) > _MAX_LINES:
            raise ConfigurationError(f"{self.path} has {len(lines):,} lines, expected at most {_MAX_LINES:,}.")
        return lines


def pattern_of(table: str, column: str) -> str:
    """Write the pattern for one column; special characters of patterns or of the file are put in brackets.

    Example:
        >>> pattern_of("Customers", "e*mail #1")
        'customers.e[*]mail[ ][#]1'
    """
    return "".join(_literally(char) for char in f"{table}.{column}".lower())


def _literally(char: str) -> str:
    if char in "*?[# ":
        return f"[{char}]"
    return "?" if char.isspace() or not char.isprintable() else char


def without_samples(schema: Schema, patterns: Sequence[str]) -> Schema:
    """Drop the sample values of the columns that the patterns name."""
    if not patterns:
        return schema
    tables = (
        replace(
            table,
            columns=tuple(
                replace(column, samples=()) if is_unmatched(patterns, table.name, column.name) else column
                for column in table.columns
            ),
        )
        for table in schema.tables
    )
    return replace(schema, tables=tuple(tables))
