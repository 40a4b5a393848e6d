"""Asking an LLM for text: one lock, one place that knows which keyword arguments a runtime takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from llama_index.core.llms import LLM

from coderag_app.errors import ModelError
from coderag_app.prompts import Prompt

# A llama.cpp context is not thread-safe, and web sessions share it.
_GENERATION_LOCK = threading.Lock()


def stream_reply(llm: LLM, prompt: Prompt, max_tokens: int) -> Iterator[str]:
    """Yield the reply in pieces; closing the iterator stops the generation.

    Raises:
        ModelError: The model failed; the runtime's message is kept.
    """
    with _GENERATION_LOCK:
        try:
            if llm.class_name() == "LlamaCPP_llm":
                llm.generate_kwargs = _llama_cpp_kwargs(prompt, max_tokens)  # type: ignore[attr-defined]
                responses = llm.stream_complete(prompt.text, formatted=prompt.raw)
            else:
                responses = llm.stream_complete(prompt.text)
            for response in responses:
                if response.delta:
                    yield response.delta
        except GeneratorExit:
            raise
        except Exception as error:  # runtimes raise what they like; the user gets one kind with the cause
            raise ModelError(f"The LLM failed to reply: {type(error).__name__}: {error}") from error


def _llama_cpp_kwargs(prompt: Prompt, max_tokens: int) -> dict[str, Any]:
    """LlamaCPP drops per-call arguments, so they are set on the object, under the lock."""
    kwargs: dict[str, Any] = {
        "temperature": prompt.temperature,
        "max_tokens": max_tokens,
        "stop": list(prompt.stop),
        "top_k": 40 if prompt.temperature else 1,
        "repeat_penalty": 1.0,
    }
    if prompt.grammar is not None:
        kwargs["grammar"] = _llama_grammar(prompt.grammar)
    return kwargs


@lru_cache(maxsize=16)
def _llama_grammar(text: str) -> Any:
    from llama_cpp import LlamaGrammar

    return LlamaGrammar.from_string(text, verbose=False)
