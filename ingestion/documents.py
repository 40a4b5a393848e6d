"""Examples as LlamaIndex Documents, ready to embed.

The two texts of a Document and their templates live in ``coderag_app.index.nodes``, because a search rebuilds nodes
from stored examples and ``coderag_app`` imports no sibling.
"""

from __future__ import annotations

from collections.abc import Iterable

from llama_index.core.schema import Document, MetadataMode

from coderag_app.index.embed_view import EMBED_VIEW_VERSION
from coderag_app.index.nodes import example_from_node, example_to_document
from coderag_app.types import SQLExample

__all__ = ["EMBED_VIEW_VERSION", "example_from_node", "example_to_document", "texts_to_embed", "to_documents"]


def to_documents(examples: Iterable[SQLExample]) -> list[Document]:
    """One Document an example; ids are content hashes."""
    return [example_to_document(example) for example in examples]


def texts_to_embed(documents: Iterable[Document]) -> list[str]:
    """The text of each Document that an encoder sees."""
    return [document.get_content(MetadataMode.EMBED) for document in documents]
