"""The prompts of the LLM generators: text files, with a fingerprint that every data set carries."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from string import Template

PROMPTS_DIRECTORY = Path(__file__).parent / "prompts"


@lru_cache(maxsize=32)
def load_prompt(name: str) -> Template:
    """The prompt ``prompts/<name>.txt`` with ``$places`` to fill."""
    return Template((PROMPTS_DIRECTORY / f"{name}.txt").read_text(encoding="utf-8").strip())


@lru_cache(maxsize=1)
def prompts_fingerprint() -> str:
    """16 hex digits over the names and texts of all prompts."""
    digest = hashlib.sha256()
    for path in sorted(PROMPTS_DIRECTORY.glob("*.txt")):
        digest.update(f"{path.name}\x1f{path.read_text(encoding='utf-8')}\x1e".encode())
    return digest.hexdigest()[:16]
