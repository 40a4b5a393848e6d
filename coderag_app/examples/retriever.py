"""A LlamaIndex retriever over verified examples and an ExampleIndex."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle

from coderag_app.events import ExamplesRetrievedEvent, dispatcher
from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex
from coderag_app.types import RetrievedExample

if TYPE_CHECKING:
    from coderag_app.encoders.encoder_loading import LoadedEncoder
    from coderag_app.examples.verified import VerifiedExamples

LIKELY = 0.5  # cosine above which a verified example comes before whatever the index found


class ExampleRetriever(BaseRetriever):
    """Finds likely verified examples first, then the examples whose SQL is nearest to a question; scores are cosines.

    Args:
        index: The examples; None where there are at most verified ones.
        embed_model: The encoder that made the index's vectors.
        similarity_top_k: How many examples at most.
        db_id: Only examples of this database.
        distinct: Return copies of the same SQL once, see ``ExampleIndex.search``.
        verified: The database's verified examples.
        encoder_name: Name and origin of the encoder.
        load_encoder: Loads the encoder where no ``embed_model`` is given. It is called once, when there is a verified
            example to find.
    """

    def __init__(
        self,
        index: ExampleIndex | None,
        embed_model: BaseEmbedding | None = None,
        similarity_top_k: int = 3,
        db_id: str | None = None,
        distinct: bool = True,
        callback_manager: CallbackManager | None = None,
        verified: VerifiedExamples | None = None,
        encoder_name: str = "",
        load_encoder: Callable[[], LoadedEncoder] | None = None,
    ) -> None:
        self.index = index
        self.similarity_top_k = similarity_top_k
        self.db_id = db_id
        self.distinct = distinct
        self.verified = verified
        self.encoder_name = encoder_name
        self._given_model = embed_model
        self._loaded_model: BaseEmbedding | None = None
        self._load_encoder = load_encoder
        self._loading = threading.Lock()
        super().__init__(callback_manager=callback_manager or CallbackManager())

    @property
    def embed_model(self) -> BaseEmbedding | None:
        """The encoder; None while there is no example that it could find."""
        if self._given_model is not None:
            return self._given_model
        if self._load_encoder is None or self.verified is None or not self.verified.fresh():
            return None
        with self._loading:
            if self._loaded_model is None:
                encoder = self._load_encoder()
                self._loaded_model, self.encoder_name = encoder.embed_model, encoder.name
        return self._loaded_model

    @dispatcher.span
    def retrieve_examples(self, question: str) -> list[RetrievedExample]:
        """Find the examples for a question, best first; empty for a blank question."""
        embed_model = self.embed_model
        if embed_model is None or not question.strip():
            return []
        found = self._search(embed_model.get_query_embedding(question), embed_model)
        dispatcher.event(
            ExamplesRetrievedEvent(
                question=question,
                example_ids=[item.example.example_id for item in found],
                similarities=[item.similarity for item in found],
            )
        )
        return found

    def _search(self, embedding: list[float], embed_model: BaseEmbedding) -> list[RetrievedExample]:
        found = (
            self.index.search(embedding, self.similarity_top_k, self.db_id, self.distinct)
            if self.index is not None
            else []
        )
        if self.verified is None or not self.verified.fresh():
            return found
        query = np.asarray(embedding, dtype=np.float32)
        query /= max(float(np.linalg.norm(query)), 1e-12)
        return _merged(self.verified.nearest(query, embed_model), found)[: self.similarity_top_k]

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        embed_model = self.embed_model
        if query_bundle.embedding is None or embed_model is None:
            return _with_scores(self.retrieve_examples(query_bundle.query_str))
        return _with_scores(self._search(query_bundle.embedding, embed_model))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        embed_model = self.embed_model
        if embed_model is None:
            return []
        embedding = query_bundle.embedding
        if embedding is None:
            if not query_bundle.query_str.strip():
                return []
            embedding = await embed_model.aget_query_embedding(query_bundle.query_str)
        return _with_scores(self._search(embedding, embed_model))


def _merged(verified: list[RetrievedExample], found: list[RetrievedExample]) -> list[RetrievedExample]:
    """Likely verified examples, then the rest by similarity; the same SQL of a database once."""
    likely = [item for item in verified if item.similarity >= LIKELY]
    rest = sorted([*verified[len(likely) :], *found], key=lambda item: -item.similarity)  # stable: verified first
    merged: dict[tuple[str, str], RetrievedExample] = {}
    for item in (*likely, *rest):
        merged.setdefault((item.example.db_id, " ".join(item.example.sql.split())), item)
    return list(merged.values())


def _with_scores(found: list[RetrievedExample]) -> list[NodeWithScore]:
    return [NodeWithScore(node=example_to_node(item.example), score=item.similarity) for item in found]
