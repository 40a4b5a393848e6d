"""Which rows of a sheet name its columns: title lines stand above them, and a merged header takes two. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_MOST_TITLES = 12


@dataclass(frozen=True, slots=True)
class SheetHeader:
    """The header of a sheet.

    Attributes:
        names: The cells that name the columns; None for one without a name.
        lines: The rows that are no data, titles included.
        notes: What was decided, in sentences; nothing for one plain line.
    """

    names: tuple[Any, ...]
    lines: int
    notes: tuple[str, ...] = ()


def read_header(columns: Sequence[Sequence[Any]], wanted: str = "auto") -> SheetHeader:
    """Find the header in the columns of a sheet.

    A title is a lone cell above a row of texts. The second line of a header stands below the gaps of the first one,
    as merged cells leave them, and above values that are no text.

    Args:
        columns: The cells of each column, from the first row on; all of one length.
        wanted: ``yes`` takes the first row alone, ``no`` takes none.

    >>> found = read_header([["Sales 2024", "City", None, "Oslo"], [None, "May", "paid", 4], [None, None, "open", 5.5]])
    >>> found.names, found.lines
    (('City', 'May paid', 'May open'), 3)
    """
    rows = list(zip(*columns, strict=True))
    if wanted == "no" or not rows:
        note = "no header, as told: the columns are column_1 and so on"
        return SheetHeader((None,) * len(columns), 0, (note,))
    start = 0 if wanted == "yes" else _titles(rows)
    first = rows[start] if start < len(rows) else ()
    notes = [f"{start} title line{'s' * (start > 1)} above the header left out"] if start else []
    if wanted == "auto" and _is_second_line(rows, start):
        notes.append("the header was read from two lines")
        return SheetHeader(_joined(first, rows[start + 1]), start + 2, tuple(notes))
    if wanted == "auto" and first and not start and not any(isinstance(cell, str) for cell in first):
        return SheetHeader((None,) * len(columns), 0, ("no header was found in the first row, which is data",))
    return SheetHeader(tuple(first), start + 1, tuple(notes))


def _titles(rows: Sequence[Sequence[Any]]) -> int:
    """How many lone cells stand above the first row of several; 0 where that row is data."""
    for number, row in enumerate(rows[: _MOST_TITLES + 1]):
        told = [cell for cell in row if _is_told(cell)]
        if len(told) > 1:
            return number if all(isinstance(cell, str) for cell in told) else 0
        if row and not _is_told(row[0]):
            return 0  # a lone name of the second column is a header with a gap
    return 0


def _is_second_line(rows: Sequence[Sequence[Any]], start: int) -> bool:
    if start + 2 >= len(rows):
        return False
    first, second, below = rows[start], rows[start + 1], rows[start + 2 :]
    gaps = [place for place, cell in enumerate(first) if not _is_told(cell)]
    told = [place for place, cell in enumerate(second) if _is_told(cell)]
    texts = all(isinstance(second[place], str) for place in told)
    fills_gaps = bool(gaps) and set(gaps) <= set(told) and _is_told(first[0])
    has_values = any(_is_told(row[place]) and not isinstance(row[place], str) for row in below for place in told)
    return texts and fills_gaps and has_values


def _joined(first: Sequence[Any], second: Sequence[Any]) -> tuple[str, ...]:
    """Both lines as one, a merged cell standing above each column that it covers."""
    names, above = [], ""
    for top, below in zip(first, second, strict=True):
        above = str(top) if _is_told(top) else above
        names.append(f"{above} {below}" if _is_told(below) else above)
    return tuple(names)


def _is_told(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""
