"""What a source file defines and calls, by its syntax tree. One reader for code search and for the training corpus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ingestion.repository.languages import CLASSES, CodeLanguage, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

# tree-sitter's queries take quadratic time on the flat error nodes of deeply nested brackets: 9 s at 100,000.
MAX_NESTING = 1_000
MAX_LINE_BYTES = 20_000
_BRACKETS = bytes.maketrans(b"([{)]}", b"((()))")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"([{)]}")
_SPACES = re.compile(r"\s+")
_OWNER = re.compile(r"(\w+)\W*$")
_LONGEST_NAME = 200


@dataclass(slots=True)
class Definition:
    """A function, class, constant ... of a file.

    Attributes:
        start: First byte; ``end`` is the one after the last.
        first_line: From 1; ``last_line`` belongs to it.
        owner: What holds it by its syntax: Go's receiver.
        broken: Whether there is a syntax error inside.
    """

    kind: str
    name: str
    start: int
    end: int
    first_line: int
    last_line: int
    name_start: int
    owner: str = ""
    broken: bool = False
    children: list[Definition] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """Top-level definitions with what they hold, and every call as name and line.

    Attributes:
        broken: Whether the file has a syntax error.
    """

    definitions: list[Definition]
    calls: list[tuple[str, int]]
    broken: bool


def read_syntax(content: bytes, language: CodeLanguage) -> SyntaxTree | None:
    """Read a file of UTF-8 text; None where it is nested too deeply, or has lines too long, to be read in fair time.

    Raises:
        ConfigurationError: The grammar is not installed.
    """
    if _nesting(content) > MAX_NESTING or _longest_line(content) > MAX_LINE_BYTES:
        return None
    from tree_sitter import QueryCursor

    parser, definitions, calls = load_grammar(language)
    tree = parser.parse(content)
    root = tree.root_node
    found: dict[int, Definition] = {}
    for _, captures in QueryCursor(definitions).matches(root):
        definition = _definition(captures)
        if definition is None:
            continue
        known = found.get(definition.name_start)
        # A decorated function matches with and without its decorators; a const that is a function is a function.
        if known is None or _rank(definition) > _rank(known):
            found[definition.name_start] = definition
    named = [(_text(node), node.start_point[0] + 1) for node in QueryCursor(calls).captures(root).get("call", ())]
    named.sort(key=lambda call: (call[1], call[0]))
    return SyntaxTree(_nested(found.values()), named, root.has_error)


def functions_and_classes(content: bytes, language: CodeLanguage) -> Iterator[tuple[Definition, str]]:
    """Functions and classes from the top down; what stands inside a function is part of it."""
    tree = read_syntax(content, language)
    todo = list(reversed(tree.definitions)) if tree is not None else []
    while todo:
        definition = todo.pop()
        kind = "function" if definition.kind == "function" else "class" if definition.kind in CLASSES else ""
        if kind and not definition.broken:
            yield definition, kind
        if kind != "function":
            todo.extend(reversed(definition.children))


def _nesting(content: bytes) -> int:
    steps = np.frombuffer(content.translate(_BRACKETS, _NOT_BRACKETS), np.uint8)
    if not len(steps):
        return 0
    return int(np.cumsum(np.where(steps == ord("("), 1, -1)).max())


def _longest_line(content: bytes) -> int:
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
    return int(np.diff(ends, prepend=-1, append=len(content)).max(initial=0))


def _definition(captures: dict[str, list[Node]]) -> Definition | None:
    names = captures.get("name")
    kind = next((kind for kind in captures if kind not in ("name", "keyword", "owner")), None)
    if not names or kind is None:
        return None
    node, name = captures[kind][0], names[0]
    owner = captures.get("owner")
    receiver = _OWNER.search(_text(owner[0]).split("[")[0]) if owner else None
    last = node.end_point
    return Definition(
        kind,
        _text(name).removeprefix("::"),
        node.start_byte,
        node.end_byte,
        node.start_point[0] + 1,
        max(node.start_point[0], last[0] - (last[1] == 0)) + 1,
        name.start_byte,
        receiver[1] if receiver else "",
        node.has_error,
    )


def _text(node: Node) -> str:
    return _SPACES.sub(" ", (node.text or b"").decode("utf-8", "replace"))[:_LONGEST_NAME]


def _rank(definition: Definition) -> tuple[bool, int]:
    return definition.kind != "constant", definition.end - definition.start


def _nested(definitions: object) -> list[Definition]:
    """Put each definition into the smallest one around it."""
    top: list[Definition] = []
    around: list[Definition] = []
    for definition in sorted(definitions, key=lambda found: (found.start, -found.end, found.name_start)):  # type: ignore[call-overload]
        while around and around[-1].end <= definition.start:
            around.pop()
        (around[-1].children if around else top).append(definition)
        around.append(definition)
    return top
