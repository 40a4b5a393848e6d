"""Choose the tables that a question needs when the schema is too large for the prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coderag_app.schema.joins import JoinGraph, JoinStep
from coderag_app.schema.name_words import identifier_words, singular
from coderag_app.schema.tables import Column, Schema, Table

if TYPE_CHECKING:
    from coderag_app.question.read_question import Question

Embed = Callable[[Sequence[str]], np.ndarray]
_VALUE_SCORE = 1.0
_MOST_REFUSED = 20  # the search for smaller tables ends after this many that don't fit
_STOP_WORDS = frozenset(
    "a an and are by each for from has have how id in is list many name of on or show than that the their them to was "
    "what when where which who whose with".split()
)


class SchemaLinker:
    """Prunes a schema to what a question needs.

    Args:
        schema: The whole schema.
        size: Counts a schema's tokens, e.g. ``PromptFormat.schema_size``.
        embed: Texts to unit vectors, shape (texts, dimension); None ranks without embeddings.
    """

    def __init__(self, schema: Schema, size: Callable[[Schema], int], embed: Embed | None) -> None:
        self.schema = schema
        self.size = size
        self.embed = embed

    def link(self, question: Question, budget_tokens: int) -> Schema:
        """Return the schema whole if it fits the budget, else the tables that the question needs, in schema order.

        Tables are ranked by shared words, stored values that the question mentions, and embedding similarity; each
        chosen table brings along the tables that join it to those chosen before. Of tables that differ in the module
        alone (``plant_job``, ``lab_job``) those of the module that the question names stay. A table that is too wide
        by itself keeps its likeliest columns.
        """
        if self._whole_size <= budget_tokens:
            return self.schema
        others = self._of_other_modules(question)
        ranked = [table for table in self.rank_tables(question) if table not in others]
        kept, refused = ranked[:1], 0
        for table in ranked[1:]:
            steps = self._graph.connect([*kept, table]) or [JoinStep(table, ())]
            closure = [*kept, *(step.table for step in steps if step.table not in kept)]
            if self.size(self.schema.keep(closure)) <= budget_tokens:
                kept = closure
            else:
                refused += 1
            if refused == _MOST_REFUSED:
                break
        linked = self.schema.keep(kept)
        while self.size(linked) > budget_tokens and len(linked.tables[0].columns) > 1:
            linked = _without_half(linked, _words(question.text))
        return linked

    def _of_other_modules(self, question: Question) -> set[str]:
        """The lowercase names of tables that have the noun, and not the module, of a table that the question names."""
        said = _words(question.text)
        by_noun: dict[tuple[str, ...], dict[str, bool]] = {}
        for table in self.schema.tables:
            words = tuple(map(singular, self.schema.words(table).split()))
            if len(words) > 1 and said.issuperset(words[1:]):
                by_noun.setdefault(words[1:], {})[table.name.lower()] = words[0] in said
        named = (tables for tables in by_noun.values() if any(tables.values()))
        return {name for tables in named for name, is_named in tables.items() if not is_named}

    def first_tables(self, budget_tokens: int) -> Schema:
        """Return the whole schema if it fits the budget, else as many first tables as fit; for linking switched off."""
        if self._whole_size <= budget_tokens:
            return self.schema
        kept: list[str] = []
        for table in self.schema.tables:
            longer = [*kept, table.name.lower()]
            if self.size(self.schema.keep(longer)) > budget_tokens:
                break
            kept = longer
        linked = self.schema.keep(kept or [self.schema.tables[0].name.lower()])
        while self.size(linked) > budget_tokens and len(linked.tables[0].columns) > 1:
            linked = _without_half(linked, frozenset())
        return linked

    def rank_tables(self, question: Question) -> list[str]:
        """Rank the lowercase names of all tables, the likeliest to be needed first."""
        words = _words(question.text)
        scores = np.array([_lexical_score(table, self.schema.words(table), words) for table in self.schema.tables])
        mentioned = {value.table.lower() for match in question.values for value in match.values}
        scores += [_VALUE_SCORE * (table.name.lower() in mentioned) for table in self.schema.tables]
        if self.embed is not None:
            scores += self._table_vectors @ self.embed([question.text])[0]
        return [self.schema.tables[i].name.lower() for i in np.argsort(-scores, kind="stable")]

    @cached_property
    def _whole_size(self) -> int:
        return self.size(self.schema)

    @cached_property
    def _graph(self) -> JoinGraph:
        return JoinGraph(self.schema)

    @cached_property
    def _table_vectors(self) -> np.ndarray:
        """Unit vectors of the tables, shape (tables, dimension): embedded once, not for every question."""
        return (
            self.embed([_table_words(self.schema, each) for each in self.schema.tables])
            if self.embed
            else np.empty((0, 0))
        )


def _without_half(schema: Schema, question: frozenset[str]) -> Schema:
    """The first table with the better half of its columns: keys, then those that share words with the question."""
    table = schema.tables[0]

    def merit(column: Column) -> tuple[bool, int]:
        return column.primary_key, len(_words(identifier_words(column.name)) & question)

    kept = sorted(table.columns, key=merit, reverse=True)[: max(len(table.columns) // 2, 1)]
    columns = tuple(column for column in table.columns if column in kept)
    return replace(schema, tables=(replace(table, columns=columns), *schema.tables[1:]))


def _lexical_score(table: Table, name_words: str, question: frozenset[str]) -> float:
    """Share of the table's name found in the question, plus the matching columns, each weighing less than the name."""
    name = _words(name_words)
    columns = [_words(identifier_words(column.name)) - name for column in table.columns]
    matching = sum(bool(words) and words <= question for words in columns)
    return len(name & question) / max(len(name), 1) + 0.5 * min(matching, 3)


def _table_words(schema: Schema, table: Table) -> str:
    return f"{schema.words(table)}: {', '.join(identifier_words(c.name) for c in table.columns)}"


def _words(text: str) -> frozenset[str]:
    """Content words in the singular."""
    words = re.findall(r"[^\W_]+", text.lower())
    return frozenset(singular(word) for word in words if word not in _STOP_WORDS)
