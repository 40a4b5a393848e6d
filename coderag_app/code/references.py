"""Symbols of a repository, who calls them and which tests do: by name and scope from the syntax trees, without types.

Where two things have one name, a call of that name may mean either; each ``CallSite`` says whether that is so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coderag_app.code.code_query import dotted_parts
from coderag_app.code.code_units import ROLES, CodeFile, Symbol

if TYPE_CHECKING:
    from coderag_app.code.code_index import CodeIndex

DEFINED, CALLED = 1, 2
_TEST = 1 << ROLES.index("test")


@dataclass(frozen=True, slots=True)
class SymbolPlace:
    """Where a symbol is defined."""

    path: str
    symbol: Symbol
    language: str

    @property
    def place(self) -> str:
        """``src/session.py:10-24``."""
        return f"{self.path}:{self.symbol.first_line}-{self.symbol.last_line}"


@dataclass(frozen=True, slots=True)
class CallSite:
    """A line that calls a name.

    Attributes:
        caller: The function or class that the line is in; "" outside of all.
        certain: Whether the name can mean one definition alone; else the call is found by name.
    """

    path: str
    line: int
    caller: str
    certain: bool


def find_symbols(index: CodeIndex, name: str) -> list[SymbolPlace]:
    """Every definition of a name, the outermost first; ``Session.close`` is the ``close`` inside of ``Session``.

    Args:
        index: The repository.
        name: As in the code; letter case counts unless nothing has it otherwise.
    """
    parts = dotted_parts(name)
    if not parts:
        return []
    found = [
        SymbolPlace(file.path, symbol, file.language)
        for file in _files_with(index, parts[-1], DEFINED)
        for symbol in file.symbols
        if symbol.last_name == parts[-1] and _ends_with(symbol.name, parts)
    ]
    return sorted(found, key=lambda place: (place.symbol.name.count("."), place.path, place.symbol.first_line))


def find_callers(index: CodeIndex, name: str, tests_only: bool = False) -> list[CallSite]:
    """Every line that calls a name, in order of path and line.

    Args:
        index: The repository.
        name: ``close``, or ``Session.close``: then calls are looked for of ``close``.
        tests_only: Only in files of tests.
    """
    parts = dotted_parts(name)
    if not parts:
        return []
    definitions = find_symbols(index, parts[-1])
    certain = len({(place.path, place.symbol.name) for place in definitions}) == 1
    return [
        CallSite(file.path, call.line, call.caller, certain)
        for file in _files_with(index, parts[-1], CALLED, _TEST if tests_only else 0)
        for call in file.calls
        if call.name == parts[-1]
    ]


def _files_with(index: CodeIndex, name: str, bit: int, role: int = 0) -> Iterator[CodeFile]:
    place = index.names.find(name)
    if place is None:
        return
    for number, fields in zip(index.names.documents[place], index.names.fields[place], strict=True):
        if fields & bit and (not role or index.columns.file_roles[number] & role):
            yield index.file(int(number))


def _ends_with(name: str, parts: list[str]) -> bool:
    return name.split(".")[-len(parts) :] == parts or len(parts) == 1
