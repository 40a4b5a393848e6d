"""The prompt format of SQL models that write queries without joins: the schema by its names, examples, the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from llama_index.core.prompts import BasePromptTemplate
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import ConfigurationError
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.llm.prompts import Prompt, PromptRequest, fitting
from coderag_app.llm.value_marks import ValueMarks, fill_marks, mark_values, put_marks
from coderag_app.question.mentions import Mentions
from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.tables import Column, Schema, Table, quote_identifier
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.corpus_schema import corpus_schema
from coderag_app.sql.extraction import NoSQLError
from coderag_app.sql.join_completion import CannotCompleteError, complete_joins
from coderag_app.sql.joinless import without_joins, written
from coderag_app.sql.parsing import parse_one
from coderag_app.text.untrusted_text import in_one_line, without_special_tokens
from coderag_app.types import RetrievedExample

END, NO_ANSWER = "<|im_end|>", "none"
QUESTION, ANSWER = "Q: ", "\nSQL:"
_DIALECT = "sqlite"  # the model writes one dialect; what it reads is translated
_RETRY_TEMPERATURE = 0.6
_MOST_VALUE_CHARS = 24


class JoinlessFormat:
    """Schema, examples and question by their names; the reply leaves out FROM and joins, or is complete SQL."""

    name = "joinless-v1"
    reply_tokens = 160
    samples = 4
    prompts: Mapping[str, BasePromptTemplate] = MappingProxyType({})

    def with_prompts(self, prompts: Mapping[str, BasePromptTemplate]) -> JoinlessFormat:
        """The format itself: the model was trained on one form of prompt.

        Raises:
            ConfigurationError: A prompt is given.
        """
        if prompts:
            raise ConfigurationError(
                f"The prompts {', '.join(prompts)} can't be used: the model was trained on one form of prompt. Take an "
                "instruction-tuned model (--llm)."
            )
        return self

    def build(self, request: PromptRequest) -> Prompt:
        """The prompt; the schema comes first, so that all questions to one database begin alike.

        Raises:
            CodeRAGError: The question does not fit beside the schema.
        """
        schema = request.schema or _schema_of_nearest(request.examples)
        marks = mark_values(in_one_line(request.question.text), schema, request.values)
        schema_part = schema_lines(schema, request.values)
        asked = question_text(marks)
        examples = [text for e in request.examples if (text := _example(e, schema, request.values))]
        request.check_size(f"{schema_part}{asked}", schema_part, _tokens)
        taken = request.size(schema_part, _tokens) + request.size(asked, _tokens)
        examples = fitting(examples, request.budget_tokens - taken, lambda text: request.size(text, _tokens))

        def read(reply: str) -> str:
            return read_reply(reply, schema, marks, request.values)

        return Prompt(
            text="".join((schema_part, *reversed(examples), asked)),  # the nearest example stands nearest
            read_sql=read,
            stop=(END, "\n"),
            raw=True,
            temperature=_RETRY_TEMPERATURE if len(request.failed) > 1 else 0.0,
            mentions=Mentions(tuple(literal.spellings for literal in marks.literals)),
        )

    def schema_size(self, schema: Schema) -> int:
        """Tokens of the schema's text; the values of its categories are not counted."""
        return _tokens(schema_lines(schema, ValueIndex()))


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
    return without_special_tokens(in_one_line(f"{quote_identifier(table.name, _DIALECT)}: {', '.join(columns)}"))


def question_text(marks: ValueMarks) -> str:
    """A marked question, up to where its SQL begins."""
    return f"{QUESTION}{without_special_tokens(marks.text)}{ANSWER}"


def answer_text(sql: str, schema: Schema, joins: JoinGraph, marks: ValueMarks) -> str:
    """A gold query as the model writes it, with a space before it and its end behind it.

    Raises:
        SqlglotError: The text is not SQL.
    """
    return f" {written(put_marks(without_joins(sql, schema, joins), marks), _DIALECT)}{END}"


def read_reply(reply: str, schema: Schema, marks: ValueMarks, values: ValueIndex) -> str:
    """The SQL of a reply in the schema's dialect; empty where the model says that there is no answer.

    Raises:
        NoSQLError: The reply is no query over this schema.
    """
    text = reply.split(END)[0].strip().rstrip(";")
    if text.lower() == NO_ANSWER:
        return ""
    try:
        tree: exp.Expr = parse_one(text, _DIALECT)
        if not isinstance(tree, exp.Query):
            raise CannotDecodeError(f"got {text[:80]!r}, expected SELECT")
        tree = complete_joins(fill_marks(tree, marks, schema, values), schema, _joins(schema))
    except (SqlglotError, CannotDecodeError, CannotCompleteError) as error:
        raise NoSQLError(f"The model's reply is not a query over this schema: {error}") from error
    return tree.sql(dialect=schema.dialect)


def _column_text(
    column: Column, keys: Sequence[str], refers: dict[str, str], table: str, values: ValueIndex
) -> str:  # fmt: skip
    parts = [quote_identifier(column.name, _DIALECT)]
    kind = _kind(column)
    if column.name.lower() in refers:
        parts.append(f"> {quote_identifier(refers[column.name.lower()], _DIALECT)}")
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


def _example(retrieved: RetrievedExample, schema: Schema, values: ValueIndex) -> str:
    """A retrieved example as the model saw them in training, or nothing where the schema lacks its names."""
    marks = mark_values(in_one_line(retrieved.example.question), schema, values)
    try:
        tree = without_joins(retrieved.example.sql, schema, _joins(schema))
    except SqlglotError:
        return ""
    if any(schema.table(table.name) is None for table in tree.find_all(exp.Table)):
        return ""
    if not all(_is_known(column, schema, tree) for column in tree.find_all(exp.Column)):
        return ""
    return f"{question_text(marks)} {written(put_marks(tree, marks), _DIALECT)}{END}\n"


def _is_known(column: exp.Column, schema: Schema, tree: exp.Expr) -> bool:
    """Whether a column is one of the schema's, a counted table, or a name that the query itself gives."""
    aliases = {item.alias.lower() for item in tree.find_all(exp.Alias, exp.TableAlias)}
    if column.table:
        return schema.column(column.table, column.name) is not None or column.table.lower() in aliases
    return schema.table(column.name) is not None or column.name.lower() in aliases


def _schema_of_nearest(examples: tuple[RetrievedExample, ...]) -> Schema:
    """Corpus-only mode: the context of the most similar example is the schema, since a small model reads just one."""
    schema = corpus_schema(examples[:1])
    if schema is None:
        raise NoSQLError("No database was given and no example with a readable schema was found: nothing to query.")
    return schema


@lru_cache(maxsize=64)
def _joins(schema: Schema) -> JoinGraph:
    return JoinGraph(schema)


def _tokens(text: str) -> int:
    """Upper estimate: names and their parts take a token for every two and a half characters at most."""
    return len(text) * 2 // 5
