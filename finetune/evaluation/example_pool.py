"""The examples that every arm chooses from, with their features for comparing, computed on first use."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coderag_app.errors import ConfigurationError, DatabaseError
from coderag_app.index.embed_view import embed_view
from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.tables import Schema
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.types import RetrievedExample, SQLExample
from finetune.evaluation.masking import mask_question
from finetune.evaluation.sql_form import SQLForm, read_form, read_skeleton
from finetune.evaluation.token_bags import TokenBags

if TYPE_CHECKING:
    from rank_bm25 import BM25Okapi

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class StoredVectors:
    """Vectors that an index holds of its examples.

    Attributes:
        encoder: Fingerprint of the encoder that made them.
        vectors: One row per example, shape (examples, dimension), of length 1.
    """

    encoder: str
    vectors: NDArray[np.float32]


class ExamplePool:
    """Distinct examples in a fixed order; arrays of scores follow it."""

    def __init__(self, examples: Sequence[SQLExample], stored: StoredVectors | None = None) -> None:
        """Take the examples; ``stored`` are their vectors, if they come from an index."""
        by_id = {example.example_id: example for example in examples}
        self.examples: tuple[SQLExample, ...] = tuple(by_id.values())
        self.ids: tuple[str, ...] = tuple(by_id)
        self.stored = stored

    def __len__(self) -> int:
        return len(self.examples)

    @cached_property
    def item_of(self) -> dict[str, str]:
        """Example id -> id of the first example with the same SQL on the same database, which represents them all."""
        first: dict[tuple[str, str], str] = {}
        contents = ((example.db_id, " ".join(example.sql.casefold().split())) for example in self.examples)
        return {
            example_id: first.setdefault(content, example_id)
            for example_id, content in zip(self.ids, contents, strict=True)
        }

    @cached_property
    def views(self) -> tuple[str, ...]:
        """What an encoder reads of each example: the same text that an index embeds."""
        return tuple(embed_view(example.sql, example.context) for example in self.examples)

    @cached_property
    def forms(self) -> tuple[SQLForm | None, ...]:
        """Each example's SQL, taken apart."""
        return tuple(read_form(example.sql, context_schema(example.context)) for example in self.examples)

    @cached_property
    def skeletons(self) -> TokenBags:
        """Skeleton tokens of each example."""
        return TokenBags([form.skeleton_tokens if form is not None else () for form in self.forms])

    @cached_property
    def canonical(self) -> TokenBags:
        """Names, values and operators of each example's canonical SQL."""
        return TokenBags([canonical_tokens(form) for form in self.forms])

    @cached_property
    def masked_questions(self) -> tuple[str, ...]:
        """Each example's question without schema words and values; the values are those of its SQL."""
        return tuple(
            mask_question(example.question, context_schema(example.context), form.values if form is not None else ())
            for example, form in zip(self.examples, self.forms, strict=True)
        )

    @cached_property
    def bm25(self) -> BM25Okapi:
        """BM25 over the words of each example's question, SQL and tables."""
        try:
            from rank_bm25 import BM25Okapi
        except ImportError as error:
            raise ConfigurationError(
                'The arm bm25 needs one more package. Run: pip install "coderag[evaluate]"'
            ) from error
        texts = (f"{example.question} {view}" for example, view in zip(self.examples, self.views, strict=True))
        return BM25Okapi([text_words(text) for text in texts])

    def best(
        self, scores: NDArray[Any], top_k: int, excluded: Collection[str] = (), tiers: NDArray[Any] | None = None
    ) -> tuple[RetrievedExample, ...]:
        """Choose the examples with the highest scores.

        Args:
            scores: One score per example, shape (len(self),); reported as its similarity.
            top_k: How many at most.
            excluded: Ids that may not be shown.
            tiers: If given, a higher tier outranks any score.

        Returns:
            Best first. As in an index, only the best of several examples with the same SQL and database is kept.
        """
        if top_k < 1 or not self.examples:
            return ()
        order = np.lexsort((-scores, -tiers)) if tiers is not None else np.argsort(-scores, kind="stable")
        chosen: list[RetrievedExample] = []
        seen: set[str] = set()
        for row in map(int, order):
            item = self.item_of[self.ids[row]]
            if self.ids[row] in excluded or item in seen:
                continue
            seen.add(item)
            chosen.append(RetrievedExample(self.examples[row], float(scores[row])))
            if len(chosen) == top_k:
                break
        return tuple(chosen)

    def same_skeleton(self, skeleton: str, excluded: Collection[str] = ()) -> frozenset[str]:
        """Items (see ``item_of``) whose SQL has this skeleton: those that a retrieval for it should find."""
        found = frozenset(self._by_skeleton.get(skeleton, ())) - frozenset(excluded)
        return frozenset(self.item_of[example_id] for example_id in found)

    @cached_property
    def _by_skeleton(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for example_id, example in zip(self.ids, self.examples, strict=True):
            skeleton = read_skeleton(example.sql, context_schema(example.context))
            if skeleton is not None:
                found.setdefault(skeleton, []).append(example_id)
        return found


def canonical_tokens(form: SQLForm | None) -> list[str]:
    """Words of the canonical text."""
    return _WORD.findall(form.canonical) if form is not None else []


def text_words(text: str) -> list[str]:
    """Lowercase words, identifiers split into theirs."""
    return [word for token in _WORD.findall(text) for word in identifier_words(token).split()]


@lru_cache(maxsize=1024)
def context_schema(context: str) -> Schema | None:
    """The schema of an example's context; None if it can't be read."""
    try:
        return schema_from_ddl(context)
    except DatabaseError:
        return None
