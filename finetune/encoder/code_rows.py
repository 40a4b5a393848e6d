"""Rows of Python functions and their descriptions, so that an encoder trained on SQL does not forget other code.

The description is the first sentence of a docstring, the positive the function without it; functions of the same
module stand together and are each other's negatives.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from finetune.encoder.training_rows import TEXT_TO_CODE, EncoderRow

_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n\s*\n")
_WORDS_WANTED = range(4, 30)
_LINES_WANTED = range(3, 31)
_MOST_PER_MODULE = 24
_PASSED_OVER = frozenset({"test", "tests", "idlelib", "site-packages", "dist-packages", "lib2to3", "turtledemo"})


def standard_library() -> Path:
    """The folder of the running Python's standard library: code under the PSF licence that is always there."""
    return Path(sysconfig.get_paths()["stdlib"])


def code_rows(count: int, seed: int = 0, folder: Path | None = None) -> list[EncoderRow]:
    """Up to ``count`` rows from the Python files under a folder.

    Args:
        count: Rows at most.
        seed: Chooses the modules.
        folder: Where to look; the standard library without it.
    """
    return [row for row, _ in islice(described_code_rows(folder or standard_library(), seed), count)]


def described_code_rows(root: Path, seed: int = 0) -> Iterator[tuple[EncoderRow, str]]:
    """Each row with the function as it is written, docstring and all; module by module, in an order by the seed."""
    paths = sorted(path for path in root.rglob("*.py") if not _PASSED_OVER & set(path.relative_to(root).parts))
    Random(seed).shuffle(paths)
    asked: set[str] = set()
    for path in paths:
        found = [pair for pair in _described_functions(path) if pair[0].lower() not in asked][:_MOST_PER_MODULE]
        asked.update(description.lower() for description, _, _ in found)
        pairs = [(description, code) for description, code, _ in found]
        rows = _rows_of_module(pairs, path.relative_to(root).as_posix())
        yield from zip(rows, (whole for _, _, whole in found), strict=True)


def _rows_of_module(pairs: list[tuple[str, str]], module: str) -> list[EncoderRow]:
    codes = [code for _, code in pairs]
    return [
        EncoderRow(
            description,
            code,
            tuple(other for other in (*codes[i + 1 :], *codes[:i]) if other != code)[:3],
            TEXT_TO_CODE,
            "code_description",
            f"python:{module}",
        )
        for i, (description, code) in enumerate(pairs)
    ]


def _described_functions(path: Path) -> Iterator[tuple[str, str, str]]:
    """(first sentence of the docstring, code without it, all code) of the functions worth a row; each sentence once."""
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError):
        return
    lines = source.splitlines()
    seen: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        docstring = ast.get_docstring(node)
        description = " ".join(_SENTENCE_END.split(docstring or "")[0].split())
        if len(description.split()) not in _WORDS_WANTED or description.lower() in seen:
            continue
        code = _without_docstring(node, lines)
        if len(code.splitlines()) in _LINES_WANTED:
            seen.add(description.lower())
            yield description, code, _dedented(lines[node.lineno - 1 : node.end_lineno])


def _without_docstring(node: ast.FunctionDef, lines: list[str]) -> str:
    docstring = node.body[0]
    return _dedented([*lines[node.lineno - 1 : docstring.lineno - 1], *lines[docstring.end_lineno : node.end_lineno]])


def _dedented(kept: list[str]) -> str:
    """The lines that are not empty, as far to the left as the first one allows."""
    indent = len(kept[0]) - len(kept[0].lstrip()) if kept else 0
    return "\n".join(line[indent:] for line in kept if line.strip())
