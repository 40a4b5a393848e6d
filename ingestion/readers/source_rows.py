"""What every reader yields: a row with its example, or with the reason it was rejected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from coderag_app.sql.lenient_reading import SQLKind, read_sql
from coderag_app.types import Origin, SQLExample


class Rejection(StrEnum):
    """Why a row is not used; the values are what users read."""

    MALFORMED = "malformed row"
    BROKEN_UTF8 = "broken UTF-8"
    MISSING_QUESTION = "missing question"
    MISSING_SQL = "missing SQL"
    MISSING_CONTEXT = "missing database context"
    TOO_LONG = "too long"
    UNPARSABLE_SQL = "SQL does not parse"
    NOT_A_QUERY = "SQL is not a query"
    DOES_NOT_FIT = "SQL does not fit the database"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an input: an example, or the reason why there is none.

    Attributes:
        line: Line of a text file on which the row begins, else the row's number; both count from 1.
        source: File or data set.
        example: The example; None for a rejected row.
        rejection: Why it was rejected.
        detail: What exactly was found, for people to read.
    """

    line: int
    source: str
    example: SQLExample | None = None
    rejection: Rejection | None = None
    detail: str = ""


class Reader(Protocol):
    """An input that can be read once or more, row by row, in flat memory."""

    @property
    def label(self) -> str:
        """What a person calls the input."""
        ...

    def total_rows(self) -> int | None:
        """How many rows there are, without parsing them, or None; it may be a little off."""
        ...

    def __iter__(self) -> Iterator[Row]:
        """Every row in order."""
        ...


@dataclass(frozen=True, slots=True)
class RowLimits:
    """Longest texts, in characters; a longer one is no example but an accident."""

    max_question_chars: int = 4_000
    max_sql_chars: int = 20_000
    max_context_chars: int = 1_000_000


@dataclass(frozen=True, slots=True)
class RawFields:
    """The columns of a row that matter, as they were read."""

    question: Any
    sql: Any
    context: Any
    db_id: Any = ""
    origin: Any = Origin.VERIFIED.value


def example_row(
    source: str,
    line: int,
    fields: RawFields,
    dialect: str = "",
    limits: RowLimits = RowLimits(),  # noqa: B008
) -> Row:
    """Check the fields and make the example.

    A context that does not parse is kept: it is shown to an LLM as it is, and the embed view does without it.

    Args:
        source: File or data set.
        line: Where in it.
        fields: The raw columns.
        dialect: sqlglot dialect the SQL must parse in; empty accepts any of the common ones.
        limits: Longest texts.
    """
    texts = {
        Rejection.MISSING_QUESTION: (fields.question, limits.max_question_chars),
        Rejection.MISSING_SQL: (fields.sql, limits.max_sql_chars),
        Rejection.MISSING_CONTEXT: (fields.context, limits.max_context_chars),
    }
    for missing, (text, longest) in texts.items():
        name = missing.removeprefix("missing ")
        if not isinstance(text, str) or not text.strip():
            found = "an empty text" if isinstance(text, str) else f"{type(text).__name__}"
            return Row(line, source, rejection=missing, detail=f"{name} is {found}")
        if not is_clean_text(text):
            return Row(line, source, rejection=Rejection.BROKEN_UTF8, detail=f"in {name}")
        if len(text) > longest:
            return Row(
                line,
                source,
                rejection=Rejection.TOO_LONG,
                detail=f"{name} has {len(text)} characters, at most {longest} expected",
            )
    sql = fields.sql.strip()
    reading = read_sql(sql, dialect)
    if reading.kind is SQLKind.UNREADABLE:
        return Row(line, source, rejection=Rejection.UNPARSABLE_SQL, detail=reading.detail)
    if reading.kind is SQLKind.NOT_A_QUERY:
        return Row(line, source, rejection=Rejection.NOT_A_QUERY, detail=reading.detail)
    example = SQLExample(
        question=fields.question.strip(),
        sql=sql,
        context=fields.context.strip(),
        db_id=fields.db_id.strip() if isinstance(fields.db_id, str) and is_clean_text(fields.db_id) else "",
        origin=Origin.SYNTHETIC if fields.origin == Origin.SYNTHETIC.value else Origin.VERIFIED,
        source=f"{source}:{line}",
    )
    return Row(line, source, example=example)


def is_clean_text(text: str) -> bool:
    """Whether the text can be written as UTF-8: no half of a surrogate pair, no byte that did not decode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
