"""What the sessions on every kind of server share: the clock of the client, and rows as they arrive.

The server's own limit comes first. Some work does not ask for it (PostgreSQL's planner, one long call of LIKE), so
the client keeps a clock of its own: it stops waiting a little later, closes the connection and has the server told to
end the session.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from coderag_app.database.base import Limits, OverLimitError
from coderag_app.errors import DatabaseError
from coderag_app.schema.tables import Table

logger = logging.getLogger(__name__)

_GRACE = 0.1  # of the time limit: how long the server's own stop may take before the client gives up
_GRACE_S = 0.02
_LEAST_MESSAGE = 16 * 2**20
_MESSAGE_SHARE = 4  # a row is held several times while it is read: in the driver's buffer, as its result, in Python

Rows = tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]


class OutOfTimeError(Exception):
    """The statement's time is over, whatever the server does."""


@dataclass(frozen=True)
class Catalogue:
    """What a server says about one database.

    Attributes:
        tables: Tables and views, without samples.
        texts: The columns that hold text, as (table, column).
        unsampled: Tables and views that are not read while the database is opened, with the reason.
    """

    tables: tuple[Table, ...]
    texts: frozenset[tuple[str, str]]
    unsampled: dict[str, str]


class Server(Protocol):
    """One kind of server, at the level of its driver."""

    namespace: str
    redefined: frozenset[str]
    is_superuser: bool

    @property
    def errors(self) -> type[Exception]:
        """What the driver raises."""
        ...

    def open(self, limits: Limits) -> None:
        """Connect once and learn what the sessions need to know."""
        ...

    def connect(self, limits: Limits, *, introspecting: bool = False) -> Any:
        """A connection in a transaction that cannot write; ``introspecting`` sees the engine's own names alone."""
        ...

    def query(self, connection: Any, sql: str, limits: Limits) -> Rows:
        """Run one query; its rows are read as they are needed."""
        ...

    def read_catalogue(self, connection: Any) -> Catalogue:
        """Tables, views and keys, read through an introspecting connection; no view is run."""
        ...

    def table_name(self, table: str) -> str:
        """The table's name, quoted and qualified."""
        ...

    def quoted(self, name: str) -> str:
        """The identifier in the server's quotes."""
        ...

    def session(self, connection: Any) -> int:
        """The server's number for the session of a connection."""
        ...

    def end(self, session: int) -> None:
        """Tell the server, over a connection of its own, to end a session."""
        ...


class Deadline:
    """When the client stops waiting, and how large one message from the server may be."""

    def __init__(self, limits: Limits) -> None:
        self.started = time.monotonic()
        self.limits = limits
        self.max_message_bytes = max(_LEAST_MESSAGE, limits.max_memory_bytes // _MESSAGE_SHARE)
        self.gives_up_at = self.started + limits.timeout_s * (1 + _GRACE) + _GRACE_S

    def left(self) -> float:
        """Seconds until the client gives up.

        Raises:
            OutOfTimeError: There are none left.
        """
        left = self.gives_up_at - time.monotonic()
        if left <= 0:
            raise OutOfTimeError
        return left

    def statement_left(self) -> float:
        """Seconds of the statement's own limit that are left; at least a millisecond."""
        return max(0.001, self.started + self.limits.timeout_s - time.monotonic())

    def is_over(self) -> bool:
        """Whether the statement's own limit has passed."""
        return time.monotonic() >= self.started + self.limits.timeout_s

    def check_message(self, size: int) -> None:
        """Refuse a row that would fill the memory while it arrives.

        Raises:
            OverLimitError: The row is larger than a quarter of the memory limit.
        """
        if size > self.max_message_bytes:
            raise OverLimitError(
                f"A row holds more than {self.max_message_bytes // 2**20} MiB; ask for fewer or shorter columns, or "
                "raise max_memory_mb (--max-memory-mb)."
            )


def in_background(action: Callable[[], None]) -> None:
    """Do something nobody waits for; what goes wrong is logged."""

    def run() -> None:
        try:
            action()
        except Exception as error:  # the server may be gone: nothing is left to be done
            logger.info("The server could not be told to end a session: %s", type(error).__name__)

    threading.Thread(target=run, daemon=True).start()


def milliseconds(seconds: float) -> int:
    """Whole milliseconds, at least one: 0 would mean no limit."""
    return max(1, round(seconds * 1000))


def check_answers(expected: dict[str, str], answered: dict[str, str]) -> None:
    """Refuse a session whose settings are not the ones that the guard reads SQL by.

    Raises:
        DatabaseError: The server answers with another value.
    """
    for name, value in expected.items():
        got = answered.get(name, "nothing")
        if got.lower() != value.lower():
            raise DatabaseError(
                f"The server answers {name} = {got!r}, expected {value!r}: SQL would be read in another way than it "
                "was checked. Is there a connection pooler in between? Connect to the server itself."
            )
