"""Collect rows within the limits: the same for every driver. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from coderag_app.database.base import Limits, OverLimitError

_POINTER_BYTES = 8  # a cell's place in its row, its list or its dict
_ROW_BYTES = sys.getsizeof(()) + _POINTER_BYTES + 16  # with the collector's header
_SHORT = frozenset({int, float, bool, type(None)})
_BATCH_BYTES = 256 * 1024
_MAX_DEPTH = 100  # of lists and structs in each other; msgpack stops at 511


class RowReader:
    """Rows from a cursor, counted before they are kept.

    The memory that the kept rows take never passes ``max_memory_mb``: a row that would is left out and ``truncated``
    says so; a first row that would is an error. Sizes are those of the Python objects, so a text with one emoji counts
    4 bytes a character and a list or a struct all that is in it.
    """

    def __init__(self, cursor: Iterable[Sequence[Any]], limits: Limits) -> None:
        self.truncated = False
        self._cursor = cursor
        self._limits = limits

    def __iter__(self) -> Iterator[tuple[tuple[Any, ...], int]]:
        """Each row with its size in bytes.

        Raises:
            OverLimitError: The first row alone needs more than the memory limit.
        """
        size = 0
        for count, row in enumerate(self._cursor):
            if count == self._limits.max_rows:
                self.truncated = True
                return
            cells, row_size = self._cut_row(row, self._limits.max_memory_bytes - size)
            size += row_size
            if size > self._limits.max_memory_bytes:
                if not count:
                    raise OverLimitError.of_memory(self._limits)
                self.truncated = True
                return
            yield cells, row_size

    def batches(self) -> Iterator[tuple[list[Any], int]]:
        """The cells one after the other, in lists of about 256 kB with their sizes; a row may lie in two of them."""
        batch: list[Any] = []
        size = 0
        for cells, row_size in self:
            if row_size <= _BATCH_BYTES:
                batch += cells
                size += row_size
            else:
                yield batch, size
                for cell in cells:  # one by one: packing a whole wide row would need its size once more
                    yield [cell], cut_cell(cell, self._limits.max_cell_bytes)[1]
                batch, size = [], 0
            if size > _BATCH_BYTES:
                yield batch, size
                batch, size = [], 0
        yield batch, size

    def _cut_row(self, row: Sequence[Any], space: int) -> tuple[tuple[Any, ...], int]:
        cells = []
        size = _ROW_BYTES
        most = self._limits.max_cell_bytes
        for value in row:
            kind = type(value)
            if kind in _SHORT or (kind is str and len(value) * 4 <= most):  # nearly every cell: spare it the calls
                size += sys.getsizeof(value) + _POINTER_BYTES
                cells.append(value)
                continue
            cell, cell_size, cut = cut_cell(value, most)
            self.truncated = self.truncated or cut
            size += cell_size + _POINTER_BYTES
            cells.append(cell)
            if size > space:
                break
        return tuple(cells), size


def collect_rows(cursor: Iterable[Sequence[Any]], limits: Limits) -> tuple[tuple[tuple[Any, ...], ...], bool]:
    """Read rows until the row limit or the memory limit, and cut long values.

    Returns:
        The rows, and whether anything was left out: a further row, or the end of a value.

    Raises:
        OverLimitError: The first row alone needs more than the memory limit.
    """
    reader = RowReader(cursor, limits)
    rows = tuple(cells for cells, _ in reader)
    return rows, reader.truncated


def cut_cell(value: Any, max_bytes: int, depth: int = 0) -> tuple[Any, int, bool]:
    """Cut a value to ``max_bytes``: the end of a text or a blob, the last parts of a list or a struct.

    Returns:
        The value, the bytes it takes in memory, and whether something was cut.
    """
    if isinstance(value, memoryview | bytearray):
        value = bytes(value)
    if isinstance(value, bytes):
        kept: Any = value if len(value) <= max_bytes else value[:max_bytes]
    elif isinstance(value, str):
        kept = _cut_text(value, max_bytes)
    elif isinstance(value, list | tuple | dict):
        if depth >= _MAX_DEPTH:
            return "...", sys.getsizeof("..."), True
        return _cut_nested(value, max_bytes, depth)
    else:
        kept = value
    return kept, sys.getsizeof(kept), kept is not value


def _cut_text(text: str, max_bytes: int) -> str:
    if len(text) * 4 <= max_bytes or (text.isascii() and len(text) <= max_bytes):
        return text
    encoded = text[:max_bytes].encode("utf-8", "surrogatepass")
    whole = len(text) <= max_bytes and len(encoded) <= max_bytes
    return text if whole else encoded[:max_bytes].decode("utf-8", "ignore")


def _cut_nested(value: Any, max_bytes: int, depth: int) -> tuple[Any, int, bool]:
    mapping = isinstance(value, dict)
    size = sys.getsizeof({} if mapping else [])
    cut = False
    kept: list[Any] = []
    for part in value.items() if mapping else value:
        if size >= max_bytes:
            cut = True
            break
        cell, cell_size, cell_cut = cut_cell(part, max_bytes - size, depth + 1)
        size += cell_size + _POINTER_BYTES
        cut = cut or cell_cut
        kept.append(cell)
    if not cut:
        return value, size, False
    if mapping:
        return dict(pair for pair in kept if len(pair) == 2), size, True
    return (tuple(kept) if isinstance(value, tuple) else kept), size, True
