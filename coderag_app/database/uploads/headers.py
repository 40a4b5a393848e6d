"""Names for tables and columns out of file names and headers, which may be anything. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath

_MAX_CHARS = 60


def usable_name(text: str, fallback: str) -> str:
    """Text as a name of letters, digits and underscores, in lower case; the fallback where nothing is left.

    Example:
        >>> [usable_name(text, "column_1") for text in ("Order Date (UTC)", "", "2nd 'half'", "Größe", "%")]
        ['order_date_utc', 'column_1', 'n2nd_half', 'größe', 'percent']
    """
    text = unicodedata.normalize("NFC", text.replace("%", " percent ").replace("#", " number ")).lower()
    name = re.sub(r"\W+|_+", "_", text).strip("_")[:_MAX_CHARS].strip("_")
    if not name:
        return fallback
    return f"n{name}" if name[0].isdigit() else name


def distinct_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names, with a number behind those that are there already, whatever their case.

    Example:
        >>> distinct_names(["name", "Name", "name_2"])
        ['name', 'Name_2', 'name_2_2']
    """
    seen = {name.casefold() for name in taken}
    found: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate.casefold() in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate.casefold())
        found.append(candidate)
    return found


def column_names(header: Iterable[object]) -> list[str]:
    """Usable, distinct names for the cells of a header."""
    cells = ["" if cell is None else str(cell) for cell in header]
    return distinct_names(usable_name(cell, f"column_{number}") for number, cell in enumerate(cells, 1))


def table_name(file: str) -> str:
    """The name of the table that a file becomes: its stem, without any folder, Windows' included."""
    return usable_name(file_stem(file), "data")


def file_stem(file: str) -> str:
    """The file's name without folder and ending."""
    return PurePosixPath(PureWindowsPath(file).name).stem
