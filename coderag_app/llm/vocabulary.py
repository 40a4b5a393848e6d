"""What a model's tokenizer makes of text: how many tokens, and which texts are special ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_UNKNOWN_TEMPLATE = 32  # tokens that a server's chat template may take
_MARGIN = 4  # a start token, and one more where two pieces that were counted apart meet


def is_llama_cpp(llm: LLM) -> bool:
    """Whether the model runs in this process, so that its vocabulary can be read."""
    return llm is not None and llm.class_name() == "LlamaCPP_llm"


def token_counter(llm: LLM) -> Callable[[str], int] | None:
    """What counts the tokens of a text as the model does; None for a model of a server.

    Args:
        llm: Any LlamaIndex LLM.
    """
    if not is_llama_cpp(llm):
        return None
    model = llm._model  # type: ignore[attr-defined]
    return lambda text: count_tokens(model, text)


def count_tokens(model: Any, text: str) -> int:
    """Tokens of a text, special ones read as such: never fewer than when they are broken.

    Args:
        model: A ``llama_cpp.Llama``.
        text: The text.
    """
    return len(model.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=True))


def template_tokens(llm: LLM) -> int:
    """Tokens that surround a prompt: those of the chat template, as far as it is known, and a few to spare."""
    if not is_llama_cpp(llm):
        return _UNKNOWN_TEMPLATE
    local: Any = llm
    return count_tokens(local._model, local.completion_to_prompt("?")) + _MARGIN


def room_for_prompt(llm: LLM, context_window_tokens: int, reply_tokens: int) -> int:
    """Tokens that a prompt may take, without its chat template; of a short context the reply gets a quarter."""
    reply = min(reply_tokens, context_window_tokens // 4)
    return context_window_tokens - reply - template_tokens(llm)


@lru_cache(maxsize=4)
def special_tokens(model: Any) -> frozenset[str]:
    """The texts that llama.cpp reads as one special token wherever they stand.

    These are the control tokens and those that the model's maker added. Added words without any punctuation, such as
    letters and runs of blanks, mark nothing and are left out.

    Args:
        model: A ``llama_cpp.Llama``.
    """
    import llama_cpp

    vocab = model._model.vocab
    control = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
    added = llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
    found = set()
    for token in range(llama_cpp.llama_vocab_n_tokens(vocab)):
        kind = llama_cpp.llama_vocab_get_attr(vocab, token)
        if kind & (control | added):
            text = llama_cpp.llama_vocab_get_text(vocab, token).decode("utf-8", "replace")
            if text.strip(" \n\t▁") and (kind & control or (len(text) > 1 and not text.replace("▁", "").isalnum())):
                found.add(text)
    return frozenset(found)
