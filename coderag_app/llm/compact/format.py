"""The prompt format of the bundled SQL model."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from llama_index.core.prompts import BasePromptTemplate

from coderag_app.errors import ConfigurationError
from coderag_app.llm.compact.amounts import Amount, find_amount
from coderag_app.llm.compact.compact_grammar import compact_grammar
from coderag_app.llm.compact.decode import NO_ANSWER, CannotDecodeError, decode_sql
from coderag_app.llm.compact.encode import CannotEncodeError, encode_sql
from coderag_app.llm.compact.markers import tight
from coderag_app.llm.compact.question import MarkedQuestion, mark_question
from coderag_app.llm.compact.question_periods import find_periods
from coderag_app.llm.compact.rewordings import reword
from coderag_app.llm.compact.schema_names import MAX_COLUMNS, MAX_TABLES, SchemaNames, schema_text
from coderag_app.llm.prompts import Prompt, PromptRequest, fitting, schema_of_nearest
from coderag_app.question.mentions import Mentions, Name
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.extraction import NoSQLError
from coderag_app.types import RetrievedExample

END, SQL = "</s>", "<sql>"
_RETRY_TEMPERATURE = 0.6
_RELUCTANCE_TO_ABSTAIN = 1.0  # "none" competes with two first words of a query, "select" and "from"
_NEVER_FITS = 1_000_000


class CompactFormat:
    """Schema, examples and question in the compact language; the grammar holds the reply to the schema.

    Examples enter the prompt only if the target schema has what they name: a model of a few million parameters
    learns from a solved question of the same database, and is misled by names of another.
    """

    name = "compact-v5"
    reply_tokens = 128
    samples = 4
    reads_english_alone = True
    prompts: Mapping[str, BasePromptTemplate] = MappingProxyType({})

    def with_prompts(self, prompts: Mapping[str, BasePromptTemplate]) -> CompactFormat:
        """The format itself: the model reads no instructions.

        Raises:
            ConfigurationError: A prompt is given.
        """
        if prompts:
            raise ConfigurationError(
                f"The prompts {', '.join(prompts)} can't be used: the bundled model reads a language of its own and no "
                "instructions. Take an instruction-tuned model (--llm)."
            )
        return self

    def build(self, request: PromptRequest) -> Prompt:
        """The prompt. The model reads no errors, so a repair changes the decoding instead.

        First the most likely reply, free of the grammar (unless the request wants it held): where it is a query over
        the schema, the grammar would have given the same one, 3 to 4 times as slowly. Then the most likely reply that
        the grammar allows, then a sample.
        """
        schema = request.schema or schema_of_nearest(request.examples)
        asked = reword(request.question.text, schema, request.values)
        names = _names(schema, request.variant, find_amount(asked.question, schema))
        marked = mark_question(asked.question, names, request.values, find_periods(asked.question, schema))
        schema_part = schema_text(names, request.values)
        examples = [text for e in request.examples if (text := _example(e, names, request.values))]
        request.check_size(tight(f"{schema_part}{marked.text}{SQL}"), tight(schema_part), _tokens)
        taken = request.size(schema_part, _tokens) + request.size(marked.text, _tokens)
        examples = fitting(examples, request.budget_tokens - taken, lambda text: request.size(text, _tokens))

        def read_sql(reply: str) -> str:
            try:
                sql = decode_sql(reply, names, marked.literals, request.values, marked, request.without_repairs)
                return asked.finish(sql, schema.dialect) if sql else sql
            except CannotDecodeError as error:
                raise NoSQLError(f"The model's reply is not a query over this schema: {error}") from error

        grammar = compact_grammar(names, len(marked.literals)) if request.held else None
        text = "".join((schema_part, *reversed(examples), marked.text, SQL))  # the nearest example stands nearest
        return Prompt(
            text=tight(text),
            read_sql=read_sql,
            stop=(END,),
            raw=True,
            grammar=grammar,
            temperature=_RETRY_TEMPERATURE if len(request.failed) > 1 else 0.0,
            reluctance={f" {NO_ANSWER}": _RELUCTANCE_TO_ABSTAIN},
            context=request.variant,
            is_repaired=True,
            mentions=Mentions(tuple(literal.spellings for literal in marked.literals), _named(marked, names)),
        )

    def schema_size(self, schema: Schema) -> int:
        """Tokens of the schema's text; the values of its categories are not counted.

        A schema with more tables or columns than the model has ids for counts as too long for any prompt.
        """
        columns = sum(len(table.columns) for table in schema.tables)
        if len(schema.tables) > MAX_TABLES or columns > MAX_COLUMNS:
            return _NEVER_FITS
        return _tokens(schema_text(_names(schema), ValueIndex()))


def _tokens(text: str) -> int:
    """Upper estimate: words, marks and ids are nearly one token each."""
    return int(1.4 * len(text.split()))


@lru_cache(maxsize=64)
def _names(schema: Schema, variant: int = 0, amount: Amount | None = None) -> SchemaNames:
    """The schema's names; a variant above 0 has the tables in another order, so that all ids are others."""
    if not variant:
        return SchemaNames(schema, amount)
    tables = list(schema.tables)
    random.Random(variant).shuffle(tables)
    return SchemaNames(replace(schema, tables=tuple(tables)), amount)


def _named(marked: MarkedQuestion, names: SchemaNames) -> tuple[frozenset[Name], ...]:
    """The tables and columns that the question names."""
    of_id = names.column_by_id | {item_id: (table, "") for item_id, table in names.table_by_id.items()}
    if names.amount is not None:
        of_id[names.column_ids[names.amount.place]] = names.amount.factors[0]
    return tuple(frozenset(of_id[item_id] for item_id in group) for group in marked.named)


def _example(retrieved: RetrievedExample, names: SchemaNames, values: ValueIndex) -> str:
    """A retrieved example as the model saw them in training, or nothing where the schema lacks its names."""
    marked = mark_question(retrieved.example.question, names, values)
    try:
        return f"{marked.text}{encode_sql(retrieved.example.sql, names, marked.literals)}{END}"
    except CannotEncodeError:
        return ""
