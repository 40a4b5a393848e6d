"""Which tables a question needs, where a schema is too large to show whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from coderag_app.compact.joins import JoinGraph
from coderag_app.compact.names import identifier_words
from coderag_app.schema import Schema, Table
from coderag_app.value_index import ValueIndex

Embed = Callable[[Sequence[str]], np.ndarray]
_LEXICAL_WEIGHT = 1.0
_VALUE_SCORE = 1.0
_STOP_WORDS = frozenset(
    "a an and are by each for from has have how id in is list many name of on or show than that the their them to was "
    "what when where which who whose with".split()
)


def link_schema(
    schema: Schema,
    question: str,
    budget_tokens: int,
    size: Callable[[Schema], int],
    values: ValueIndex,
    embed: Embed | None = None,
) -> Schema:
    """Prune a schema to the tables a question needs; a schema that fits is returned whole.

    Tables are ranked by shared words, stored values that the question mentions, and embedding similarity; each of
    the best is taken with the tables that join it to those taken before, as long as the budget holds.

    Args:
        schema: The whole schema.
        question: The question.
        budget_tokens: Tokens that the schema may take in the prompt.
        size: Tokens that a schema takes, e.g. ``PromptFormat.schema_size``.
        values: The database's text values.
        embed: Texts to unit vectors, shape (texts, dimension); None ranks without embeddings.

    Returns:
        A schema of at least one table, in the order of the original.
    """
    if size(schema) <= budget_tokens:
        return schema
    ranked = rank_tables(schema, question, values, embed)
    graph = JoinGraph(schema)
    kept: list[str] = [ranked[0]]
    for table in ranked[1:]:
        steps = graph.connect([*kept, table])
        closure = [*kept, *(step.table for step in steps or () if step.table not in kept)] if steps else [*kept, table]
        if size(schema.keep(closure)) <= budget_tokens:
            kept = closure
    return schema.keep(kept)


def rank_tables(schema: Schema, question: str, values: ValueIndex, embed: Embed | None = None) -> list[str]:
    """Lowercase names of all tables, the likeliest to be needed first."""
    scores = np.array([_lexical_score(table, _words(question)) for table in schema.tables]) * _LEXICAL_WEIGHT
    mentioned = {value.table.lower() for match in values.find(question) for value in match.values}
    scores += [_VALUE_SCORE * (table.name.lower() in mentioned) for table in schema.tables]
    if embed is not None:
        texts = [_table_words(table) for table in schema.tables]
        scores += embed(texts) @ embed([question])[0]
    order = np.argsort(-scores, kind="stable")
    return [schema.tables[i].name.lower() for i in order]


def _lexical_score(table: Table, question: frozenset[str]) -> float:
    """Share of the table's name found in the question, plus the matching columns, each weighing less than the name."""
    name = _words(identifier_words(table.name))
    columns = [_words(identifier_words(column.name)) - name for column in table.columns]
    matching = sum(bool(words) and words <= question for words in columns)
    return len(name & question) / max(len(name), 1) + 0.5 * min(matching, 3)


def _table_words(table: Table) -> str:
    return f"{identifier_words(table.name)}: {', '.join(identifier_words(c.name) for c in table.columns)}"


def _words(text: str) -> frozenset[str]:
    """Content words without their plural ending."""
    words = re.findall(r"[^\W_]+", text.lower())
    return frozenset(_singular(word) for word in words if word not in _STOP_WORDS)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
