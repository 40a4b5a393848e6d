"""Read verified examples from JSONL, CSV, commented SQL, and query logs."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from coderag_app.errors import TeachingError
from coderag_app.sql.explanation import explain_sql
from coderag_app.sql.lenient_reading import SQLKind, read_sql
from coderag_app.sql.parsing import tokenize

MAX_FILE_MB = 100
_QUESTION_KEYS = ("question", "asked", "nl", "prompt")
_SQL_KEYS = ("sql", "query", "statement")
_ASKED = re.compile(r"^\s*--[ \t]*(?:question:)?[ \t]*(.+)$", re.IGNORECASE)
_FIELD = re.compile(r"(?:id|added|schema):", re.IGNORECASE)
# PostgreSQL: "... LOG:  statement: SELECT", "execute <unnamed>: SELECT"; MySQL's general log: "... 8 Query\tSELECT".
_LOGGED = re.compile(
    r"(?:(?:statement|execute [^:]*|duration:[^:]*(?:statement|execute [^:]*)): +|\bQuery[ \t]+)"
    r"(?P<sql>(?:SELECT|WITH)\b.*)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_ENTRY = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")  # both logs begin an entry with its timestamp


@dataclass(frozen=True, slots=True)
class TaughtRow:
    """A question with SQL, and the line of the file it begins on."""

    line: int
    question: str
    sql: str


def read_pair_file(path: Path, dialect: str) -> list[TaughtRow]:
    """The pairs of a file: JSONL or CSV with the columns question and sql, or SQL with a comment above each statement.

    What ``coderag ask --json`` printed is read too; failed answers are skipped.

    Raises:
        TeachingError: The file cannot be read, or holds no pair.
    """
    text = _text_of(path)
    readers = {".jsonl": _from_jsonl, ".json": _from_jsonl, ".csv": _from_csv, ".tsv": _from_csv}
    if path.suffix.lower() == ".sql":
        rows = [row for row in _from_sql(text, str(path), dialect) if row.question]
    elif path.suffix.lower() in readers:
        rows = list(readers[path.suffix.lower()](text, str(path)))
    else:
        raise TeachingError(f"{path} is of a kind that is not read; expected .jsonl, .csv, .tsv or .sql.")
    if not rows:
        raise TeachingError(f"{path} holds no pair; expected questions with their SQL.")
    return rows


def read_log(path: Path | None, dialect: str) -> list[TaughtRow]:
    """Read the distinct queries of a log, with their comment, else an explanation, as the question.

    Raises:
        TeachingError: The file cannot be read, or holds no query.
    """
    if path is None:
        return []
    text = _text_of(path)
    logged = list(_logged(text)) or [(row.line, row.question, row.sql) for row in _from_sql(text, str(path), dialect)]
    found: dict[str, TaughtRow] = {}
    for line, question, sql in logged:
        asked, bare = _without_comments(sql, dialect)
        if read_sql(bare, dialect).kind is SQLKind.QUERY:
            words = question or asked or explain_sql(bare, dialect)
            found.setdefault(" ".join(bare.split()), TaughtRow(line, words[:2_000], bare))
    if not found:
        raise TeachingError(f"{path} holds no query that can be read; expected a log with SELECT statements.")
    return list(found.values())


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_MB * 1_000_000:
            raise TeachingError(f"{path} has {path.stat().st_size} bytes; expected at most {MAX_FILE_MB} MB.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TeachingError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except OSError as error:
        raise TeachingError(f"{path} cannot be read: {error.strerror}.") from error


def _from_jsonl(text: str, name: str) -> Iterator[TaughtRow]:
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            fields = json.loads(row)
        except ValueError as error:
            raise TeachingError(f"{name}, line {line} is not JSON ({error}); expected one object a line.") from error
        if isinstance(fields, dict) and fields.get("status") not in ("failed", "abstained"):
            yield _row(line, fields, name)


def _from_csv(text: str, name: str) -> Iterator[TaughtRow]:
    delimiter = "\t" if name.lower().endswith(".tsv") else ","
    rows = csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter)
    for fields in rows:
        lowered = {(key or "").strip().lower(): value for key, value in fields.items()}
        yield _row(rows.line_num, lowered, name)


def _row(line: int, fields: dict[str, object], name: str) -> TaughtRow:
    question = next((fields[key] for key in _QUESTION_KEYS if fields.get(key)), None)
    sql = next((fields[key] for key in _SQL_KEYS if fields.get(key)), None)
    if not isinstance(question, str) or not isinstance(sql, str):
        has = ", ".join(sorted(str(key) for key in fields)) or "nothing"
        raise TeachingError(f"{name}, line {line} has {has}; expected question and sql.")
    return TaughtRow(line, " ".join(question.split()), sql.strip())


def _from_sql(text: str, name: str, dialect: str) -> Iterator[TaughtRow]:
    """The statements of a file, each with the comment lines above it as its question."""
    try:
        tokens = tokenize(text, dialect)
    except SqlglotError as error:
        raise TeachingError(f"{name} cannot be read as SQL: {str(error).splitlines()[0]}.") from error
    start = before = 0
    for position, token in enumerate(tokens):
        last = position == len(tokens) - 1
        if token.token_type != TokenType.SEMICOLON and not last:
            continue
        inside = [each for each in tokens[start : position + 1] if each.token_type != TokenType.SEMICOLON]
        if inside:
            question = _question_of(text[before : inside[0].start])
            line = text.count("\n", 0, inside[0].start) + 1
            yield TaughtRow(line, question, text[inside[0].start : inside[-1].end + 1])
        start, before = position + 1, token.end + 1


def _question_of(comments: str) -> str:
    said = [match[1].strip() for line in comments.splitlines() if (match := _ASKED.match(line))]
    return " ".join(line for line in said if not _FIELD.match(line))


def _logged(text: str) -> Iterator[tuple[int, str, str]]:
    """The queries of a server's log; the lines after an entry's first belong to it until the next one begins."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        match = _LOGGED.search(lines[number]) if not _PLAIN.match(lines[number]) else None
        number += 1
        if match is None:
            continue
        first, parts = number, [match["sql"]]
        while number < len(lines) and not _ENTRY.match(lines[number]) and lines[number][:1] in ("\t", " "):
            parts.append(lines[number])
            number += 1
        yield first, "", "\n".join(parts).strip().rstrip(";")


def _without_comments(sql: str, dialect: str) -> tuple[str, str]:
    """The text of the comments in a query, and the query without them."""
    try:
        tokens = tokenize(sql, dialect)
    except SqlglotError:
        return "", sql
    comments = " ".join(comment.strip() for token in tokens for comment in token.comments)
    if not comments or not tokens:
        return "", sql
    parts: list[str] = []
    end = tokens[0].start
    for token in tokens:
        gap = sql[end : token.start]
        parts += [gap if not gap.strip() else " ", sql[token.start : token.end + 1]]
        end = token.end + 1
    return comments, "".join(parts)
