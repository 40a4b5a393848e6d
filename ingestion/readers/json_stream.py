"""The elements of a JSON array in a file, one after the other, without reading the file whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from coderag_app.errors import IngestionError

_READ_CHARS = 1 << 20
_MAX_ELEMENT_CHARS = 64 * 1024 * 1024
_SPACE = " \t\r\n"


class _Window:
    """A piece of the file: text from ``position`` on is unread, and ``line`` is the line it begins on."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.text, self.position, self.line, self.ended = file, "", 0, 1, False

    def read_more(self) -> None:
        """Drop what was consumed and read as much again as is left, so that a long element costs linear time."""
        rest = self.text[self.position :]
        more = self.file.read(max(_READ_CHARS, len(rest)))
        self.text, self.position, self.ended = rest + more, 0, not more

    def advance(self, position: int) -> None:
        """Consume the text up to a position."""
        self.line += self.text.count("\n", self.position, position)
        self.position = position

    def next_char(self) -> str:
        """The next character that is not white space, not consumed; empty at the end."""
        while True:
            position = self.position
            while position < len(self.text) and self.text[position] in _SPACE:
                position += 1
            self.advance(position)
            if position < len(self.text):
                return self.text[position]
            if self.ended:
                return ""
            self.read_more()


def iter_json_array(path: Path) -> Iterator[tuple[int, Any, str]]:
    """Yield (line, element, problem) for each element; after a problem nothing more can be read.

    An object with a single list, such as ``{"data": [...]}``, is read as well, but whole.

    Raises:
        IngestionError: The file holds neither.
    """
    # Bytes that are not UTF-8 become lone surrogates, so that they cost their own row and no other.
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        window = _Window(file)
        first = window.next_char()
        if first == "{":
            file.seek(0)
            yield from ((number, element, "") for number, element in enumerate(_only_list(file, path), start=1))
            return
        if first != "[":
            raise IngestionError(f"{path} begins with {first!r}; expected a JSON array of objects.")
        window.advance(window.position + 1)
        yield from _elements(window)


def _elements(window: _Window) -> Iterator[tuple[int, Any, str]]:
    decoder = json.JSONDecoder()
    expect_comma = False
    while (char := window.next_char()) != "]":
        if expect_comma:
            if char != ",":
                yield window.line, None, f"expected a comma or the end of the array, got {char!r}; reading stopped here"
                return
            window.advance(window.position + 1)
            if window.next_char() == "]":
                yield window.line, None, "a comma before the end of the array"
                return
        line = window.line
        try:
            element, end = _decode(window, decoder)
        except (ValueError, RecursionError) as error:
            yield line, None, f"not JSON: {error}; reading stopped here"
            return
        yield line, element, ""
        window.advance(end)
        expect_comma = True


def _decode(window: _Window, decoder: json.JSONDecoder) -> tuple[Any, int]:
    """Decode the next element, reading on until it is complete."""
    window.next_char()
    while True:
        try:
            return decoder.raw_decode(window.text, window.position)
        except ValueError:
            if window.ended or len(window.text) - window.position > _MAX_ELEMENT_CHARS:
                raise
            window.read_more()


def _only_list(file: TextIO, path: Path) -> list[Any]:
    try:
        content = json.load(file)
    except (ValueError, RecursionError) as error:
        raise IngestionError(f"{path} is not JSON: {error}") from error
    lists = [value for value in content.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise IngestionError(f"{path} holds an object with {len(lists)} lists; expected an array, or one list in it.")
    return lists[0]
