"""What a question says by name or value. Pure."""

from __future__ import annotations

from dataclasses import dataclass

Name = tuple[str, str]  # (table, column) in lowercase; no column for the table itself


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a question says; each entry holds the alternatives of which a query should use one.

    Attributes:
        values: Spellings of a value, in lowercase.
        names: Tables and columns that a name of the question stands for.
    """

    values: tuple[frozenset[str], ...] = ()
    names: tuple[frozenset[Name], ...] = ()
