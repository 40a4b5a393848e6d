"""How code and questions become words: identifiers taken apart, endings removed. Index and search must agree on it."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import snowballstemmer

# Where in a unit a word stands. A word may stand in several places, so these are bits.
NAME, SIGNATURE, DOC, ENCLOSING, FOLDER, FILE, DECLARED = 1, 2, 4, 8, 16, 32, 64
FIELDS = (NAME, SIGNATURE, DOC, ENCLOSING, FOLDER, FILE, DECLARED)
WORDS_VERSION = 3  # change it with anything here: an index of other words is built anew

_IDENTIFIER = re.compile(r"[^\W\d]\w*|\d+")
# "HTTPAdapter2" is HTTP, Adapter, 2; letters without case (CJK) stay together.
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zß-öø-ÿ]+|\d+|[^\W\d_A-Za-zß-öø-ÿ]+")
_LONGEST_WORD = 64


@lru_cache(maxsize=1)
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")  # in C where PyStemmer is installed


@lru_cache(maxsize=16_384)
def words_of(identifier: str) -> tuple[str, ...]:
    """The words of an identifier, and the whole without its seams if there are several.

    >>> words_of("get_HTTPAdapters")
    ('get', 'http', 'adapt', 'gethttpadapters')
    """
    pieces = _PIECE.findall(identifier[: 4 * _LONGEST_WORD])
    words = tuple(_stem(piece.lower()[:_LONGEST_WORD]) for piece in pieces)
    if len(words) > 1:
        return (*words, "".join(pieces).lower()[:_LONGEST_WORD])
    return words


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    return _stemmer().stemWord(word) if len(word) > 2 and word.isascii() and word.isalpha() else word


def count_words(text: str) -> Counter[str]:
    """How often each word stands in a text."""
    counted: Counter[str] = Counter()
    for identifier, count in Counter(_IDENTIFIER.findall(text)).items():
        for word in words_of(identifier):
            counted[word] += count
    return counted


def word_set(text: str) -> set[str]:
    """The words of a text."""
    return {word for identifier in _IDENTIFIER.findall(text) for word in words_of(identifier)}


def identifiers_of(text: str) -> list[str]:
    """The identifiers of a text in order, as they are written."""
    return _IDENTIFIER.findall(text)
