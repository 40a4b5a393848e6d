"""What every database offers, and the limits it runs under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

from coderag_app.errors import ConfigurationError, DatabaseError

if TYPE_CHECKING:  # the process that runs SQL starts in half the time without them
    from coderag_app.schema.tables import Schema
    from coderag_app.types import QueryResult

OPENING_S = 5.0  # for opening a file, whatever its statements may take; another program's lock is waited for 2 s


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement may use. Every backend states in its docstring how far it can hold each of them.

    Attributes:
        timeout_s: Seconds a statement may run before it is stopped with an error.
        max_rows: Rows that are returned; when there are more, the result is marked truncated.
        max_cell_bytes: Size of the largest value. SQLite stops with an error, the others cut the value.
        max_memory_mb: Memory in MiB for the database's own work. The rows that are returned are cut before they need
            more (a text that holds one emoji takes 4 bytes a character), for files before both do together.
        schemas: Schemas of PostgreSQL or DuckDB, or databases of a MySQL server, whose tables can be read, in the order
            that bare names are looked up; none for those that the role, or the file, reads by itself.
    """

    timeout_s: float = 10.0
    max_rows: int = 1000
    max_cell_bytes: int = 1_000_000
    max_memory_mb: int = 512
    schemas: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse limits that would let nothing through."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "schemas" and not value > 0:
                raise ConfigurationError(f"{field.name} is {value!r}; expected a number above 0.")

    @property
    def max_memory_bytes(self) -> int:
        """``max_memory_mb`` in bytes."""
        return self.max_memory_mb * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DataState:
    """What tells whether a database holds what it held before.

    Attributes:
        place: What tells the database from others: a path, or a server and its role, without a password.
        version: Changes whenever the data do; empty where nothing tells.
        max_age_s: Seconds for which what was found out about the data holds at most.
    """

    place: str
    version: str
    max_age_s: float


class OverLimitError(DatabaseError):
    """A statement that went over its time or its memory."""

    out_of_memory = False

    @classmethod
    def of_time(cls, timeout_s: float) -> OverLimitError:
        """Say that the time was up."""
        return cls(f"The query was stopped after {timeout_s:g} s; ask for less, or raise timeout_s (--timeout-s).")

    @classmethod
    def of_memory(cls, limits: Limits) -> OverLimitError:
        """Say that the memory was not enough."""
        error = cls(
            f"The query needs more than {limits.max_memory_mb} MiB; ask for less, or raise max_memory_mb "
            "(--max-memory-mb)."
        )
        error.out_of_memory = True
        return error


class Database(Protocol):
    """An open database that can be read and not changed. Safe to share between threads."""

    @property
    def name(self) -> str:
        """Its db_id: the file's stem, or the database's name in a URL. Never holds a password."""
        ...

    @property
    def dialect(self) -> str:
        """The name sqlglot has for its SQL: sqlite, duckdb, postgres or mysql."""
        ...

    def execute(self, sql: str, timeout_s: float | None = None) -> QueryResult:
        """Run one query within the limits; ``timeout_s`` shortens the time that they give.

        Raises:
            DatabaseError: The statement was refused, failed, or went over a limit.
        """
        ...

    def read_schema(self, samples: int = 3) -> Schema:
        """Tables, views, columns, keys, and up to ``samples`` values of each column (untrusted text; 0 for none)."""
        ...

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str]:
        """Up to ``limit`` distinct texts of a column; empty for a column that holds none."""
        ...

    def texts_of(self, columns: Sequence[tuple[str, str]], limit: int) -> list[list[str]]:
        """The ``distinct_texts`` of many columns (table and column), none of those that cannot be read."""
        ...

    def data_state(self) -> DataState | None:
        """What tells whether the data changed; None where what is found out about them must not be kept."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is allowed."""
        ...
