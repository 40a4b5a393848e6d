"""Further llama.cpp contexts of a small model, so that prompts that begin alike share what was already read.

A context keeps the prompt it read last and reads on where the next one differs. Candidates that see the tables in other
orders would undo each other's work in one context; a model of a few megabytes can afford one for each order.
"""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from typing import Any

from coderag_app.gguf.llama_cpp_amx import without_amx

_MOST_BYTES = 64 * 2**20  # of a model file that is opened again
_MOST_CONTEXTS = 16  # of one model; they stay open, since opening one anew costs more than it saves
_BATCH = 128  # tokens read at a time; every one of a batch takes 16 KB for the vocabulary's probabilities


def context(model: Any, number: int) -> Any:
    """The llama.cpp model in its context of that number; for 0, beyond 16, or if it is large, as it is.

    Args:
        model: A ``llama_cpp.Llama``.
        number: Prompts of one number begin alike.
    """
    if not 0 < number <= _MOST_CONTEXTS or Path(model.model_path).stat().st_size > _MOST_BYTES:
        return model
    return _opened(model.model_path, model.n_ctx(), model.n_threads, number)


@cache
def _opened(path: str, window: int, threads: int, number: int) -> Any:
    """The file opened once more for each number; its weights are mapped, not copied."""
    from llama_cpp import Llama

    with without_amx():
        opened = Llama(
            path, n_ctx=window, n_batch=_BATCH, n_ubatch=_BATCH, n_threads=threads, n_threads_batch=threads, seed=0,
            verbose=False,
        )  # fmt: skip
    atexit.register(opened.close)  # otherwise its destructor runs after the interpreter's modules are gone
    return opened
