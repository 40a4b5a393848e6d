"""An SQLExample as a LlamaIndex node or Document, and back.

One node, two texts, kept apart by LlamaIndex's metadata modes: ``MetadataMode.LLM`` gives DATABASE CONTEXT + SQL QUERY,
``MetadataMode.EMBED`` gives the embed view. All metadata is hidden from the LLM.
"""

from __future__ import annotations

import json
from typing import Any

from llama_index.core.schema import BaseNode, Document, MetadataMode, TextNode

from coderag_app.errors import FileRefusedError, IndexStoreError
from coderag_app.files import parse_json, refusals_as
from coderag_app.index.embed_view import embed_view
from coderag_app.index.generations import DOCUMENTS_FILE, REBUILD
from coderag_app.types import Origin, SQLExample

_CONTEXT_HEADING = "DATABASE CONTEXT:\n"
_SQL_HEADING = "\n\nSQL QUERY:\n"
_METADATA_KEYS = ("question", "sql", "db_id", "origin", "source", "embed_view")
_EXAMPLE_KEYS = ("question", "sql", "context", "db_id", "source")
_LINE_KEYS = (*_EXAMPLE_KEYS, "origin", "embed_view")
_ORIGINS = frozenset(origin.value for origin in Origin)


def llm_view(example: SQLExample) -> str:
    """Write the text of an example that an LLM reads."""
    return f"{_CONTEXT_HEADING}{example.context}{_SQL_HEADING}{example.sql}"


def example_to_node(example: SQLExample, view: str | None = None) -> TextNode:
    """Build the node of an example; its id is the example's content hash.

    Args:
        example: The example.
        view: Its embed view if already known; computing it parses the SQL.
    """
    return TextNode(text=llm_view(example), **_node_fields(example, view))


def example_to_document(example: SQLExample) -> Document:
    """Build the same as a LlamaIndex Document, which is what readers hand to an index."""
    return Document(text=llm_view(example), **_node_fields(example, None))


def _node_fields(example: SQLExample, view: str | None) -> dict[str, Any]:
    return {
        "id_": example.example_id,
        "metadata": {
            "question": example.question,
            "sql": example.sql,
            "db_id": example.db_id,
            "origin": example.origin.value,
            "source": example.source,
            "embed_view": view if view is not None else embed_view(example.sql, example.context),
        },
        "excluded_llm_metadata_keys": list(_METADATA_KEYS),
        "excluded_embed_metadata_keys": [key for key in _METADATA_KEYS if key != "embed_view"],
        # With one visible key and these templates the EMBED text is the embed view and nothing else.
        "metadata_template": "{value}",
        "text_template": "{metadata_str}",
    }


def example_from_node(node: BaseNode) -> SQLExample:
    """Read the example that a node was made from.

    Raises:
        IndexStoreError: The node was not made by ``example_to_node`` or ``example_to_document``, or was changed since.
    """
    missing = [key for key in _METADATA_KEYS if key not in node.metadata]
    if missing:
        raise IndexStoreError(
            f"Node {node.node_id} is no SQL example: its metadata has no {', '.join(missing)}. "
            "Make nodes with coderag_app.index.nodes.example_to_node."
        )
    text, sql = node.get_content(MetadataMode.NONE), node.metadata["sql"]
    context = text.removeprefix(_CONTEXT_HEADING).removesuffix(_SQL_HEADING + sql)
    example = SQLExample(
        question=node.metadata["question"],
        sql=sql,
        context=context,
        db_id=node.metadata["db_id"],
        origin=Origin(node.metadata["origin"]),
        source=node.metadata["source"],
    )
    if example.example_id != node.node_id:
        raise IndexStoreError(
            f"Node {node.node_id} does not hold the example it is named after: "
            f"got content hash {example.example_id}, expected {node.node_id}. Make a new node for changed content."
        )
    return example


def node_to_line(node: BaseNode) -> bytes:
    """Write one line of the documents file: the example and its embed view as JSON, without the line break."""
    return example_to_line(example_from_node(node), node.metadata["embed_view"])


def example_to_line(example: SQLExample, view: str) -> bytes:
    """Write one line of the documents file, from the example itself."""
    fields = {
        "question": example.question,
        "sql": example.sql,
        "context": example.context,
        "db_id": example.db_id,
        "origin": example.origin.value,
        "source": example.source,
        "embed_view": view,
    }
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def example_from_line(line: bytes, node_id: str) -> tuple[SQLExample, str]:
    """Read the example and its embed view from one line of the documents file.

    Raises:
        IndexStoreError: The line holds no example, or one that doesn't match the hash that is its id.
    """
    name = f"The document {node_id} of {DOCUMENTS_FILE}"
    with refusals_as(IndexStoreError, REBUILD):
        try:
            fields = parse_json(line.decode("utf-8", "surrogatepass"), name, max_depth=1)
        except UnicodeDecodeError as error:
            raise FileRefusedError(f"{name} is not UTF-8 text ({error.reason} at byte {error.start}).") from error
        wrong = [key for key in _LINE_KEYS if not isinstance(fields.get(key), str)]
        if wrong or fields["origin"] not in _ORIGINS:
            raise FileRefusedError(f"{name} is no example: {', '.join(wrong) or 'origin'} is missing or no known text.")
        view = fields["embed_view"]
        example = SQLExample(**{**{key: fields[key] for key in _EXAMPLE_KEYS}, "origin": Origin(fields["origin"])})
        if example.example_id != node_id:
            raise FileRefusedError(f"{name} has content hash {example.example_id}, expected {node_id}.")
    return example, view
