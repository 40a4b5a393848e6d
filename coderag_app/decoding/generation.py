"""Asking an LLM for text: one lock, one place that knows which keyword arguments a runtime takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llama_index.core.llms import LLM

from coderag_app.decoding.llama_contexts import context
from coderag_app.decoding.token_probabilities import TokenRecorder
from coderag_app.errors import ModelError
from coderag_app.prompts import Prompt

# A llama.cpp context is not thread-safe, and web sessions share it.
_GENERATION_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply.

    Attributes:
        text: What the model wrote.
        log_probability: Mean over its tokens, before any grammar and temperature; None where the runtime does not tell.
    """

    text: str
    log_probability: float | None = None


def stream_reply(llm: LLM, prompt: Prompt, max_tokens: int) -> Generator[str, None, Reply]:
    """Yield the reply in pieces and return it whole; closing the iterator stops the generation.

    Raises:
        ModelError: The model failed; the runtime's message is kept.
    """
    pieces: list[str] = []
    recorder: TokenRecorder | None = None
    with _GENERATION_LOCK, _in_context(llm, prompt):
        try:
            if _is_llama_cpp(llm):
                recorder = TokenRecorder(llm._model)  # type: ignore[attr-defined]
                llm.generate_kwargs = _llama_cpp_kwargs(llm._model, prompt, max_tokens, recorder)  # type: ignore[attr-defined]
                responses = llm.stream_complete(prompt.text, formatted=prompt.raw)
            elif prompt.temperature:
                responses = llm.stream_complete(prompt.text, temperature=prompt.temperature)
            else:
                responses = llm.stream_complete(prompt.text)
            for response in responses:
                if response.delta:
                    pieces.append(response.delta)
                    yield response.delta
        except GeneratorExit:
            raise
        except Exception as error:  # runtimes raise what they like; the user gets one kind with the cause
            raise ModelError(f"The LLM failed to reply: {type(error).__name__}: {error}") from error
        return Reply("".join(pieces), recorder.mean() if recorder is not None else None)


def _is_llama_cpp(llm: LLM) -> bool:
    return llm.class_name() == "LlamaCPP_llm"


@contextmanager
def _in_context(llm: Any, prompt: Prompt) -> Iterator[None]:
    """The LLM with the context that the prompt belongs to; LlamaCPP knows only one, so it is put in its place."""
    if not _is_llama_cpp(llm):
        yield
        return
    model = llm._model
    llm._model = context(model, prompt.context)
    try:
        yield
    finally:
        llm._model = model


def _llama_cpp_kwargs(model: Any, prompt: Prompt, max_tokens: int, recorder: TokenRecorder) -> dict[str, Any]:
    """LlamaCPP drops per-call arguments, so they are set on the object, under the lock."""
    kwargs: dict[str, Any] = {
        "temperature": prompt.temperature,
        "max_tokens": max_tokens,
        "stop": list(prompt.stop),
        "top_k": 40 if prompt.temperature else 1,
        "repeat_penalty": 1.0,
        "seed": prompt.seed,
        "logits_processor": [recorder, *([_reluctance(model, prompt)] if prompt.reluctance else [])],
    }
    if prompt.grammar is not None:
        kwargs["grammar"] = _llama_grammar(prompt.grammar)
    return kwargs


def _reluctance(model: Any, prompt: Prompt) -> Callable[[Any, Any], Any]:
    """A logits processor for the prompt's reluctance; a text of several tokens has none of its own and is left alone.

    llama-cpp-python's own ``logit_bias`` drops every other logits processor.
    """
    tokens = {text: model.tokenize(text.encode(), add_bos=False, special=False) for text in prompt.reluctance}
    falls = {ids[0]: prompt.reluctance[text] for text, ids in tokens.items() if len(ids) == 1}

    def lowered(_input_ids: Any, scores: Any) -> Any:
        scores[list(falls)] -= list(falls.values())
        return scores

    return lowered


@lru_cache(maxsize=16)
def _llama_grammar(text: str) -> Any:
    from llama_cpp import LlamaGrammar

    return LlamaGrammar.from_string(text, verbose=False)
