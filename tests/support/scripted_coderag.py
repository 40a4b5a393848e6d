"""The real `coderag` command with a scripted LLM in the place of a loaded one: for tests that start a process.

The environment variable SCRIPTED_REPLIES holds lines of ``word => reply``: the first whose word the question has.
"""

from __future__ import annotations

import os

from scripted_llm import ScriptedLLM

from coderag_app.llm import llm_loading
from coderag_app.settings import AppConfig
from ui.cli import main


class KeywordLLM(ScriptedLLM):
    """Replies by a word of the question."""

    def _next_reply(self, prompt: str) -> str:
        question = prompt.rpartition("### Question\n")[2]
        rules = [line.split(" => ") for line in self.replies]
        return next(reply for word, reply in rules if word in question)


def load_scripted_llm(config: AppConfig) -> llm_loading.LoadedLLM:
    llm = KeywordLLM(replies=os.environ["SCRIPTED_REPLIES"].splitlines())
    return llm_loading.LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)


if __name__ == "__main__":
    llm_loading.load_llm = load_scripted_llm
    main()
