"""The text of a file of verified examples: SQL with a comment of known form above each statement. Pure.

A file is a list of blocks that are kept letter by letter; a change touches its own block alone, so that what people
wrote by hand stays.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from coderag_app.errors import TeachingError
from coderag_app.examples.verified_example import VerifiedExample, verified_id_of
from coderag_app.sql.lines import clause_lines
from coderag_app.sql.parsing import tokenize

_QUESTION = re.compile(r"^--[ \t]*question:[ \t]*", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(r"--[ \t]*(id|added|schema)[ \t]*:[ \t]*(\S*)[ \t]*", re.IGNORECASE)
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
_ID = re.compile(r"[0-9a-f]{12}")
MAX_VERIFIED = 20_000
MAX_QUESTION_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class VerifiedBlock:
    """The lines of one pair, and the pair they hold."""

    text: str
    pair: VerifiedExample


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """What a file holds: the lines before the first pair, and the blocks."""

    preamble: str
    blocks: tuple[VerifiedBlock, ...]

    @property
    def text(self) -> str:
        """The file's text, with one empty line between two blocks and one line break at the end."""
        parts = [self.preamble, *(block.text for block in self.blocks)]
        return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def new_preamble(db_id: str) -> str:
    """The first lines of a new file."""
    name = " ".join(db_id.split())
    return (
        f'-- Verified questions about the database "{name}", each with the SQL that answers it.\n'
        "-- Edit it freely: above each statement stands its question; the lines id, added and schema may be left out."
    )


def read_verified_file(text: str, name: str, dialect: str, day: date) -> VerifiedFile:
    """Read the text of a file.

    Args:
        text: The file's text.
        name: The file's name, for messages.
        dialect: sqlglot's name of the SQL.
        day: The day for pairs that have none.

    Raises:
        TeachingError: A pair has no question, no SQL or more than one statement; the message names the line.
    """
    if conflict := _CONFLICT.search(text):
        raise _broken(name, text, conflict.start(), "is the mark of an unfinished merge", "resolve it and try again")
    starts = [match.start() for match in _QUESTION.finditer(text)]
    if not starts and any(line.strip() and not line.startswith("--") for line in text.splitlines()):
        raise _broken(name, text, 0, "has no question above its SQL", "write a line such as: -- question: How many?")
    if len(starts) > MAX_VERIFIED:
        raise _broken(
            name, text, starts[MAX_VERIFIED], f"begins pair {MAX_VERIFIED + 1:,}", f"keep at most {MAX_VERIFIED:,}"
        )
    blocks: list[VerifiedBlock] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=False):  # an emptied file has no start, only an end
        blocks.append(_read_block(text, start, end, name, dialect, day))
    seen: set[str] = set()
    copies: Counter[str] = Counter()
    for position, block in enumerate(blocks):
        if block.pair.verified_id in seen:  # a block that was copied by hand: the second one gets an id of its own
            blocks[position] = VerifiedBlock(block.text, _renamed(block.pair, seen, copies))
        seen.add(blocks[position].pair.verified_id)
    return VerifiedFile(text[: starts[0]] if starts else text, tuple(blocks))


def verified_text(pair: VerifiedExample, dialect: str) -> str:
    """The lines of a pair."""
    fields = [
        f"-- id: {pair.verified_id}",
        f"-- added: {pair.added.isoformat()}",
        f"-- schema: {pair.schema_fingerprint}",
    ]
    return "\n".join([f"-- question: {pair.question}", *fields, f"{clause_lines(pair.sql, dialect)};"])


def _read_block(text: str, start: int, end: int, name: str, dialect: str, day: date) -> VerifiedBlock:
    block = text[start:end]
    first, *lines = block.splitlines()
    question = " ".join(_QUESTION.sub("", first).split())
    if not question:
        raise _broken(name, text, start, "has an empty question", "write the question behind the colon")
    if len(question) > MAX_QUESTION_CHARS:
        raise _broken(
            name, text, start, f"has a question of {len(question):,} characters", f"use at most {MAX_QUESTION_CHARS:,}"
        )
    fields: dict[str, str] = {}
    rest: list[str] = []
    for line in lines:
        match = _FIELD.fullmatch(line.rstrip())
        if match is not None and not rest:
            fields[match[1].lower()] = match[2]
        elif rest or line.strip():
            rest.append(line)
    sql = _one_statement("\n".join(rest), name, text, start, dialect)
    verified_id = fields.get("id", "")
    if not _ID.fullmatch(verified_id):
        verified_id = verified_id_of(question, sql)
    return VerifiedBlock(
        block, VerifiedExample(question, sql, fields.get("schema", ""), _day(fields.get("added", ""), day), verified_id)
    )


def _one_statement(sql: str, name: str, text: str, start: int, dialect: str) -> str:
    """The SQL without comments around it and without its semicolon."""
    try:
        tokens = tokenize(sql, dialect)
    except SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise _broken(
            name, text, start, f"holds SQL that cannot be read ({reason})", "mend the SQL below it"
        ) from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise _broken(name, text, start, "has a question without SQL", "write one SELECT statement below it")
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise _broken(name, text, start, "has more than one statement", "put a question above each statement")
    return sql[tokens[0].start : tokens[-1].end + 1]


def _broken(name: str, text: str, position: int, problem: str, remedy: str) -> TeachingError:
    line = text.count("\n", 0, position) + 1
    return TeachingError(f"{name}, line {line} {problem}: {remedy}. Nothing was changed.")


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _renamed(pair: VerifiedExample, seen: set[str], copies: Counter[str]) -> VerifiedExample:
    """The pair under an id that nobody has; ``copies`` counts the tries, so that a thousand copies stay quick."""
    verified_id = pair.verified_id
    while verified_id in seen:
        copies[pair.verified_id] += 1
        verified_id = verified_id_of(pair.question, f"{pair.sql}\x1f{copies[pair.verified_id]}")
    return VerifiedExample(pair.question, pair.sql, pair.schema_fingerprint, pair.added, verified_id)
