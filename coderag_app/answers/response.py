"""An answer as a LlamaIndex Response: whole, or in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.schema import NodeWithScore

from coderag_app.answers.as_json import answer_document
from coderag_app.answers.as_text import answer_text
from coderag_app.index.nodes import example_to_node
from coderag_app.types import RetrievedExample, SQLAnswer


def answer_response(answer: SQLAnswer, note: str = "") -> Response:
    """Make a Response of an answer.

    Its text is a sentence or a small Markdown table, its source nodes are the examples, and its metadata is what
    ``coderag ask --json`` prints, without the sources and with the note.
    """
    metadata: dict[str, Any] = answer_document(answer) | {"note": note}
    del metadata["sources"]
    return Response(answer_text(answer, note), [scored_node(source) for source in answer.sources], metadata)


def scored_node(found: RetrievedExample) -> NodeWithScore:
    """An example that was found as LlamaIndex's node, with its cosine as the score."""
    return NodeWithScore(node=example_to_node(found.example), score=found.similarity)


def streaming_response(answer: Callable[[], Response]) -> StreamingResponse:
    """Make a response that asks when its text is read, and then gives it line by line.

    What the model writes before the checks is no answer, so it isn't streamed; ``engine.stream`` shows it. The source
    nodes and the metadata are there from the first piece on.
    """
    sources: list[NodeWithScore] = []
    metadata: dict[str, Any] = {}

    def pieces() -> Generator[str, None, None]:
        yield from _lines(answer(), sources, metadata)

    return StreamingResponse(pieces(), sources, metadata)


def async_streaming_response(answer: Callable[[], Awaitable[Response]]) -> AsyncStreamingResponse:
    """The same for asynchronous callers."""
    sources: list[NodeWithScore] = []
    metadata: dict[str, Any] = {}

    async def pieces() -> AsyncGenerator[str, None]:
        """The lines of the answer's text."""
        for line in _lines(await answer(), sources, metadata):
            yield line

    return AsyncStreamingResponse(pieces(), sources, metadata)


def _lines(response: Response, sources: list[NodeWithScore], metadata: dict[str, Any]) -> list[str]:
    """The lines of a response's text; the rest of it goes into the lists that the caller already handed out."""
    sources.extend(response.source_nodes)
    metadata.update(response.metadata or {})
    return str(response).splitlines(keepends=True)
