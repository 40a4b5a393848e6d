"""Code search as a LlamaIndex retriever: hits as nodes with their text, path and lines, linked to their neighbours."""

from __future__ import annotations

import hashlib

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from coderag_app.code.code_answers import read_lines
from coderag_app.code.code_search import CodeHit, CodeSearcher
from coderag_app.errors import CodeRAGError


class CodeRetriever(BaseRetriever):
    """Retrieves the units of a repository that a question is about.

    Args:
        searcher: Of an index; ``ingestion.repository.refresh.open_code_index`` opens one.
        top: How many units at most.

    Example:
        ``RetrieverQueryEngine.from_args(CodeRetriever(searcher), llm=llm)`` answers questions from them.
    """

    def __init__(self, searcher: CodeSearcher, top: int = 10) -> None:
        super().__init__()
        self._searcher = searcher
        self._top = top

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._searcher.search(query_bundle.query_str, self._top)
        return [NodeWithScore(node=self._node(hit), score=hit.score) for hit in hits]

    def _node(self, hit: CodeHit) -> TextNode:
        try:
            text = read_lines(self._searcher.index, hit.path, hit.first_line, hit.last_line)
        except CodeRAGError:  # changed since it was indexed: what the index knows is still true of where it was
            text = "\n".join(part for part in (hit.signature, hit.doc) if part)
        metadata = {"path": hit.path, "first_line": hit.first_line, "last_line": hit.last_line}
        return TextNode(
            id_=_node_id(hit.path, hit.first_line),
            text=text,
            metadata={**metadata, "kind": hit.kind, "language": hit.language, "symbol": hit.symbol},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=_node_id(hit.path, 0))},
        )


def _node_id(path: str, line: int) -> str:
    """An id that is the same for the same place."""
    return hashlib.sha256(f"{path}:{line}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
