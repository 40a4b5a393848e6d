"""Cuts a file into units: functions, classes, headings, cells or windows. Each line is in exactly one of them."""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from coderag_app.code.code_units import Call, CodeFile, CodeUnit, Symbol
from ingestion.repository.languages import CLASSES, CodeLanguage, languages_by_extension
from ingestion.repository.syntax import Definition, read_syntax

CUTTING_VERSION = 1  # change it with anything here: files of another version are read again

_WINDOW_LINES = 50
_LONGEST_UNIT = 100  # lines; a longer function becomes several units
_SMALL_CLASS = 12  # lines; with its methods it is one unit
_LEAST_CONSTANT = 4  # lines; a shorter constant, type or macro stays with its neighbours
_MOST_DOC_LINES = 60
_LONGEST_SIGNATURE, _LONGEST_DOC = 240, 300
_INNER = frozenset(("constant", "type", "macro", "property"))
_COMMENT_STARTS = ("/*", "*", "@", "[", "#[")
_DOCSTRING = re.compile(r"""\s*[rRuU]{0,2}(\"{3}|'{3}|"|')""")
_CPLUSPLUS = re.compile(rb"\bnamespace\b|\btemplate\s*<|\bclass\s+\w+\s*(?:final\s*)?[:{]|\bstd::|\bpublic:")
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+])\1{2,}\s*$")
_SENTENCE = re.compile(r"(?<=[.!?])\s")
_PROSE = {".md": "markdown", ".markdown": "markdown", ".rst": "rst"}


@dataclass(frozen=True, slots=True)
class UnitText:
    """A unit with the texts that are searched but not kept."""

    unit: CodeUnit
    body: str
    doc: str
    also: str = ""


def language_of(path: str, content: bytes) -> CodeLanguage | None:
    """The language of a file; a C header with C++ in it is C++."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".h" and _CPLUSPLUS.search(content):
        suffix = ".hpp"
    return languages_by_extension().get(suffix)


def cut_file(path: str, content: bytes, text: str) -> tuple[CodeFile, list[UnitText]]:
    """The units, symbols and calls of a file.

    Args:
        path: Within the repository.
        content: The file's bytes, for its hash.
        text: The same as text, with line feeds as its only line ends.
    """
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    language = language_of(path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    encoded = text.encode("utf-8", "replace")
    tree = read_syntax(encoded, language) if language is not None else None
    if language is not None and tree is not None:
        cutter = _Cutter(lines, encoded, language)
        units = cutter.units(tree.definitions)
        symbols = tuple(_symbols(tree.definitions, "", lines))
        calls = _calls(tree.calls, symbols)
        note = "broken syntax" if tree.broken else ""
    else:
        suffix = PurePosixPath(path).suffix.lower()
        units = list(_text_units(suffix, lines, text))
        symbols, calls = (), ()
        note = "too deeply nested or lines too long" if language is not None else ""
    name = language.name if language is not None else PurePosixPath(path).suffix.lower().lstrip(".") or "text"
    name = _PROSE.get(f".{name}", name)
    return CodeFile(path, sha256, name, len(lines), note, tuple(found.unit for found in units), symbols, calls), units


class _Cutter:
    """Cuts one file by its definitions."""

    def __init__(self, lines: list[str], content: bytes, language: CodeLanguage) -> None:
        self._lines = lines
        self._content = content
        self._language = language
        self._units: list[UnitText] = []

    def units(self, definitions: list[Definition]) -> list[UnitText]:
        """The units of the file, in order of their lines."""
        self._cut(definitions)
        return _merged_blanks(self._units, self._lines)

    def _cut(self, definitions: list[Definition]) -> None:
        """Cut the scopes from the file inwards. A stack instead of recursion: classes may be nested deeply."""
        work: list[tuple] = [("scope", 1, len(self._lines), definitions, "", "module")]
        while work:
            step = work.pop()
            if step[0] == "unit":
                self._leaf(*step[1:])
                continue
            _, first, last, definitions, scope, kind = step
            steps: list[tuple] = []
            place = first
            for group in self._groups(definitions):
                head = group[0]
                start = max(place, self._with_comments(head.first_line, place))
                end = min(max(found.last_line for found in group), last)
                if end < place or start > end:
                    continue
                if start > place:
                    steps += self._windows(place, start - 1, kind, scope, None)
                name = _qualified(scope, head)
                inner = [child for child in head.children if self._is_own(child)] if len(group) == 1 else []
                if inner and self._is_opened(head, start, end):
                    # The lines before the first inner definition hold the signature: they are a unit of the scope.
                    steps.append(("scope", start, end, inner, name, head.kind))
                else:
                    steps += self._windows(start, end, head.kind, name, head)
                place = end + 1
            if place <= last:
                steps += self._windows(place, last, kind, scope, None)
            work.extend(reversed(steps))

    def _groups(self, definitions: list[Definition]) -> Iterator[list[Definition]]:
        """Definitions that become units; equations of one function are together."""
        group: list[Definition] = []
        for found in definitions:
            if not self._is_own(found):
                continue
            same = (
                group
                and self._language.repeats
                and (group[-1].name, group[-1].kind) == (found.name, found.kind)
                and found.first_line - group[-1].last_line <= 2
            )
            if not same and group:
                yield group
                group = []
            group.append(found)
        if group:
            yield group

    def _is_own(self, found: Definition) -> bool:
        lines = found.last_line - found.first_line + 1
        return found.kind not in _INNER or lines >= _LEAST_CONSTANT

    def _is_opened(self, head: Definition, start: int, end: int) -> bool:
        lines = end - start + 1
        return lines > (_SMALL_CLASS if head.kind in CLASSES else _LONGEST_UNIT)

    def _with_comments(self, line: int, least: int) -> int:
        """The first line of the comments and decorators above a line; one blank may stand between."""
        starts = (self._language.comment, *_COMMENT_STARTS)
        first = line
        if line - 2 >= least and not self._lines[line - 2].strip() and self._lines[line - 3].strip().endswith("*/"):
            line -= 1
        while line > least:
            above = self._lines[line - 2].strip()
            if above.endswith("*/") and not above.startswith("/*"):
                opening = range(line - 1, max(least, line - _MOST_DOC_LINES) - 1, -1)
                line = next((number for number in opening if "/*" in self._lines[number - 1]), line - 1)
            elif above.startswith(starts):
                line -= 1
            else:
                break
            first = line
        return first

    def _windows(self, first: int, last: int, kind: str, name: str, head: Definition | None) -> list[tuple]:
        return [
            ("unit", start, end, kind, name, head)
            for start, end in _windows_of(self._lines, first, last, _LONGEST_UNIT if head else _WINDOW_LINES)
        ]

    def _leaf(self, first: int, last: int, kind: str, name: str, head: Definition | None) -> None:
        body = "\n".join(self._lines[first - 1 : last])
        signature, doc = "", ""
        if head is not None and first <= head.first_line <= last:
            signature = _signature(self._content, head)
            doc = self._doc(first, last, head)
        elif kind != "module" and self._units and self._units[-1].unit.symbol != name:
            signature, doc = self._header(first, last)
        elif kind == "module" and first == 1:
            doc = _module_doc(self._lines[:last])
        self._units.append(_unit(first, last, kind, name, signature, doc, body))

    def _header(self, first: int, last: int) -> tuple[str, str]:
        """Signature and documentation of a class whose methods are units of their own."""
        lines = self._lines[first - 1 : last]
        starts = (self._language.comment, *_COMMENT_STARTS)
        code = next(
            (number for number, line in enumerate(lines) if line.strip() and not line.strip().startswith(starts)), 0
        )
        above = _plain("\n".join(lines[:code]))
        inside = _docstring(lines[code:]) if self._language.name == "python" else ""
        return lines[code].strip()[:_LONGEST_SIGNATURE], above or inside

    def _doc(self, first: int, last: int, head: Definition) -> str:
        above = self._lines[first - 1 : head.first_line - 1]
        if any(line.strip() for line in above):
            comments = [line for line in above if not line.strip().startswith(("@", "["))]
            found = _plain("\n".join(comments))
            if found:
                return found
        if self._language.name != "python":
            return ""
        body = self._lines[head.first_line - 1 : min(last, head.first_line + _MOST_DOC_LINES)]
        return _docstring(body)


def _qualified(scope: str, definition: Definition) -> str:
    name = definition.name.replace("::", ".")
    return ".".join(part for part in (scope, definition.owner, name) if part)


def _windows_of(lines: list[str], first: int, last: int, longest: int) -> Iterator[tuple[int, int]]:
    """Parts of at most ``longest`` lines; cut at a blank line, or at the least indented one, of the second half."""
    while last - first + 1 > longest:
        choices = range(first + longest // 2, first + longest)
        cut = min(choices, key=lambda number: (_indent(lines[number - 1]), -number))
        yield first, cut - 1
        first = cut
    yield first, last


def _indent(line: str) -> int:
    stripped = line.lstrip()
    return 0 if not stripped else 1 + len(line) - len(stripped)


def _unit(first: int, last: int, kind: str, name: str, signature: str, doc: str, body: str) -> UnitText:
    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:16]
    summary = _SENTENCE.split(" ".join(doc.split()), maxsplit=1)[0][:_LONGEST_DOC] if doc else ""
    return UnitText(CodeUnit(first, last, kind, name, signature, summary, digest), body, doc)


def _merged_blanks(units: list[UnitText], lines: list[str]) -> list[UnitText]:
    """Add lines without a letter (blanks, closing brackets) to the unit before them, or to the one after."""
    merged: list[UnitText] = []
    waiting = 0
    for found in units:
        empty = not any(map(str.isalnum, found.body))
        if empty and merged:
            before = merged[-1]
            merged[-1] = _stretched(before, before.unit.first_line, found.unit.last_line, lines)
        elif empty and len(units) > 1 and not merged:
            waiting = waiting or found.unit.first_line
        elif waiting:
            merged.append(_stretched(found, waiting, found.unit.last_line, lines))
            waiting = 0
        else:
            merged.append(found)
    return merged or units[:1]


def _stretched(found: UnitText, first: int, last: int, lines: list[str]) -> UnitText:
    unit = found.unit
    body = "\n".join(lines[first - 1 : last])
    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:16]
    return UnitText(
        CodeUnit(first, last, unit.kind, unit.symbol, unit.signature, unit.doc, digest), body, found.doc, found.also
    )


def _symbols(definitions: list[Definition], scope: str, lines: list[str]) -> Iterator[Symbol]:
    todo = [(found, scope) for found in reversed(definitions)]
    while todo:
        found, scope = todo.pop()
        name = _qualified(scope, found)
        signature = lines[found.first_line - 1].strip() if found.first_line <= len(lines) else ""
        yield Symbol(name, found.kind, found.first_line, found.last_line, signature[:_LONGEST_SIGNATURE])
        todo.extend((child, name) for child in reversed(found.children))


def _calls(calls: list[tuple[str, int]], symbols: tuple[Symbol, ...]) -> tuple[Call, ...]:
    """Each call with the innermost function or class around its line."""
    holders = [found for found in symbols if found.kind not in _INNER]
    starts = [found.first_line for found in holders]
    found_calls = []
    for name, line in dict.fromkeys(calls):
        place = bisect_right(starts, line) - 1
        steps = 0
        while place >= 0 and holders[place].last_line < line and steps < 200:
            place, steps = place - 1, steps + 1
        inside = place >= 0 and holders[place].last_line >= line
        found_calls.append(Call(name, line, holders[place].name if inside else ""))
    return tuple(found_calls)


def _signature(content: bytes, head: Definition) -> str:
    text = content[head.name_start : head.name_start + 2 * _LONGEST_SIGNATURE].decode("utf-8", "replace")
    before = content[head.start : head.name_start].decode("utf-8", "replace").rpartition("\n")[2]
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if depth <= 0 and (sign in "{;" or sign == "\n"):
            text = text[:place]
            break
    return " ".join((before + text).split())[:_LONGEST_SIGNATURE]


def _plain(comment: str) -> str:
    """A comment's words without its marks."""
    lines = (
        re.sub(r"^\s*(?:/\*+|\*/|\*|//[/!]?|#+|--+\s*\|?|@doc)?\s?|\*/\s*$", "", line) for line in comment.split("\n")
    )
    return "\n".join(line for line in lines if line.strip())


def _docstring(lines: list[str], behind_colon: bool = True) -> str:
    """The string that begins a Python body, from the lines of a definition or (not ``behind_colon``) of a file."""
    waiting = behind_colon
    for number, line in enumerate(lines[:40]):
        text = line.strip()
        if waiting:
            waiting = not text.endswith(":")
            continue
        match = _DOCSTRING.match(line)
        if match is None:
            if text and not text.startswith("#"):
                return ""
            continue
        quote = match[1]
        rest = "\n".join([line[match.end() :], *lines[number + 1 : number + _MOST_DOC_LINES]])
        end = rest.find(quote) if len(quote) == 3 else rest.split("\n")[0].find(quote)
        if end < 0 and len(quote) == 1:
            return ""
        return rest[:end] if end >= 0 else rest
    return ""


def _module_doc(lines: list[str]) -> str:
    """What a file says of itself at its top: a docstring or a comment that is no licence."""
    doc = _docstring(lines[:30], behind_colon=False)
    if doc:
        return doc
    block: list[str] = []
    for line in lines[:_MOST_DOC_LINES]:
        text = line.strip()
        if text.startswith(("#", "//", "/*", "*", "--", "{-", "<?php")):
            block.append(line)
        elif text:
            break
    found = _plain("\n".join(block))
    return "" if re.search(r"copyright|licen[sc]e", found, re.IGNORECASE) else found


# --- text that is no code ---------------------------------------------------------------------------------------------


def _text_units(suffix: str, lines: list[str], text: str) -> Iterator[UnitText]:
    if suffix == ".ipynb":
        cells = list(_notebook_units(lines, text))
        if cells:
            yield from cells
            return
    if suffix in _PROSE:
        yield from _prose_units(lines, suffix)
        return
    for first, last in _windows_of(lines, 1, len(lines), _WINDOW_LINES):
        yield _unit(first, last, "lines", "", "", "", "\n".join(lines[first - 1 : last]))


def _prose_units(lines: list[str], suffix: str) -> Iterator[UnitText]:
    """Sections by heading; a long section is several units under one heading."""
    starts: list[tuple[int, str]] = [(1, "")]
    fenced = False
    for number, line in enumerate(lines, 1):
        if suffix != ".rst":
            fenced ^= line.lstrip().startswith(("```", "~~~"))
            match = None if fenced else _HEADING.match(line)
            if match:
                starts.append((number, match[2]))
        elif number > 1 and _UNDERLINE.match(line) and lines[number - 2].strip():
            title = lines[number - 2].strip()
            over = number > 2 and _UNDERLINE.match(lines[number - 3])
            if len(line.rstrip()) >= len(title) and not _UNDERLINE.match(title):
                starts.append((number - (2 if over else 1), title))
    ends = [start - 1 for start, _ in starts[1:]] + [len(lines)]
    for (start, title), end in zip(starts, ends, strict=True):
        if end < start:
            continue
        for first, last in _windows_of(lines, start, end, _WINDOW_LINES):
            yield _unit(first, last, "prose", title[:_LONGEST_SIGNATURE], "", "", "\n".join(lines[first - 1 : last]))


def _notebook_units(lines: list[str], text: str) -> Iterator[UnitText]:
    """The cells of a notebook, by the lines of the file that hold their sources; outputs go with their cell."""
    try:
        cells = json.loads(text)["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    marks = [number for number, line in enumerate(lines, 1) if line.strip().startswith('"cell_type"')]
    if len(marks) != len(sources) or not marks:
        return
    starts = [1, *marks[1:]]
    ends = [start - 1 for start in starts[1:]] + [len(lines)]
    for start, end, source in zip(starts, ends, sources, strict=True):
        yield _unit(start, end, "cell", "", source.strip().split("\n")[0][:_LONGEST_SIGNATURE], "", source)
