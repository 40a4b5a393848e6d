"""Collect rows within the limits: the same for every driver. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from coderag_app.database.base import Limits

_FIXED_CELL_BYTES = 32  # a number, a date or a None, with its share of the row


def collect_rows(cursor: Iterable[Sequence[Any]], limits: Limits) -> tuple[tuple[tuple[Any, ...], ...], bool]:
    """Read rows until the row limit or the memory limit, and cut long texts and blobs.

    Returns:
        The rows, and whether anything was left out: a further row, or the end of a value.
    """
    rows: list[tuple[Any, ...]] = []
    size = 0
    truncated = False
    for row in cursor:
        if len(rows) == limits.max_rows or size > limits.max_memory_bytes:
            return tuple(rows), True
        cells = []
        for value in row:
            cell = _cut(value, limits.max_cell_bytes)
            truncated = truncated or cell is not value
            size += _FIXED_CELL_BYTES + _length(cell)
            cells.append(cell)
        rows.append(tuple(cells))
    return tuple(rows), truncated


def _length(value: Any) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, list | tuple):
        return sum(map(_length, value)) + _FIXED_CELL_BYTES * len(value)
    return 0


def _cut(value: Any, max_bytes: int) -> Any:
    if isinstance(value, memoryview | bytearray):
        value = bytes(value)
    if isinstance(value, bytes):
        return value if len(value) <= max_bytes else value[:max_bytes]
    if isinstance(value, str) and len(value) * 4 > max_bytes:
        encoded = value.encode("utf-8", "surrogatepass")
        return value if len(encoded) <= max_bytes else encoded[:max_bytes].decode("utf-8", "ignore")
    return value
