"""The file of one database's verified examples."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from coderag_app.errors import SQLRejectedError, TeachingError
from coderag_app.examples.verified_example import VerifiedExample, same_question, used_fingerprint, verified_id_of
from coderag_app.examples.verified_file import (
    MAX_QUESTION_CHARS,
    VerifiedBlock,
    VerifiedFile,
    new_preamble,
    read_verified_file,
    verified_text,
)
from coderag_app.files import exclusive_change, read_text, refusals_as, remove_leftovers, write_atomically
from coderag_app.schema.tables import Schema
from coderag_app.sql.guard import check_sql

MAX_FILE_MB = 20


class VerifiedStore:
    """Verified examples of one database, in ``folder/db_id.sql``: SQL with comments, to be read, edited and diffed.

    A lock serialises writers, and a file is replaced as a whole. A file that can't be read is never overwritten.
    """

    def __init__(self, folder: Path, db_id: str, dialect: str = "sqlite") -> None:
        self.folder = folder
        self.db_id = db_id
        self.dialect = dialect

    @property
    def path(self) -> Path:
        """The file; a name that can't be a file name is replaced by one with a hash."""
        safe = re.sub(r"[^\w.-]", "_", self.db_id).strip(".") or "database"
        if safe != self.db_id:
            safe = f"{safe[:60]}-{hashlib.sha256(self.db_id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        return self.folder / f"{safe}.sql"

    def all(self) -> tuple[VerifiedExample, ...]:
        """All pairs in the order of the file; none without one.

        Raises:
            TeachingError: The file cannot be read; the message names the line.
        """
        return tuple(block.pair for block in self._read().blocks)

    def get(self, verified_id: str) -> VerifiedExample:
        """The pair of that id, or of the only id with that prefix.

        Raises:
            TeachingError: There is none, or several.
        """
        found = [pair for pair in self.all() if verified_id and pair.verified_id.startswith(verified_id)]
        if len(found) != 1:
            count = f"{len(found)} pairs" if found else "no pair"
            raise TeachingError(f"{self.path} has {count} of the id {verified_id!r}: coderag teach --list shows them.")
        return found[0]

    def add(self, question: str, sql: str, schema: Schema) -> VerifiedExample:
        """Add a pair. A question that is there already gets the new SQL and keeps its id; a copy changes nothing.

        Args:
            question: The question.
            sql: Its SQL; it must pass the guard. ``VerifiedExamples.teach`` also runs it.
            schema: The database's schema.

        Raises:
            SQLRejectedError: The SQL may not run, or names what the schema does not have.
            TeachingError: The question is empty or too long, or the file cannot be read or written.
        """
        return self.add_all([(question, sql)], schema)[0]

    def add_all(self, taught: list[tuple[str, str]], schema: Schema) -> list[VerifiedExample]:
        """Add pairs of question and SQL with one write; all of them or, at an error, none. See ``add``."""
        fresh = [self._made(question, sql, schema) for question, sql in taught]
        kept: list[VerifiedExample] = []

        def change(file: VerifiedFile) -> VerifiedFile:
            blocks = list(file.blocks)
            for pair in fresh:
                kept.append(self._put(blocks, pair))
            return VerifiedFile(file.preamble or new_preamble(self.db_id), tuple(blocks))

        self._change(change)
        return kept

    def replace(self, verified_id: str, question: str, sql: str, schema: Schema) -> VerifiedExample:
        """Change a pair; its id stays.

        Raises:
            SQLRejectedError: The SQL may not run.
            TeachingError: There is no such pair, or another one has this question.
        """
        wanted = self.get(verified_id).verified_id
        changed = replace(self._made(question, sql, schema), verified_id=wanted)

        def change(file: VerifiedFile) -> VerifiedFile:
            for block in file.blocks:
                if block.pair.verified_id != wanted and same_question(block.pair.question, question):
                    raise TeachingError(
                        f"The pair {block.pair.verified_id} has this question already; edit or remove it."
                    )
            new = VerifiedBlock(verified_text(changed, self.dialect), changed)
            return VerifiedFile(file.preamble, tuple(new if b.pair.verified_id == wanted else b for b in file.blocks))

        self._change(change)
        return changed

    def remove(self, verified_id: str) -> VerifiedExample:
        """Remove a pair, with the comments in its block.

        Raises:
            TeachingError: There is no such pair.
        """
        gone = self.get(verified_id)
        self._change(
            lambda file: VerifiedFile(
                file.preamble, tuple(b for b in file.blocks if b.pair.verified_id != gone.verified_id)
            )
        )
        return gone

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the file does: time of its last change in nanoseconds, and its size; zeros without one."""
        try:
            status = self.path.stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_size

    def _made(self, question: str, sql: str, schema: Schema) -> VerifiedExample:
        question = " ".join(question.split())
        if not 0 < len(question) <= MAX_QUESTION_CHARS:
            raise TeachingError(f"The question has {len(question)} characters; expected 1 to {MAX_QUESTION_CHARS}.")
        checked = check_sql(sql, schema, self.dialect)
        if re.search(r"^\s*--", checked.sql, re.MULTILINE):
            raise SQLRejectedError("A text in the SQL has a line that begins with --; expected it on one line.")
        fingerprint = used_fingerprint(checked, schema)
        return VerifiedExample(question, checked.sql, fingerprint, date.today(), verified_id_of(question, checked.sql))

    def _put(self, blocks: list[VerifiedBlock], pair: VerifiedExample) -> VerifiedExample:
        """Add a pair to the blocks, or put it in the place of the one with its question."""
        for position, block in enumerate(blocks):
            if same_question(block.pair.question, pair.question):
                if (block.pair.sql, block.pair.schema_fingerprint) == (pair.sql, pair.schema_fingerprint):
                    return block.pair
                pair = replace(pair, verified_id=block.pair.verified_id)
                blocks[position] = VerifiedBlock(verified_text(pair, self.dialect), pair)
                return pair
        blocks.append(VerifiedBlock(verified_text(pair, self.dialect), pair))
        return pair

    def _read(self) -> VerifiedFile:
        remove_leftovers(self.folder)
        try:
            with refusals_as(TeachingError, "Nothing was changed."):
                text = read_text(self.path, MAX_FILE_MB * 1_000_000)
        except TeachingError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return VerifiedFile("", ())
            raise
        return read_verified_file(text.replace("\r\n", "\n"), str(self.path), self.dialect, self._day())

    def _day(self) -> date:
        """The day the file was last changed; today if the disk reports a day in the future."""
        try:
            return min(date.today(), datetime.fromtimestamp(self.path.stat().st_mtime).date())
        except (OSError, ValueError, OverflowError):
            return date.today()

    def _change(self, change: Callable[[VerifiedFile], VerifiedFile]) -> None:
        """Read, change and swap in the file while no other writer does."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        with exclusive_change(self.path, lock, TeachingError):
            before = self._read()
            after = change(before)
            if after != before:
                write_atomically(self.path.resolve(), after.text)
