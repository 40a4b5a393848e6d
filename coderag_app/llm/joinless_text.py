"""The text that models without joins read and write: the schema by its names, the marked question, the reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.llm.value_marks import ValueMarks, fill_marks, put_marks
from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.tables import Column, Schema, Table, quote_identifier
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.extraction import NoSQLError
from coderag_app.sql.join_completion import CannotCompleteError, complete_joins
from coderag_app.sql.joinless import without_joins, written
from coderag_app.sql.parsing import parse_one
from coderag_app.text.untrusted_text import in_one_line, without_special_tokens

END, NO_ANSWER = "<|im_end|>", "none"
QUESTION, ANSWER = "Q: ", "\nSQL:"
DIALECT = "sqlite"  # the model writes one dialect; what it reads is translated
_MOST_VALUE_CHARS = 24


def schema_lines(schema: Schema, values: ValueIndex) -> str:
    """The schema, a table a line: ``concert: concert_ID int key, Stadium_ID > stadium, Kind (pop|rock)``."""
    return "".join(f"{table_line(table, values)}\n" for table in schema.tables)


def table_line(table: Table, values: ValueIndex, notes: Mapping[str, str] | None = None) -> str:
    """One table of the schema's text, without the line's end.

    Args:
        table: The table.
        values: The stored values, of which categories show theirs.
        notes: What columns mean, by their names, for names that do not say it.
    """
    keys = [column.name for column in table.columns if column.primary_key]
    refers = {key.columns[0].lower(): key.ref_table for key in table.foreign_keys if len(key.columns) == 1}
    columns = (
        _column_text(column, keys, refers, table.name, values) + _note(column, notes or {}) for column in table.columns
    )
    return without_special_tokens(in_one_line(f"{quote_identifier(table.name, DIALECT)}: {', '.join(columns)}"))


def question_text(marks: ValueMarks) -> str:
    """A marked question, up to where its SQL begins."""
    return f"{QUESTION}{without_special_tokens(marks.text)}{ANSWER}"


def answer_text(sql: str, schema: Schema, joins: JoinGraph, marks: ValueMarks) -> str:
    """A gold query as the model writes it, with a space before it and its end behind it.

    Raises:
        SqlglotError: The text is not SQL.
    """
    return f" {written(put_marks(without_joins(sql, schema, joins), marks), DIALECT)}{END}"


def read_reply(reply: str, schema: Schema, marks: ValueMarks, values: ValueIndex) -> str:
    """The SQL of a reply in the schema's dialect; empty where the model says that there is no answer.

    Raises:
        NoSQLError: The reply is no query over this schema.
    """
    text = reply.split(END)[0].strip().rstrip(";")
    if text.lower() == NO_ANSWER:
        return ""
    try:
        tree: exp.Expr = parse_one(text, DIALECT)
        if not isinstance(tree, exp.Query):
            raise CannotDecodeError(f"got {text[:80]!r}, expected SELECT")
        tree = complete_joins(fill_marks(tree, marks, schema, values), schema, joins_of(schema))
    except (SqlglotError, CannotDecodeError, CannotCompleteError) as error:
        raise NoSQLError(f"The model's reply is not a query over this schema: {error}") from error
    return tree.sql(dialect=schema.dialect)


def _column_text(
    column: Column, keys: Sequence[str], refers: dict[str, str], table: str, values: ValueIndex
) -> str:  # fmt: skip
    parts = [quote_identifier(column.name, DIALECT)]
    kind = _kind(column)
    if column.name.lower() in refers:
        parts.append(f"> {quote_identifier(refers[column.name.lower()], DIALECT)}")
    elif kind:
        parts.append(kind)
    if keys == [column.name]:
        parts.append("key")
    stored = values.few_values(table, column.name) if column.name.lower() not in refers else ()
    if stored:
        parts.append(f"({'|'.join(value[:_MOST_VALUE_CHARS] for value in stored)})")
    elif column.profile.is_bit:
        parts.append("(0|1)")
    return " ".join(parts)


def _note(column: Column, notes: Mapping[str, str]) -> str:
    note = notes.get(column.name, "")
    return f" [{note}]" if note else ""


def _kind(column: Column) -> str:
    """What a column holds in one word; nothing for text."""
    if column.is_boolean:
        return "bool"
    if column.is_temporal:
        return "date"
    if column.is_numeric:
        return "int" if "INT" in column.type.upper() else "number"
    return ""


@lru_cache(maxsize=64)
def joins_of(schema: Schema) -> JoinGraph:
    """The keys of a schema, read once."""
    return JoinGraph(schema)
