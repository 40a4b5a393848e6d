"""Asking an LLM for text: one lock, one place that knows which keyword arguments a runtime takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llama_index.core.llms import LLM

from coderag_app.errors import ModelError
from coderag_app.llm.llama_contexts import context
from coderag_app.llm.prompts import Prompt
from coderag_app.llm.token_probabilities import TokenRecorder
from coderag_app.llm.vocabulary import count_tokens, is_llama_cpp, special_tokens
from coderag_app.text.untrusted_text import without_special_tokens

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

    Every text that reaches a model passes here. A raw prompt holds the special tokens of its format, which keeps them
    out of what others wrote; from any other prompt all of them are taken, since its chat template comes afterwards.

    Raises:
        ModelError: The model failed; the runtime's message is kept.
    """
    pieces: list[str] = []
    recorder: TokenRecorder | None = None
    with _GENERATION_LOCK, _in_context(llm, prompt):
        try:
            text = prompt.text if prompt.raw else without_special_tokens(prompt.text, _special_tokens(llm))
            if is_llama_cpp(llm):
                _check_length(llm, text, prompt.raw)
                recorder = TokenRecorder(llm._model)  # type: ignore[attr-defined]
                llm.generate_kwargs = _llama_cpp_kwargs(llm._model, prompt, max_tokens, recorder)  # type: ignore[attr-defined]
                responses = llm.stream_complete(text, formatted=prompt.raw)
            elif prompt.temperature:
                responses = llm.stream_complete(text, temperature=prompt.temperature)
            else:
                responses = llm.stream_complete(text)
            for response in responses:
                if response.delta:
                    pieces.append(response.delta)
                    yield response.delta
        except (GeneratorExit, ModelError):
            raise
        except Exception as error:  # runtimes raise what they like; the user gets one kind with the cause
            raise ModelError(f"The LLM failed to reply: {type(error).__name__}: {error}") from error
        return Reply("".join(pieces), recorder.mean() if recorder is not None else None)


def _special_tokens(llm: Any) -> frozenset[str]:
    return special_tokens(llm._model) if is_llama_cpp(llm) else frozenset()


def _check_length(llm: Any, text: str, raw: bool) -> None:
    """Refuse what llama.cpp would: a prompt that fills the context and leaves no room for a reply."""
    model = llm._model
    tokens = count_tokens(model, text if raw else llm.completion_to_prompt(text))
    if tokens + 1 >= model.n_ctx():
        raise ModelError(
            f"The LLM failed to reply: the prompt has {tokens:,} tokens, and its context holds {model.n_ctx():,}. "
            "Shorten the question, or set a larger context_window_tokens where the model has one."
        )


@contextmanager
def _in_context(llm: Any, prompt: Prompt) -> Iterator[None]:
    """The LLM with the context that the prompt belongs to; LlamaCPP knows only one, so it is put in its place."""
    if not is_llama_cpp(llm):
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
