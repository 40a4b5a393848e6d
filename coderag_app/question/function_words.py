"""English words without content, which are never a value: function_words.yaml. Pure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

_AT_THE_BEGINNING = "asking"


@cache
def function_words() -> frozenset[str]:
    """Words that are no value wherever they stand, in lower case."""
    return frozenset(word for kind, words in _kinds().items() if kind != _AT_THE_BEGINNING for word in words)


@cache
def opening_words() -> frozenset[str]:
    """Words that are no value at the beginning of a sentence, in lower case."""
    return function_words() | frozenset(_kinds()[_AT_THE_BEGINNING])


@cache
def interrogatives() -> frozenset[str]:
    """Words that ask, in lower case."""
    return frozenset(_kinds()["interrogatives"])


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    text = files("coderag_app.question").joinpath("function_words.yaml").read_text(encoding="utf-8")
    # YAML reads a bare "on" or "no" as a truth value; these are texts of several words, which it leaves alone.
    return {kind: tuple(str(words).split()) for kind, words in yaml.safe_load(text).items()}
