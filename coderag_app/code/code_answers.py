"""Answers "where" questions: the lines with what they say, two more places, who calls it; or that it is not here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from coderag_app.code.code_index import CodeIndex
from coderag_app.code.code_search import CodeHit, CodeSearcher
from coderag_app.code.presence import NOT_HERE
from coderag_app.code.references import CallSite, find_callers
from coderag_app.errors import CodeRAGError, FileRefusedError, IngestionError
from coderag_app.files import read_bytes, refusals_as

_LARGEST_FILE = 2_000_000
_MORE = 2
MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """Where something is.

    Attributes:
        here: Whether the repository answers the question, as far as its words show.
        probability: That it does, 0 to 1.
        best: The best hit, also if it is probably none; None if no word of the question is known.
        more: Two further hits.
        lines: The text of the best hit; empty if its file was changed or is gone.
        callers: Who calls the best hit's symbol.
    """

    question: str
    here: bool
    probability: float
    best: CodeHit | None
    more: tuple[CodeHit, ...]
    lines: str
    callers: tuple[CallSite, ...]


def answer_code_question(searcher: CodeSearcher, question: str, language: str = "", path: str = "") -> CodeAnswer:
    """Answer a question on where something is; the arguments are those of ``CodeSearcher.search``."""
    hits, probability = searcher.search_with_presence(question, 1 + _MORE, language, path)
    if not hits:
        return CodeAnswer(question, False, 0.0, None, (), "", ())
    best = hits[0]
    try:
        lines = read_lines(searcher.index, best.path, best.first_line, best.last_line)
    except CodeRAGError:
        lines = ""
    callers = find_callers(searcher.index, best.symbol) if best.symbol and best.kind == "function" else []
    return CodeAnswer(
        question, probability >= NOT_HERE, probability, best, tuple(hits[1:]), lines, tuple(callers)
    )  # fmt: skip


def read_lines(index: CodeIndex, path: str, first_line: int, last_line: int) -> str:
    """Lines of a file of the index, at most ``MOST_LINES``. No other file is read, whatever the path says.

    Raises:
        IngestionError: The file is not in the index, or was changed since.
    """
    found = next((file for file in index.files() if file.path == path), None)
    if found is None:
        raise IngestionError(f"{path[:200]} is not in the index of {index.root}.")
    with refusals_as(IngestionError, "Bring the index up to date: coderag code index"):
        content = read_bytes(index.root / path, _LARGEST_FILE, follow_links=False)
        if hashlib.sha256(content).hexdigest() != found.sha256:
            raise FileRefusedError(f"{path} was changed since it was indexed.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first_line = max(first_line, 1)
    return "\n".join(lines[first_line - 1 : min(last_line, first_line + MOST_LINES - 1)])
