"""The real chat page with a scripted LLM in the place of a loaded one: for a server that a browser test starts."""

from __future__ import annotations

import runpy
from importlib.util import find_spec

from scripted_coderag import load_scripted_llm

from coderag_app import models

models.load_llm = load_scripted_llm
runpy.run_path(find_spec("ui.app").origin, run_name="__main__")
