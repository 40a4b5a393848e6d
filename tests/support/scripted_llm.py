"""An LLM whose replies are written beforehand: for tests where the reply is the point."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool
from pydantic import PrivateAttr


class ScriptedLLM(CustomLLM):
    """Replies with the next text of its script, three characters at a time; the last one repeats."""

    replies: list[str]
    context_window: int = 4096
    _prompts: list[str] = PrivateAttr(default_factory=list)
    _pieces_sent: int = PrivateAttr(default=0)

    @property
    def prompts(self) -> list[str]:
        return self._prompts

    @property
    def pieces_sent(self) -> int:
        return self._pieces_sent

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=self.context_window, num_output=512, model_name="scripted")

    def _next_reply(self, prompt: str) -> str:
        self._prompts.append(prompt)
        return self.replies[min(len(self._prompts), len(self.replies)) - 1]

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=self._next_reply(prompt))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        reply = self._next_reply(prompt)

        def pieces() -> CompletionResponseGen:
            for start in range(0, len(reply), 3):
                self._pieces_sent += 1
                yield CompletionResponse(text=reply[: start + 3], delta=reply[start : start + 3])

        return pieces()


class ScriptedToolCaller(ScriptedLLM, FunctionCallingLLM):
    """The same for agents: a reply ``NAME(INPUT)`` calls the tool of that name, any other is the agent's last word."""

    @property
    def metadata(self) -> LLMMetadata:
        return super().metadata.model_copy(update={"is_chat_model": True, "is_function_calling_model": True})

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        reply = self._next_reply("\n".join(str(message.content) for message in messages))
        call = re.fullmatch(r"(\w+)\((.*)\)", reply)
        message = ChatMessage(role="assistant", content="" if call else reply)
        if call is None:
            return ChatResponse(message=message, additional_kwargs={"calls": []})
        tool = ToolSelection(tool_id=str(len(self.prompts)), tool_name=call[1], tool_kwargs={"input": call[2]})
        return ChatResponse(message=message, additional_kwargs={"calls": [tool]})

    def _prepare_chat_with_tools(
        self, tools: Sequence[BaseTool], user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        return {"messages": [*(chat_history or []), *([user_msg] if user_msg else [])]}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        return response.additional_kwargs["calls"]
