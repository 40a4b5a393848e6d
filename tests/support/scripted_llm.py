"""An LLM whose replies are written beforehand: for tests where the reply is the point."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM
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
