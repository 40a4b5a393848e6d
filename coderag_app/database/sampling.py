"""Sample values for a schema: short, distinct, printable, untrusted; and quoted names to read them by. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

SCANNED_ROWS = 500  # rows read from the front of a table; huge tables stay fast, rare values stay unseen
SCANNED_TEXT_ROWS = 200_000  # rows that distinct_texts reads from the front of a table
MAX_SAMPLE_CHARS = 40
MAX_TEXT_CHARS = 100  # longer texts are prose, which no question quotes


def printable(value: Any) -> str:
    """The value as one line of text without control, format or surrogate characters."""
    text = value if isinstance(value, str) else str(value)
    kept = (" " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char)[0] != "C")
    return " ".join("".join(kept).split())


def column_samples(rows: Iterable[Sequence[Any]], width: int, samples: int) -> list[tuple[str, ...]]:
    """For each of ``width`` columns the first ``samples`` distinct short values, in the order of the rows."""
    found: list[dict[str, None]] = [{} for _ in range(width)]
    open_columns = set(range(width)) if samples > 0 else set()
    for row in rows:
        for index in tuple(open_columns):
            value = row[index]
            if value is None or isinstance(value, bytes | bytearray | memoryview):
                continue
            text = printable(value)
            if 0 < len(text) <= MAX_SAMPLE_CHARS:
                found[index][text] = None
            if len(found[index]) >= samples:
                open_columns.discard(index)
        if not open_columns:
            break
    return [tuple(values) for values in found]


def quoted(name: str) -> str:
    """The name in double quotes, as all but MySQL read it."""
    return '"' + name.replace('"', '""') + '"'
