"""Arms: named ways of choosing the examples for a question."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coderag_app.errors import ConfigurationError, ModelError
from coderag_app.index.synthesis import drawn_to_questions
from coderag_app.schema.tables import Schema
from coderag_app.types import Origin, RetrievedExample
from finetune.evaluation.datasets import EvalQuestion
from finetune.evaluation.example_pool import ExamplePool, canonical_tokens, text_words
from finetune.evaluation.masking import mask_question
from finetune.evaluation.sql_form import read_form
from finetune.evaluation.vector_cache import VectorCache, unit_rows

if TYPE_CHECKING:
    from coderag_app.llm.llm_loading import LoadedEncoder

ARM_NAMES = ("none", "random", "bm25", "base", "tuned", "masked", "oracle")
ARM_TITLES = {
    "none": "no retrieval",
    "random": "random examples",
    "bm25": "BM25",
    "base": "base encoder (all-MiniLM-L6-v2)",
    "tuned": "tuned encoder",
    "masked": "tuned encoder, masked questions, SQL-skeleton re-ranking",
    "oracle": "oracle (nearest to the gold SQL)",
}
ARM_LABELS = {name: name for name in ARM_NAMES} | {"none": "no retrieval", "bm25": "BM25"}
SKELETON_THRESHOLD = 0.85
_CANONICAL_WEIGHT = 0.01


@dataclass(frozen=True)
class QuestionContext:
    """What an arm may know about a question besides its text, without its gold.

    Attributes:
        schema: The schema of its database.
        values: Stored values that the question mentions.
        preliminary_sql: What the model answers without examples; only the arm ``masked`` uses it.
    """

    schema: Schema | None
    values: tuple[str, ...]
    preliminary_sql: Callable[[], str]


class Arm(Protocol):
    """A way of choosing examples."""

    @property
    def name(self) -> str:
        """One of ``ARM_NAMES``."""
        ...

    @property
    def fingerprint(self) -> str:
        """What it chooses by: the encoder's name and fingerprint, or nothing if the arm's name says it all."""
        ...

    def choose(
        self, question: EvalQuestion, context: QuestionContext, top_k: int, excluded: frozenset[str]
    ) -> tuple[RetrievedExample, ...]:
        """Choose up to ``top_k`` examples for a question, best first, without the excluded ids."""
        ...


class NoExamples:
    """Shows no example: the model by itself."""

    name = "none"
    fingerprint = ""

    def choose(
        self, question: EvalQuestion, context: QuestionContext, top_k: int, excluded: frozenset[str]
    ) -> tuple[RetrievedExample, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class ScoringArm:
    """Chooses the examples with the highest scores.

    Attributes:
        score: Question and its context -> one score per example of the pool, and None or one tier per example; a
            higher tier outranks any score.
    """

    name: str
    pool: ExamplePool
    score: Callable[[EvalQuestion, QuestionContext], tuple[NDArray[Any], NDArray[Any] | None]]
    fingerprint: str = ""

    def choose(
        self, question: EvalQuestion, context: QuestionContext, top_k: int, excluded: frozenset[str]
    ) -> tuple[RetrievedExample, ...]:
        """See ``Arm.choose``."""
        scores, tiers = self.score(question, context)
        return self.pool.best(scores, top_k, excluded, tiers)


def build_arms(
    names: Sequence[str],
    pool: ExamplePool,
    load_encoder: Callable[[str], LoadedEncoder],
    seed: int = 0,
    vectors: VectorCache | None = None,
) -> tuple[list[Arm], dict[str, str]]:
    """Build arms in the order of ``ARM_NAMES``.

    Args:
        names: Which arms.
        pool: What they choose from.
        load_encoder: ``base``, ``tuned`` or ``asking`` (what embeds the questions of ``tuned``, as the product does)
            -> the encoder; raises ModelError if it is missing.
        seed: Seed of the random examples.
        vectors: Caches the examples' vectors; None caches nothing.

    Returns:
        The arms, and the reason for each that can't be built here.

    Raises:
        ConfigurationError: A name is unknown, or examples are needed and there are none.
    """
    unknown = [name for name in names if name not in ARM_NAMES]
    if unknown or not names:
        raise ConfigurationError(
            f"Got the arms {', '.join(names) or '(none)'}; expected some of {', '.join(ARM_NAMES)}."
        )
    if not len(pool) and set(names) != {"none"}:
        raise ConfigurationError(
            "There are no examples to choose from; give --examples, or evaluate the arm none alone."
        )
    cache = vectors or VectorCache()
    builders: dict[str, Callable[[], Arm]] = {
        "none": NoExamples,
        "random": lambda: _random_arm(pool, seed),
        "bm25": lambda: _bm25_arm(pool),
        "base": lambda: _encoder_arm("base", pool, load_encoder("base"), cache),
        "tuned": lambda: _encoder_arm("tuned", pool, load_encoder("tuned"), cache, load_encoder("asking")),
        "masked": lambda: _masked_arm(pool, load_encoder("tuned"), cache),
        "oracle": lambda: _oracle_arm(pool),
    }
    arms: list[Arm] = []
    unavailable: dict[str, str] = {}
    for name in ARM_NAMES:
        if name in names:
            try:
                arms.append(builders[name]())
            except ModelError as error:
                unavailable[name] = str(error)
    return arms, unavailable


def _random_arm(pool: ExamplePool, seed: int) -> Arm:
    def score(question: EvalQuestion, context: QuestionContext) -> tuple[NDArray[Any], None]:
        # Seeded by the question too, so that a resumed run draws what an uninterrupted one would.
        return np.random.default_rng([seed, zlib.crc32(question.id.encode())]).random(len(pool)), None

    return ScoringArm("random", pool, score)


def _bm25_arm(pool: ExamplePool) -> Arm:
    index = pool.bm25

    def score(question: EvalQuestion, context: QuestionContext) -> tuple[NDArray[Any], None]:
        return index.get_scores(text_words(question.question)), None

    return ScoringArm("bm25", pool, score)


def _encoder_arm(
    name: str, pool: ExamplePool, encoder: LoadedEncoder, cache: VectorCache, asking: LoadedEncoder | None = None
) -> Arm:
    """Chooses like the product: by the question, which ``asking`` embeds, and each example's embed view."""
    vectors = _index_vectors(pool, encoder, cache)
    embed_model = (asking or encoder).embed_model

    def score(question: EvalQuestion, context: QuestionContext) -> tuple[NDArray[Any], None]:
        return vectors @ unit_rows([embed_model.get_query_embedding(question.question)])[0], None

    return ScoringArm(name, pool, score, f"{encoder.info.name} {encoder.info.fingerprint}")


def _index_vectors(pool: ExamplePool, encoder: LoadedEncoder, cache: VectorCache) -> NDArray[np.float32]:
    """Vectors of the examples as an index holds them, shape (len(pool), dimension)."""
    if pool.stored is not None and pool.stored.encoder == encoder.info.fingerprint:
        return pool.stored.vectors
    vectors = cache.embed(pool.views, encoder)
    made = [row for row, example in enumerate(pool.examples) if example.origin is Origin.SYNTHETIC]
    if made:
        questions = cache.embed([pool.examples[row].question for row in made], encoder)
        vectors[made] = drawn_to_questions(vectors[made], questions)
    return vectors


def _masked_arm(pool: ExamplePool, encoder: LoadedEncoder, cache: VectorCache) -> Arm:
    """Chooses like DAIL-SQL: similar masked questions, with SQL structured like a preliminary answer first."""
    vectors = cache.embed(pool.masked_questions, encoder)

    def score(question: EvalQuestion, context: QuestionContext) -> tuple[NDArray[Any], NDArray[Any]]:
        masked = mask_question(question.question, context.schema, context.values)
        scores = vectors @ unit_rows([encoder.embed_model.get_text_embedding(masked)])[0]
        form = read_form(context.preliminary_sql(), context.schema)
        similar = pool.skeletons.similarities(form.skeleton_tokens if form is not None else ())
        return scores, (similar >= SKELETON_THRESHOLD).astype(np.int8)

    return ScoringArm("masked", pool, score, f"{encoder.info.name} {encoder.info.fingerprint}")


def _oracle_arm(pool: ExamplePool) -> Arm:
    """Chooses by the gold: the nearest skeleton, then the nearest names and values. An upper bound, not a method."""

    def score(question: EvalQuestion, context: QuestionContext) -> tuple[NDArray[Any], None]:
        form = read_form(question.gold_sql, context.schema)
        skeletons = pool.skeletons.similarities(form.skeleton_tokens if form is not None else ())
        return skeletons + _CANONICAL_WEIGHT * pool.canonical.similarities(canonical_tokens(form)), None

    return ScoringArm("oracle", pool, score)
