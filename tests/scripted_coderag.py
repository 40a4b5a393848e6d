"""The real `coderag` command with a scripted LLM in the place of a loaded one: for tests that start a process.

Replies are the lines of the environment variable SCRIPTED_REPLIES; the last one repeats.
"""

from __future__ import annotations

import os

from scripted_llm import ScriptedLLM

from coderag_app import models
from coderag_app.cli import main
from coderag_app.config import AppConfig


def load_scripted_llm(config: AppConfig) -> models.LoadedLLM:
    llm = ScriptedLLM(replies=os.environ["SCRIPTED_REPLIES"].splitlines())
    return models.LoadedLLM(llm, "scripted", "test", "instruct", llm.context_window)


if __name__ == "__main__":
    models.load_llm = load_scripted_llm
    main()
