"""Reads the functions and classes of a code repository with tree-sitter, and leaves out what is no training data."""

from __future__ import annotations

import subprocess
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from coderag_app.errors import ConfigurationError
from finetune.synthesis.code_snippets import CodeSnippet
from finetune.synthesis.corpus_filters import NearDuplicates, file_rejection, snippet_rejection
from ingestion.repository.languages import CodeLanguage, languages_by_extension
from ingestion.repository.syntax import Definition, functions_and_classes

_LARGEST_FILE_BYTES = 500_000


@dataclass
class Corpus:
    """What a repository gave: snippets in order of path and line, and how many were left out, by reason."""

    snippets: list[CodeSnippet] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)


def read_corpus(folder: Path, duplicates: NearDuplicates | None = None) -> Corpus:
    """The functions and classes of every file whose language is known.

    Args:
        folder: The repository's root; with a ``.git`` the commit is noted.
        duplicates: Shared between repositories to find duplicates across them.

    Raises:
        ConfigurationError: There is no such folder, or a grammar is not installed.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"Got {folder} as a corpus, expected the folder of a code repository")
    corpus, seen = Corpus(), duplicates or NearDuplicates()
    commit = _commit_of(folder)
    for path in sorted(folder.rglob("*")):
        language = languages_by_extension().get(path.suffix.lower())
        if language is None or path.is_symlink() or not path.is_file():
            continue
        inside = path.relative_to(folder).as_posix()
        text = _read(path)
        reason = "unreadable file" if text is None else file_rejection(inside, text)
        if text is None or reason:
            corpus.drops[reason] += 1
            continue
        # Functions first: a class that is little more than one of them is the duplicate then.
        found = functions_and_classes(text.encode(), language)
        for definition, kind in sorted(found, key=lambda item: item[1] != "function"):
            snippet = _snippet(definition, kind, text, language, folder.name, inside, commit)
            reason = snippet_rejection(snippet.code, language.comment)
            if not reason and seen.seen(snippet.code):
                reason = "near-duplicate"
            if reason:
                corpus.drops[reason] += 1
            else:
                corpus.snippets.append(snippet)
    return corpus


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _commit_of(folder: Path) -> str:
    try:
        told = subprocess.run(  # noqa: S603  # fixed words
            ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip() if told.returncode == 0 else ""


def _snippet(
    found: Definition, kind: str, text: str, language: CodeLanguage, repository: str, path: str, commit: str
) -> CodeSnippet:
    content = text.encode()
    start = content.rfind(b"\n", 0, found.start) + 1
    indent = content[start : found.start]
    first = start if not indent.strip() else found.start
    code = textwrap.dedent(content[first : found.end].decode()).rstrip()
    return CodeSnippet(code, language.name, found.name, kind, repository, path, found.first_line, commit)
