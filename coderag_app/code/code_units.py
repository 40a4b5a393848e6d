"""What the index knows of a file: its units, the symbols it defines, the calls it makes. Frozen; packed for the disk.

A unit is what a search finds: the lines of one function, of a class around its methods, of a section of prose, or a
window of any other text. Each line of a file lies in exactly one unit; a symbol has lines of its own, since a long
function is several units and a short class with its methods is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgpack

from coderag_app.errors import FileRefusedError

# The order is that of numbers on disk: add at the end. Lines are windows of text whose syntax is not read.
KINDS = "module function class interface enum struct trait impl type constant macro property prose cell lines".split()
KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}

# What a path says of a file: bits, in this order.
ROLES = "test example documentation entry stub benchmark private".split()
_ROLE_PATTERNS = (
    r"(^|/)(tests?|testing|specs?|__tests__|testdata|fixtures)/|(^|/)(test_[^/]*|[^/]*[_.-](test|tests|spec)|conftest)\.\w+$"
    r"|\w(Test|Tests|Spec)\.\w+$|\.bats$",
    r"(^|/)(examples?|samples?|demos?|tutorials?|scripts?|tools?)/",
    r"(^|/)(docs?|documentation|doc)/|\.(md|rst|txt|markdown|adoc)$|(^|/)(changelog|changes|history|news|readme)[^/]*$",
    r"(^|/)(__init__|index|main|mod|lib|__main__)\.\w+$",
    r"\.(pyi|d\.ts)$",
    r"(^|/)(bench(marks?)?|perf)/|(^|/)[^/]*bench(mark)?[^/]*$",
    r"(^|/)_(?!_)[^/]*\.\w+$",
)
_ROLE_REGEXES = tuple(re.compile(pattern, re.IGNORECASE if "Test" not in pattern else 0) for pattern in _ROLE_PATTERNS)


def roles_of(path: str) -> int:
    """What a path says of a file, as bits of ``ROLES``.

    >>> [role for number, role in enumerate(ROLES) if roles_of("tests/test_io.py") >> number & 1]
    ['test']
    """
    return sum(1 << number for number, regex in enumerate(_ROLE_REGEXES) if regex.search(path))


@dataclass(frozen=True, slots=True)
class CodeUnit:
    """Lines that belong together.

    Attributes:
        first_line: From 1; ``last_line`` belongs to the unit.
        kind: One of ``KINDS``.
        symbol: The qualified name, such as ``Session.close``; a heading for prose; empty for a module's own lines.
        signature: The first line of the definition.
        doc: The first sentence of its documentation.
        content_hash: Of the unit's text.
    """

    first_line: int
    last_line: int
    kind: str
    symbol: str
    signature: str
    doc: str
    content_hash: str

    @property
    def enclosing(self) -> str:
        """The symbol around it: ``Session`` of ``Session.close``."""
        return self.symbol.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition: its qualified name and lines."""

    name: str
    kind: str
    first_line: int
    last_line: int
    signature: str

    @property
    def last_name(self) -> str:
        """``close`` of ``Session.close``."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Call:
    """A name that is called on a line, and the symbol that the line is in ("" outside of all)."""

    name: str
    line: int
    caller: str


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of a repository.

    Attributes:
        path: Within the repository, with ``/``.
        sha256: Of its bytes.
        language: Its name, or the extension of a file that is read as plain text.
        note: Why it is read as lines though its language is known; "" else.
    """

    path: str
    sha256: str
    language: str
    lines: int
    note: str
    units: tuple[CodeUnit, ...]
    symbols: tuple[Symbol, ...]
    calls: tuple[Call, ...]

    def packed(self) -> bytes:
        """The file as MessagePack; the same value gives the same bytes."""
        rows = [
            [[getattr(item, name) for name in item.__slots__] for item in items]
            for items in (self.units, self.symbols, self.calls)
        ]
        data: bytes = msgpack.packb(
            [self.path, self.sha256, self.language, self.lines, self.note, *rows], unicode_errors="surrogateescape"
        )
        return data

    @classmethod
    def unpacked(cls, data: bytes) -> CodeFile:
        """The reverse of ``packed``.

        Raises:
            FileRefusedError: The bytes are something else.
        """
        try:
            values: list[Any] = msgpack.unpackb(data, unicode_errors="surrogateescape")
            path, sha256, language, lines, note, units, symbols, calls = values
            return cls(
                path, sha256, language, lines, note,
                tuple(CodeUnit(*row) for row in units),
                tuple(Symbol(*row) for row in symbols),
                tuple(Call(*row) for row in calls),
            )  # fmt: skip
        except (ValueError, TypeError, msgpack.UnpackException) as error:
            raise FileRefusedError(f"A file's entry in the code index is damaged: {error}.") from error
