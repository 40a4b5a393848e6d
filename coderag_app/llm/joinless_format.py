"""The prompt format of SQL models that write queries without joins: the schema by its names, examples, the question."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llama_index.core.prompts import BasePromptTemplate
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import ConfigurationError
from coderag_app.llm.joinless_grammar import joinless_grammar
from coderag_app.llm.joinless_text import DIALECT, END, joins_of, question_text, read_reply, schema_lines
from coderag_app.llm.prompts import Prompt, PromptRequest, fitting, schema_of_nearest
from coderag_app.llm.value_marks import mark_values, put_marks
from coderag_app.question.mentions import Mentions
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.joinless import without_joins, written
from coderag_app.text.untrusted_text import in_one_line
from coderag_app.types import RetrievedExample

_RETRY_TEMPERATURE = 0.6


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
        schema = request.schema or schema_of_nearest(request.examples)
        marks = mark_values(in_one_line(request.question.text), schema, request.values)
        schema_part = schema_lines(schema, request.values)
        asked = question_text(marks)
        examples = [text for e in request.examples if (text := _example(e, schema, request.values))]
        request.check_size(f"{schema_part}{asked}", schema_part, _tokens)
        taken = request.size(schema_part, _tokens) + request.size(asked, _tokens)
        examples = fitting(examples, request.budget_tokens - taken, lambda text: request.size(text, _tokens))

        grammar = joinless_grammar(schema, len(marks.literals), DIALECT) if request.held else None

        def read(reply: str) -> str:
            return read_reply(reply, schema, marks, request.values)

        return Prompt(
            text="".join((schema_part, *reversed(examples), asked)),  # the nearest example stands nearest
            read_sql=read,
            stop=(END, "\n"),
            raw=True,
            grammar=grammar,
            temperature=_RETRY_TEMPERATURE if len(request.failed) > 1 else 0.0,
            mentions=Mentions(tuple(literal.spellings for literal in marks.literals)),
        )

    def schema_size(self, schema: Schema) -> int:
        """Tokens of the schema's text; the values of its categories are not counted."""
        return _tokens(schema_lines(schema, ValueIndex()))


def _example(retrieved: RetrievedExample, schema: Schema, values: ValueIndex) -> str:
    """A retrieved example as the model saw them in training, or nothing where the schema lacks its names."""
    marks = mark_values(in_one_line(retrieved.example.question), schema, values)
    try:
        tree = without_joins(retrieved.example.sql, schema, joins_of(schema))
    except SqlglotError:
        return ""
    if any(schema.table(table.name) is None for table in tree.find_all(exp.Table)):
        return ""
    if not all(_is_known(column, schema, tree) for column in tree.find_all(exp.Column)):
        return ""
    return f"{question_text(marks)} {written(put_marks(tree, marks), DIALECT)}{END}\n"


def _is_known(column: exp.Column, schema: Schema, tree: exp.Expr) -> bool:
    """Whether a column is one of the schema's, a counted table, or a name that the query itself gives."""
    aliases = {item.alias.lower() for item in tree.find_all(exp.Alias, exp.TableAlias)}
    if column.table:
        return schema.column(column.table, column.name) is not None or column.table.lower() in aliases
    return schema.table(column.name) is not None or column.name.lower() in aliases


def _tokens(text: str) -> int:
    """Upper estimate: names and their parts take a token for every two and a half characters at most."""
    return len(text) * 2 // 5
