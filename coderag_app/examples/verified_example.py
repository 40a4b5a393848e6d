"""A verified example, what identifies it, and which part of the schema it depends on. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from coderag_app.errors import SQLRejectedError
from coderag_app.schema.tables import Schema
from coderag_app.sql.guard import CheckedSQL, check_sql
from coderag_app.types import Origin, SQLExample

SOURCE = "verified:"  # how an example's source begins that is one of the user's own pairs


@dataclass(frozen=True, slots=True)
class VerifiedExample:
    """A question and the SQL that a person has confirmed.

    Attributes:
        schema_fingerprint: Hash of the tables and columns that the SQL uses, as they were when it was added; empty
            for a pair that was written by hand.
        added: The day it was added or last changed.
        verified_id: Twelve hex digits, stable while the pair is corrected.
    """

    question: str
    sql: str
    schema_fingerprint: str
    added: date
    verified_id: str


def verified_id_of(question: str, sql: str) -> str:
    """The id of a new pair: a hash of its content."""
    return hashlib.sha256(f"{question}\x1f{sql}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def same_question(first: str, second: str) -> bool:
    """Whether two questions differ in case, blanks and the mark at their end alone."""
    return _plain(first) == _plain(second)


def _plain(question: str) -> str:
    return " ".join(question.split()).rstrip(" ?.!").casefold()


def used_fingerprint(checked: CheckedSQL, schema: Schema) -> str:
    """Hash (16 hex digits) of the tables and of the columns with their types that checked SQL uses."""
    parts = sorted(checked.tables)
    for place in sorted(checked.columns):
        table, _, name = place.partition(".")
        column = schema.column(table, name)
        parts.append(f"{place} {column.type.lower() if column is not None else ''}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def is_stale(pair: VerifiedExample, schema: Schema) -> bool:
    """Whether a table or column that the pair uses is gone, or has another type than it had."""
    try:
        checked = check_sql(pair.sql, schema, schema.dialect)
    except SQLRejectedError:
        return True
    return pair.schema_fingerprint not in ("", used_fingerprint(checked, schema))


def retrievable_example(pair: VerifiedExample, schema: Schema, db_id: str) -> SQLExample:
    """The pair as an example for retrieval, with the tables that it uses."""
    tables = check_sql(pair.sql, schema, schema.dialect).tables
    context = schema.keep(tables).to_ddl(samples=False)
    return SQLExample(pair.question, pair.sql, context, db_id, Origin.VERIFIED, f"{SOURCE}{pair.verified_id}")
