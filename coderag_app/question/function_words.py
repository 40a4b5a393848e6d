"""English words without content, which are never a value: function_words.yaml. Pure."""

from __future__ import annotations

from functools import cache

from coderag_app.files import yaml_beside

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
    return {kind: tuple(str(words).split()) for kind, words in yaml_beside(__file__, "function_words.yaml").items()}
