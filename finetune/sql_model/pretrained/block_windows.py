"""Training windows of a pretrained model: one schema, then several independent chains of questions behind it.

Each chain reads the schema and itself; its positions go on from the schema, so it looks like a prompt of its own while
the schema is computed once. Earlier questions of a chain are what retrieved examples are in a prompt, so chains are
made of similar questions, of any questions (examples that mislead), or of one alone. Window ``number`` of a seed is
always the same, so a run goes on from a number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coderag_app.errors import ConfigurationError
from coderag_app.llm.joinless_text import ANSWER, END, QUESTION
from finetune.sql_model.packing import NO_LABEL, PADDING_CHAIN, PREFIX_CHAIN
from finetune.sql_model.pairs import jaccard
from finetune.sql_model.pretrained.asked_databases import TrainingRow

# Real questions of few schemas are remembered before they teach everything, so other sources get most of the draws.
SOURCE_WEIGHTS: Mapping[str, float] = {
    "spider": 0.20, "spider_disguised": 0.08, "spider_synonyms": 0.12, "spider_syn": 0.10,
    "spider_syn_disguised": 0.03, "imdb": 0.01, "ehrsql": 0.03, "wikisql": 0.11, "wikisql_disguised": 0.04,
    "wikisql_synonyms": 0.05, "groups": 0.04, "synthetic": 0.12, "synthetic_disguised": 0.03,
    "synthetic_synonyms": 0.04,
}  # fmt: skip
_MOST_CHAINS = 16
_EXAMPLE_COUNTS, _EXAMPLE_SHARES = (0, 1, 2, 3), (0.6, 0.16, 0.12, 0.12)
_SIMILAR_SHARE = 0.7  # of the chains with examples; the others mislead
_COMPARED = 60
_SCHEMA_SHARE = 0.6  # of a window that the schema may take


@dataclass(frozen=True)
class TokenizedRow:
    """A training row as token ids: a line for each table; question and answer of each pair; its tables and words."""

    tables: tuple[np.ndarray, ...]
    questions: tuple[np.ndarray, ...]
    answers: tuple[np.ndarray, ...]
    reads: tuple[frozenset[int], ...]
    words: tuple[frozenset[int], ...]


@dataclass(frozen=True)
class BlockWindow:
    """A window as arrays of shape (window tokens,), as ``packing.Batch`` has them; ``questions`` counts its pairs."""

    tokens: np.ndarray
    positions: np.ndarray
    chains: np.ndarray
    labels: np.ndarray
    questions: int

    @property
    def used_tokens(self) -> int:
        """Tokens that are not padding."""
        return int((self.chains != PADDING_CHAIN).sum())


def tokenized(rows: Iterable[TrainingRow], tokenizer: Any) -> dict[str, list[TokenizedRow]]:
    """The rows as token ids, by their source."""
    found: defaultdict[str, list[TokenizedRow]] = defaultdict(list)
    for row in rows:
        if row.pairs:
            found[row.source].append(_tokenized_row(row, tokenizer))
    return dict(found)


def _tokenized_row(row: TrainingRow, tokenizer: Any) -> TokenizedRow:
    texts = [f"{table}\n" for table in row.tables]
    texts += [f"{QUESTION}{pair.question}{ANSWER}" for pair in row.pairs]
    texts += [f" {pair.answer}{END}" for pair in row.pairs]
    ids = [np.array(each, dtype=np.int32) for each in tokenizer(texts, add_special_tokens=False)["input_ids"]]
    tables, pairs = len(row.tables), len(row.pairs)
    questions = tuple(ids[tables : tables + pairs])
    return TokenizedRow(
        tuple(ids[:tables]),
        questions,
        tuple(ids[tables + pairs :]),
        tuple(frozenset(pair.tables) for pair in row.pairs),
        tuple(frozenset(question.tolist()) for question in questions),
    )


class WindowSource:
    """Draws windows: a source by its weight, a row by its questions, some of its tables, chains of its questions.

    Args:
        rows: Tokenized rows by source.
        window_tokens: Length of a window.
        seed: Seed of the run.
        newline: Token ids of a line break, which stands between an example and the next question.

    Raises:
        ConfigurationError: There are no rows.
    """

    def __init__(
        self, rows: Mapping[str, Sequence[TokenizedRow]], window_tokens: int, seed: int, newline: Sequence[int]
    ) -> None:
        if not rows:
            raise ConfigurationError("Got no training rows, expected some. Gather the data again.")
        self.rows = {source: rows[source] for source in sorted(rows)}
        self.window_tokens = window_tokens
        self.seed = seed
        self.newline = np.array(newline, dtype=np.int32)
        weights = np.array([SOURCE_WEIGHTS.get(source, 0.05) for source in self.rows])
        self._source_shares = weights / weights.sum()
        # A database with four times the questions is drawn twice as often.
        sizes = {source: np.sqrt([len(row.questions) for row in group]) for source, group in self.rows.items()}
        self._row_shares = {source: size / size.sum() for source, size in sizes.items()}

    def window(self, number: int) -> BlockWindow:
        """The window of that number."""
        rng = np.random.default_rng([self.seed, number])
        while True:
            source = list(self.rows)[int(rng.choice(len(self.rows), p=self._source_shares))]
            group = self.rows[source]
            row = group[int(rng.choice(len(group), p=self._row_shares[source]))]
            drawn = self._draw(row, rng)
            if drawn.questions:
                return drawn

    def each_question_once(self) -> Iterator[BlockWindow]:
        """All questions without examples, a row after the other: what a model is scored by."""
        for group in self.rows.values():
            for number, row in enumerate(group):
                left = list(range(len(row.questions)))
                while left:
                    rng = np.random.default_rng([number, len(left)])
                    tables = self._tables(row, left[:_MOST_CHAINS], rng)
                    chains = self._fitting(row, tables, [[pair] for pair in left[:_MOST_CHAINS]])
                    used = {pair for chain in chains for pair in chain} or {left[0]}
                    left = [pair for pair in left if pair not in used]
                    if chains:
                        yield self._written(row, tables, chains)

    def _draw(self, row: TokenizedRow, rng: np.random.Generator) -> BlockWindow:
        order = [int(pair) for pair in rng.permutation(len(row.questions))[: 4 * _MOST_CHAINS]]
        tables = self._tables(row, order, rng)
        there = frozenset(tables)
        free = [pair for pair in order if row.reads[pair] <= there]
        chains: list[list[int]] = []
        while free and len(chains) < _MOST_CHAINS:
            last = free.pop(0)
            wanted = int(rng.choice(_EXAMPLE_COUNTS, p=_EXAMPLE_SHARES))
            others = list(free[:_COMPARED])
            if wanted and rng.random() < _SIMILAR_SHARE:
                others.sort(key=lambda pair: -jaccard(row.words[last], row.words[pair]))  # noqa: B023 - used at once
            examples = others[:wanted]
            free = [pair for pair in free if pair not in examples]
            chains.append([*reversed(examples), last])  # the most similar one stands nearest
        return self._written(row, tables, self._fitting(row, tables, chains))

    def _tables(self, row: TokenizedRow, pairs: Sequence[int], rng: np.random.Generator) -> list[int]:
        """The tables that the first pairs read and as many others as there is room for, in any order."""
        room = int(_SCHEMA_SHARE * self.window_tokens)
        chosen: list[int] = []
        wanted = [table for pair in pairs for table in sorted(row.reads[pair])]
        for table in dict.fromkeys([*wanted, *(int(number) for number in rng.permutation(len(row.tables)))]):
            if len(row.tables[table]) <= room:
                chosen.append(table)
                room -= len(row.tables[table])
        return [chosen[number] for number in rng.permutation(len(chosen))]

    def _fitting(self, row: TokenizedRow, tables: Sequence[int], chains: Sequence[Sequence[int]]) -> list[list[int]]:
        room = self.window_tokens - sum(len(row.tables[table]) for table in tables)
        there, kept = frozenset(tables), []
        for chain in chains:
            size = sum(len(row.questions[pair]) + len(row.answers[pair]) + len(self.newline) for pair in chain)
            if size <= room and all(row.reads[pair] <= there for pair in chain):
                kept.append(list(chain))
                room -= size
        return kept

    def _written(self, row: TokenizedRow, tables: Sequence[int], chains: Sequence[Sequence[int]]) -> BlockWindow:
        shape = self.window_tokens
        tokens, positions = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        numbers, labels = np.full(shape, PADDING_CHAIN, np.int64), np.full(shape, NO_LABEL, np.int64)
        schema = np.concatenate([row.tables[table] for table in tables]) if tables else np.zeros(0, np.int32)
        prefix = end = len(schema)
        tokens[:prefix], positions[:prefix], numbers[:prefix] = schema, np.arange(prefix), PREFIX_CHAIN
        for number, chain in enumerate(chains, start=1):
            start = end
            for place, pair in enumerate(chain):
                if place:
                    end = _put(tokens, self.newline, end)
                end = _put(tokens, row.questions[pair], end)
                answer = row.answers[pair]
                labels[end - 1 : end - 1 + len(answer)] = answer
                end = _put(tokens, answer, end)
            positions[start:end] = prefix + np.arange(end - start)
            numbers[start:end] = number
        return BlockWindow(tokens, positions, numbers, labels, sum(map(len, chains)))


def _put(tokens: np.ndarray, ids: np.ndarray, place: int) -> int:
    tokens[place : place + len(ids)] = ids
    return place + len(ids)
