"""Makes questions with known answers from a repository: what its documentation says of a function leads to it.

People who ask do not know the sentence of the documentation, but share some of its words. So more than half of the
words are taken out of a copy of the repository, with spaces in their place: lines stay where they are.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coderag_app.code.code_units import CodeFile, CodeUnit, roles_of
from ingestion.repository.cutting import cut_file
from ingestion.repository.file_choice import choose_files, read_source
from ingestion.repository.languages import CLASSES

_QUOTES = re.compile(r"\"{3}|'{3}")
_COMMENT = re.compile(r"^\s*(?:#|//|--)\s?([A-Z][^#/]*)$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS, _MOST_WORDS = 4, 30
_KEPT_WORDS = 0.4
_SKIPPED_ROLES = 0b0110110  # examples, documentation, stubs, benchmarks: nobody looks for code there first
_FORMS = (
    "{doc}", "{doc}", "{doc}", "where {doc}", "how does it {doc}", "which code {doc}",
    "how {name} {doc}", "{name} {doc}",
    "{doc} in {file}", "what happens to {doc}", "how are things handled to {doc}",
)  # fmt: skip
_PAIRS = (
    "How does {name} ({doc}) interact with the part that {other}?",
    "What is the relationship between {doc} and {other}?",
    "Why does {name} need {other}?",
    "How does the code {doc}, and where does it {other}?",
)
_SYMBOLS = ("{name}", "{name}", "{whole}", "where is {name} defined", "{name} definition", "what does {whole} do")


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question and where its answer is.

    Attributes:
        kind: How it was made.
        answers: Path, first and last line; all of a file as 1 to a very large number.
    """

    kind: str
    text: str
    answers: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    path: str
    unit: CodeUnit
    name: str
    doc: str
    calls: frozenset[str]

    @property
    def answer(self) -> tuple[str, int, int]:
        return self.path, self.unit.first_line, self.unit.last_line


def make_questions(root: Path, copy: Path, count: int, seed: int) -> list[MadeQuestion]:
    """Copy a repository without the sentences that questions are made of, and make the questions.

    Args:
        root: The repository.
        copy: Where to put the copy; replaced.
        count: How many questions at most, of all kinds together.
        seed: Draws what is asked about.
    """
    draw = random.Random(seed)
    shutil.rmtree(copy, ignore_errors=True)
    pieces: list[_Piece] = []
    questions: list[MadeQuestion] = []
    comments = 0
    for stat in choose_files(root).files:
        content, text, reason = read_source(root, stat)
        if reason:
            continue
        file, units = cut_file(stat.path, content, text)
        lines = text.split("\n")
        roles = roles_of(stat.path)
        if file.symbols and roles & 1:
            questions += _about_tests(file, draw)
        elif file.symbols and not roles & _SKIPPED_ROLES:
            for found in units:
                if found.unit.kind == "module" and found.unit.first_line == 1 and draw.random() < 0.6:
                    questions += _about_file(file, found.doc, found.unit, lines, draw)
                elif draw.random() < 0.4 and _is_sentence(found.unit.doc) and found.unit.symbol:
                    pieces.append(_piece(file, found.unit))
                    _thin_documentation(file, found.unit, lines, draw)
                elif found.unit.kind == "function" and comments < count // 8 and draw.random() < 0.3:
                    made = list(_about_comment(file, found.unit, lines, draw))
                    comments += len(made)
                    questions += made
            questions += _about_symbols(file, draw)
        place = copy / stat.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join(lines), encoding="utf-8")
    questions += [_about_piece(piece, draw) for piece in pieces]
    questions += _about_pairs(pieces, draw)
    return _balanced(questions, count, draw)


def _balanced(questions: list[MadeQuestion], count: int, draw: random.Random) -> list[MadeQuestion]:
    """At most ``count`` questions, none of whose kinds is more than a third."""
    draw.shuffle(questions)
    kept: list[MadeQuestion] = []
    kinds: Counter[str] = Counter()
    for question in questions:
        if len(kept) < count and kinds[question.kind] < max(count // 3, 1):
            kept.append(question)
            kinds[question.kind] += 1
    return kept


def _about_tests(file: CodeFile, draw: random.Random) -> Iterator[MadeQuestion]:
    for symbol in file.symbols:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", symbol.last_name)
        if symbol.kind == "function" and len(words) > 3 and "test" in words[0].lower() and draw.random() < 0.05:
            text = draw.choice(("tests that {}", "which test checks {}", "test {}")).format(" ".join(words[1:]).lower())
            yield MadeQuestion("test", text, ((file.path, symbol.first_line, symbol.last_line),))


def _thinned(line: str, draw: random.Random) -> str:
    return _WORD.sub(lambda word: word[0] if draw.random() < _KEPT_WORDS else " " * len(word[0]), line)


def _is_sentence(text: str) -> bool:
    return _FEWEST_WORDS <= len(_WORD.findall(text)) <= _MOST_WORDS and text.isascii()


def _spoken(doc: str) -> str:
    """A sentence as it stands inside of a question."""
    doc = re.sub(r"[`*:\"]+", "", doc).strip(" .")
    return doc[0].lower() + doc[1:] if doc[1:2].islower() else doc


def _piece(file: CodeFile, unit: CodeUnit) -> _Piece:
    calls = frozenset(call.name for call in file.calls if unit.first_line <= call.line <= unit.last_line)
    return _Piece(file.path, unit, unit.symbol.rpartition(".")[2], unit.doc, calls)


def _about_piece(piece: _Piece, draw: random.Random) -> MadeQuestion:
    stem = Path(piece.path).stem
    text = draw.choice(_FORMS).format(doc=_spoken(piece.doc), name=piece.name, file=stem)
    return MadeQuestion("documentation", text, (piece.answer,))


def _about_pairs(pieces: list[_Piece], draw: random.Random) -> Iterator[MadeQuestion]:
    """Questions about a function and one that it calls."""
    by_name = {piece.name: piece for piece in pieces}
    for piece in pieces:
        others = [by_name[name] for name in sorted(piece.calls & by_name.keys()) if name != piece.name]
        if others:
            other = draw.choice(others)
            text = draw.choice(_PAIRS).format(doc=_spoken(piece.doc), name=piece.name, other=_spoken(other.doc))
            yield MadeQuestion("pair", text, (piece.answer, other.answer))


def _about_file(
    file: CodeFile, doc: str, unit: CodeUnit, lines: list[str], draw: random.Random
) -> Iterator[MadeQuestion]:
    sentence = unit.doc
    if not _is_sentence(sentence) or not doc:
        return
    for number in range(min(unit.last_line, 40)):
        if lines[number].strip().startswith(("import ", "from ", "package ", "use ", "#include")):
            break
        lines[number] = _thinned(lines[number], draw)
    forms = ("{doc}", "{doc}", "how are {doc} organised", "the part for {doc}")
    text = draw.choice(forms).format(doc=_spoken(sentence))
    yield MadeQuestion("file", text, ((file.path, 1, 1_000_000),))


def _about_comment(file: CodeFile, unit: CodeUnit, lines: list[str], draw: random.Random) -> Iterator[MadeQuestion]:
    """A question out of a comment inside of a function."""
    for number in range(unit.first_line + 2, unit.last_line):
        match = _COMMENT.match(lines[number - 1])
        if match and _is_sentence(match[1]) and "code" not in match[1].lower():
            lines[number - 1] = _thinned(lines[number - 1], draw)
            yield MadeQuestion("comment", _spoken(match[1]), ((file.path, unit.first_line, unit.last_line),))
            return


def _about_symbols(file: CodeFile, draw: random.Random) -> Iterator[MadeQuestion]:
    for symbol in file.symbols:
        # Classes and types are asked for far more often than their number says, constants less.
        kind = "class" if symbol.kind in CLASSES or symbol.kind == "type" else "symbol"
        chance = 0.5 if kind == "class" else 0.12 if symbol.kind == "function" else 0.03
        if len(symbol.last_name) < 4 or symbol.last_name.startswith("__") or draw.random() > chance:
            continue
        text = draw.choice(_SYMBOLS).format(name=symbol.last_name, whole=".".join(symbol.name.split(".")[-2:]))
        if draw.random() < 0.25:
            words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", symbol.last_name)
            text = " ".join([*words, *_WORD.findall(Path(file.path).stem)[:1]]).lower() or text
        yield MadeQuestion(kind, text, ((file.path, symbol.first_line, symbol.last_line),))


def _thin_documentation(file: CodeFile, unit: CodeUnit, lines: list[str], draw: random.Random) -> None:
    """Take words out of a unit's documentation: the comment above it, and a docstring."""
    head = next(
        (symbol.first_line for symbol in file.symbols if unit.first_line <= symbol.first_line <= unit.last_line),
        unit.first_line,
    )
    for number in range(unit.first_line, head):
        lines[number - 1] = _thinned(lines[number - 1], draw)
    if file.language != "python":
        return
    inside = False
    for number in range(head, min(unit.last_line, head + 80) + 1):
        line = lines[number - 1]
        marks = len(_QUOTES.findall(line))
        if marks or inside:
            lines[number - 1] = _thinned(line, draw)
        if marks:
            inside ^= marks == 1
            if not inside:
                return
