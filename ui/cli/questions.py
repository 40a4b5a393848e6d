"""The questions of a command: an argument, the lines of a file, or of standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from coderag_app.errors import CodeRAGError, ConfigurationError


def read_questions(arguments: list[str], file: Path | None) -> Iterator[str]:
    """The questions, read as they come, so that a pipe gets each answer at once. Empty lines are passed over.

    Args:
        arguments: What stands on the command line; one question at most.
        file: A file with a question a line (``-``: standard input), or JSONL with a ``question`` field.

    Raises:
        ConfigurationError: There is no question, or more than one source of them.
        CodeRAGError: The file cannot be read.
    """
    if arguments and file is not None:
        raise ConfigurationError("Got a question and --file, expected one of them.")
    if len(arguments) > 1:
        raise ConfigurationError(
            f"Got {len(arguments)} arguments, expected one question. Put it in quotes; for several use --file."
        )
    if arguments:
        return iter(arguments)
    if file is not None and str(file) != "-":
        return _file_questions(file)
    if file is None and sys.stdin.isatty():
        raise ConfigurationError('Got no question. Example: coderag ask --demo "How many stores are there?"')
    return _lines(sys.stdin, "standard input")


def _file_questions(path: Path) -> Iterator[str]:
    try:
        stream = path.open(encoding="utf-8-sig")
    except OSError as error:
        raise CodeRAGError(
            f"{path} cannot be read: {error.strerror}. Expected a file with a question a line."
        ) from error

    def questions() -> Iterator[str]:
        with stream:
            lines = _lines(stream, str(path))
            yield from (_json_question(line, path) for line in lines) if path.suffix == ".jsonl" else lines

    return questions()


def _lines(stream: Iterable[str], name: str) -> Iterator[str]:
    try:
        for line in stream:
            if line.strip():
                yield line.strip()
    except UnicodeDecodeError as error:
        raise CodeRAGError(f"{name} is not UTF-8 text ({error.reason}); expected a question a line.") from error
    except OSError as error:
        raise CodeRAGError(
            f"{name} cannot be read: {error.strerror}. Expected a file with a question a line."
        ) from error


def _json_question(line: str, path: Path) -> str:
    try:
        question = json.loads(line)["question"]
    except (ValueError, KeyError, TypeError):
        question = None
    if not isinstance(question, str):
        raise CodeRAGError(f'{path}: got the line {line[:80]!r}, expected JSON such as {{"question": "How many?"}}.')
    return question
