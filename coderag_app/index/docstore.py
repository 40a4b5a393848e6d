"""An index as LlamaIndex's stores. Nodes are built on request, not at load.

A hundred thousand TextNodes take half a gigabyte; the lines they are built from take a fifth of that and load at once.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from llama_index.core import StorageContext
from llama_index.core.data_structs.data_structs import IndexDict
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.storage.docstore.keyval_docstore import KVDocumentStore
from llama_index.core.storage.docstore.types import BaseDocumentStore
from llama_index.core.storage.docstore.utils import doc_to_json, json_to_doc
from llama_index.core.storage.index_store import SimpleIndexStore
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.storage.kvstore.types import MutableMappingKVStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from coderag_app.index.nodes import example_from_line, example_to_node, node_to_line

_NODE_COLLECTION = "docstore/data"


class ExampleNodeMapping(MutableMapping[str, dict[str, Any]]):
    """Node id to LlamaIndex's JSON of the node, over the lines of the documents file."""

    def __init__(self, lines: dict[str, bytes]) -> None:
        """View ``lines`` (node id to line); writing through the mapping changes them."""
        self._lines = lines

    def __getitem__(self, node_id: str) -> dict[str, Any]:
        """The JSON of one node."""
        example, view = example_from_line(self._lines[node_id], node_id)
        return doc_to_json(example_to_node(example, view))

    def __setitem__(self, node_id: str, document: dict[str, Any]) -> None:
        """Store a node that LlamaIndex inserts."""
        self._lines[node_id] = node_to_line(json_to_doc(document))

    def __delitem__(self, node_id: str) -> None:
        """Delete a node."""
        del self._lines[node_id]

    def __iter__(self) -> Iterator[str]:
        """Node ids."""
        return iter(self._lines)

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self._lines)

    def __contains__(self, node_id: object) -> bool:
        """Whether the node exists; without this, the base class would build it."""
        return node_id in self._lines


def example_docstore(lines: dict[str, bytes]) -> KVDocumentStore:
    """A LlamaIndex document store over the lines."""
    store: MutableMappingKVStore[Any] = MutableMappingKVStore(dict)
    store._collections_mappings[_NODE_COLLECTION] = ExampleNodeMapping(lines)
    return KVDocumentStore(store)


def plain_docstore(lines: dict[str, bytes]) -> SimpleDocumentStore:
    """A document store with every node built, as LlamaIndex writes it to disk."""
    return SimpleDocumentStore(SimpleKVStore({_NODE_COLLECTION: dict(ExampleNodeMapping(lines))}))


def storage_context(
    vectors: BasePydanticVectorStore, docstore: BaseDocumentStore, node_ids: dict[str, str]
) -> StorageContext:
    """LlamaIndex's stores with one VectorStoreIndex in them.

    Args:
        vectors: The vectors.
        docstore: The nodes.
        node_ids: Node ids by what ``vectors`` calls a vector.
    """
    index_store = SimpleIndexStore()
    index_store.add_index_struct(IndexDict(nodes_dict=node_ids))
    return StorageContext.from_defaults(vector_store=vectors, docstore=docstore, index_store=index_store)
