"""What LlamaIndex expects of a query engine, on top of ``stream``: responses, streaming, retrieval, prompts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Self

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, QueryType

from coderag_app.answers.response import answer_response, async_streaming_response, streaming_response
from coderag_app.errors import CodeRAGError
from coderag_app.index.nodes import example_from_node
from coderag_app.types import RetrievedExample

if TYPE_CHECKING:
    from coderag_app.chat.conversation import ConversationTurn
    from coderag_app.examples.retriever import ExampleRetriever
    from coderag_app.llm.prompts import PromptFormat
    from coderag_app.vote.question_run import StreamEvent


class StreamingQueryEngine(BaseQueryEngine):
    """A LlamaIndex query engine whose answers come from ``stream``, which a subclass writes."""

    def __init__(self, prompt_format: PromptFormat, retriever: ExampleRetriever | None, streaming: bool) -> None:
        super().__init__(callback_manager=CallbackManager())
        self.prompt_format = prompt_format
        self.retriever = retriever
        self.streaming = streaming

    def stream(
        self,
        question: str,
        examples: tuple[RetrievedExample, ...] | None = None,
        turns: Sequence[ConversationTurn] = (),
    ) -> Generator[StreamEvent, None, None]:
        """Answer a question step by step; the last event holds the answer."""
        raise NotImplementedError

    def query(self, str_or_query_bundle: QueryType, streaming: bool | None = None) -> RESPONSE_TYPE:
        """Answer a question with a Response, or with a StreamingResponse.

        Args:
            str_or_query_bundle: The question.
            streaming: Whether the text comes line by line; None for what the engine was loaded with.
        """
        return BaseQueryEngine.query(self._with_streaming(streaming), str_or_query_bundle)

    async def aquery(self, str_or_query_bundle: QueryType, streaming: bool | None = None) -> RESPONSE_TYPE:
        """The same without blocking the event loop; cancelling it stops the model."""
        return await BaseQueryEngine.aquery(self._with_streaming(streaming), str_or_query_bundle)

    def retrieve(self, query_bundle: QueryType) -> list[NodeWithScore]:
        """The examples that the model would be shown for a question, best first; scores are cosines."""
        if self.retriever is None or not self.retriever.similarity_top_k:
            return []
        return self.retriever.retrieve(query_bundle)

    async def aretrieve(self, query_bundle: QueryType) -> list[NodeWithScore]:
        """The same without blocking the event loop."""
        return await asyncio.to_thread(self.retrieve, query_bundle)

    def synthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """Answer a question with these examples instead of those that ``retrieve`` finds."""
        return self._answered(query_bundle.query_str, _examples([*nodes, *(additional_source_nodes or ())]))

    async def asynthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """The same without blocking the event loop."""
        return await self._answered_aside(query_bundle.query_str, _examples([*nodes, *(additional_source_nodes or ())]))

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        answer = partial(self._answered, query_bundle.query_str)
        return streaming_response(answer) if self.streaming else answer()

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        answer = partial(self._answered_aside, query_bundle.query_str)
        return async_streaming_response(answer) if self.streaming else await answer()

    def _answered(
        self,
        question: str,
        examples: tuple[RetrievedExample, ...] | None = None,
        stopped: threading.Event | None = None,
    ) -> Response:
        with closing(self.stream(question, examples)) as events:
            for event in events:
                if event.answer is not None:
                    return answer_response(event.answer, event.note)
                if stopped is not None and stopped.is_set():
                    break
        raise CodeRAGError("The engine ended without an answer.")

    async def _answered_aside(self, question: str, examples: tuple[RetrievedExample, ...] | None = None) -> Response:
        """Answer in a thread, which ends at its next step when the caller is cancelled."""
        stopped = threading.Event()
        try:
            return await asyncio.to_thread(self._answered, question, examples, stopped)
        finally:
            stopped.set()

    def _with_streaming(self, streaming: bool | None) -> Self:
        """This engine, or a copy of it that shares all but this choice."""
        if streaming in (None, self.streaming):
            return self
        other = copy(self)
        other.streaming = bool(streaming)
        return other

    def _get_prompts(self) -> PromptDictType:
        return dict(self.prompt_format.prompts)

    def _update_prompts(self, prompts_dict: PromptDictType) -> None:
        self.prompt_format = self.prompt_format.with_prompts(prompts_dict)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _examples(nodes: Sequence[NodeWithScore]) -> tuple[RetrievedExample, ...]:
    return tuple(RetrievedExample(example_from_node(found.node), found.score or 0.0) for found in nodes)
