"""The real chat page with a scripted LLM in the place of a loaded one: for a server that a browser test starts.

The environment variable SCRIPTED_DELAY_S holds the seconds between two pieces of a reply.
"""

from __future__ import annotations

import os
import runpy
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen
from scripted_coderag import KeywordLLM

from coderag_app.llm import llm_loading
from coderag_app.settings import AppConfig


class SlowLLM(KeywordLLM):
    """Replies by a word of the question, as slowly as a large model."""

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        def slowly() -> Iterator[CompletionResponse]:
            for piece in pieces:
                time.sleep(float(os.environ.get("SCRIPTED_DELAY_S", "0")))
                yield piece

        pieces = super().stream_complete(prompt, formatted, **kwargs)
        return slowly()


def load_slow_llm(config: AppConfig) -> llm_loading.LoadedLLM:
    llm = SlowLLM(replies=os.environ["SCRIPTED_REPLIES"].splitlines())
    return llm_loading.LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)


llm_loading.load_llm = load_slow_llm
runpy.run_path(find_spec("ui.page.app").origin, run_name="__main__")
