"""Find and remove examples that give a question's answer away."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from coderag_app.examples.synthetic import SOURCE_PREFIX
from coderag_app.schema.tables import Schema
from coderag_app.types import SQLExample
from finetune.evaluation.datasets import EvalQuestion
from finetune.evaluation.example_pool import context_schema
from finetune.evaluation.sql_form import read_form

NEAR_THRESHOLD = 0.8
_WORD = re.compile(r"\w+")
_BATCH = 64


class LeakKind(StrEnum):
    """How an example gives a question away; the first that applies counts."""

    SAME_QUESTION = "the same question"
    SAME_SQL = "the same normalised SQL on the same database"
    NEAR_QUESTION = "nearly the same question"


@dataclass(frozen=True)
class Leaks:
    """The leaks between examples and questions.

    Attributes:
        by_question: Question id -> example id -> kind; questions without a leak are absent.
        examples: Number of examples looked at; ``questions``: number of questions.
    """

    by_question: Mapping[str, Mapping[str, LeakKind]]
    examples: int = 0
    questions: int = 0

    def of(self, question_id: str) -> frozenset[str]:
        """Ids of the examples that may not be shown for a question."""
        return frozenset(self.by_question.get(question_id, ()))

    def counts(self) -> dict[LeakKind, tuple[int, int]]:
        """For each kind, the number of questions with such a leak and the number of pairs."""
        found: dict[LeakKind, tuple[int, int]] = {}
        for kind in LeakKind:
            pairs = [sum(k is kind for k in leaks.values()) for leaks in self.by_question.values()]
            found[kind] = (sum(count > 0 for count in pairs), sum(pairs))
        return found


def find_leaks(
    questions: Sequence[EvalQuestion],
    examples: Sequence[SQLExample],
    schemas: Mapping[str, Schema],
    near_threshold: float = NEAR_THRESHOLD,
) -> Leaks:
    """Find every example that gives a question away.

    * The same question: equal after lowercasing and dropping punctuation, on any database.
    * The same SQL: equal after normalisation (``canonical_text``), on a database of the same name. An example without
      a database is compared with every question.
    * Nearly the same question: the words of both have a Jaccard similarity of at least ``near_threshold``, so
      that in ten words at most one differs. This catches paraphrases, and questions that differ in a value alone.

    Synthetic examples (``coderag ingest --synthesize``) are not leaks: no question was known when they were made, and a
    user's database has them too.

    Args:
        questions: The questions, with unique ids.
        examples: The examples to retrieve from.
        schemas: Schemas by ``EvalQuestion.database``.
        near_threshold: Similarity from which two questions count as nearly the same, above 0.
    """
    asked = [example for example in examples if not example.source.startswith(SOURCE_PREFIX)]
    found: dict[str, dict[str, LeakKind]] = defaultdict(dict)
    for question_id, example_id in _near_questions(questions, asked, near_threshold):
        found[question_id][example_id] = LeakKind.NEAR_QUESTION
    for question_id, example_id in _same_sql(questions, asked, schemas):
        found[question_id][example_id] = LeakKind.SAME_SQL
    for question_id, example_id in _same_questions(questions, asked):
        found[question_id][example_id] = LeakKind.SAME_QUESTION
    return Leaks(dict(found), len(examples), len(questions))


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _same_questions(questions: Iterable[EvalQuestion], examples: Iterable[SQLExample]) -> Iterator[tuple[str, str]]:
    ids: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for example in examples:
        ids[_words(example.question)].append(example.example_id)
    for question in questions:
        yield from ((question.id, example_id) for example_id in ids.get(_words(question.question), ()))


def _same_sql(
    questions: Iterable[EvalQuestion], examples: Iterable[SQLExample], schemas: Mapping[str, Schema]
) -> Iterator[tuple[str, str]]:
    ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for example in examples:
        schema = context_schema(example.context)
        ids[example.db_id, _normalised(example.sql, schema)].append(example.example_id)
    for question in questions:
        normalised = _normalised(question.gold_sql, schemas.get(question.database))
        for db_id in dict.fromkeys((question.db_id, "")):
            yield from ((question.id, example_id) for example_id in ids.get((db_id, normalised), ()))


def _normalised(sql: str, schema: Schema | None) -> str:
    form = read_form(sql, schema)
    return form.canonical if form is not None else " ".join(sql.casefold().split())


def _near_questions(
    questions: Sequence[EvalQuestion], examples: Sequence[SQLExample], threshold: float
) -> Iterator[tuple[str, str]]:
    """Pairs above the threshold; word sets are rows of a sparse matrix, so that overlaps are one product a batch."""
    if not questions or not examples:
        return
    from scipy.sparse import csr_array

    question_sets, example_sets = ([frozenset(_words(row.question)) for row in rows] for rows in (questions, examples))
    columns = {word: i for i, word in enumerate(Counter(word for words in example_sets for word in words))}

    def matrix(sets: list[frozenset[str]]) -> csr_array:
        known = [[columns[word] for word in words if word in columns] for words in sets]
        ends = np.cumsum([0, *map(len, known)])
        places = np.array([column for row in known for column in row], dtype=np.int64)
        return csr_array((np.ones(len(places), np.float32), places, ends), shape=(len(sets), max(len(columns), 1)))

    example_matrix = matrix(example_sets).T.tocsr()
    sizes = np.array([len(words) for words in example_sets])
    ids = [example.example_id for example in examples]
    for start in range(0, len(questions), _BATCH):
        batch = question_sets[start : start + _BATCH]
        shared = (matrix(batch) @ example_matrix).tocoo()
        unions = np.array([len(words) for words in batch])[shared.row] + sizes[shared.col] - shared.data
        for i in np.flatnonzero(shared.data >= threshold * unions - 1e-6):
            yield questions[start + int(shared.row[i])].id, ids[int(shared.col[i])]
