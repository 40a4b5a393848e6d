"""A LlamaIndex retriever over an ExampleIndex."""

from __future__ import annotations

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle

from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex
from coderag_app.types import RetrievedExample


class ExampleRetriever(BaseRetriever):
    """Finds the examples whose SQL is nearest to a question; scores are cosines.

    Args:
        index: The examples.
        embed_model: The encoder that made the index's vectors.
        similarity_top_k: How many examples at most.
        db_id: Only examples of this database.
        distinct: Return copies of the same SQL once, see ``ExampleIndex.search``.
    """

    def __init__(
        self,
        index: ExampleIndex,
        embed_model: BaseEmbedding,
        similarity_top_k: int = 3,
        db_id: str | None = None,
        distinct: bool = True,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        self.index = index
        self.embed_model = embed_model
        self.similarity_top_k = similarity_top_k
        self.db_id = db_id
        self.distinct = distinct
        super().__init__(callback_manager=callback_manager or CallbackManager())

    def retrieve_examples(self, question: str) -> list[RetrievedExample]:
        """Find the examples for a question, best first; empty for a blank question."""
        if not question.strip():
            return []
        return self._search(self.embed_model.get_query_embedding(question))

    def _search(self, embedding: list[float]) -> list[RetrievedExample]:
        return self.index.search(embedding, self.similarity_top_k, self.db_id, self.distinct)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        embedding = query_bundle.embedding
        if embedding is None:
            return _with_scores(self.retrieve_examples(query_bundle.query_str))
        return _with_scores(self._search(embedding))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        embedding = query_bundle.embedding
        if embedding is None:
            if not query_bundle.query_str.strip():
                return []
            embedding = await self.embed_model.aget_query_embedding(query_bundle.query_str)
        return _with_scores(self._search(embedding))


def _with_scores(found: list[RetrievedExample]) -> list[NodeWithScore]:
    return [NodeWithScore(node=example_to_node(item.example), score=item.similarity) for item in found]
