"""Reads a question on code: its words with weights, the names it spells, words that stand together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from coderag_app.code.code_words import identifiers_of, words_of
from coderag_app.files import yaml_beside

MAX_QUERY_CHARS = 4_000
_MOST_WORDS = 48
_DOTTED = re.compile(r"[^\W\d]\w*(?:(?:\.|::|#|->)[^\W\d]\w*)+")
_CODE_NAME = re.compile(r"_\w|[a-z]\d*[A-Z]|^[A-Z]{2,}[a-z]|^[A-Z][A-Z0-9_]{2,}$")
_MARKED = re.compile(r"`([^`\s]+)`|([^\W\d]\w*)\(\)")
_TESTS = re.compile(r"\btests?\b|\btested\b|\btesting\b|\bspecs?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodeQuery:
    """A question, read.

    Attributes:
        words: Words and what each counts, 1 or less.
        names: Identifiers that are spelled as in code, as they are written; the last part of dotted ones.
        dotted: Dotted names in full: ``Session.close``.
        joined: Adjacent words written as one: "close session" is ``closesession``.
        about_tests: Whether tests are asked for.
    """

    words: dict[str, float]
    names: frozenset[str]
    dotted: tuple[tuple[str, ...], ...]
    joined: tuple[str, ...]
    about_tests: bool


@lru_cache(maxsize=1)
def _known_words() -> tuple[frozenset[str], frozenset[str], float]:
    table: dict[str, Any] = yaml_beside(__file__, "question_words.yaml")
    stop, weak = (
        frozenset(word for plain in table[key].split() for word in words_of(plain)) for key in ("stop", "weak")
    )
    return stop, weak, float(table["weak_weight"])


def read_code_query(text: str) -> CodeQuery:
    """Read a question or search words.

    >>> sorted(read_code_query("where is Session.close called?").names)
    ['Session', 'close']
    """
    text = text[:MAX_QUERY_CHARS]
    stop, weak, weak_weight = _known_words()
    identifiers = identifiers_of(text)
    words: dict[str, float] = {}
    for identifier in identifiers:
        for word in words_of(identifier):
            if word in stop and len(identifiers) > 1 and identifier[1:].lower() == identifier[1:]:
                continue
            words[word] = max(words.get(word, 0.0), weak_weight if word in weak else 1.0)
    if len(words) > _MOST_WORDS:
        words = dict(list(words.items())[:_MOST_WORDS])
    dotted = tuple(tuple(identifiers_of(found)) for found in _DOTTED.findall(text))
    marked = {part for match in _MARKED.finditer(text) for part in identifiers_of(match[1] or match[2])}
    names = (
        {name for name in identifiers if _CODE_NAME.search(name)}
        | {part for parts in dotted for part in parts}
        | marked
    )
    if len(identifiers) == 1:
        names.add(identifiers[0])
    plain = [identifier.lower() for identifier in identifiers if identifier.isalpha()]
    joined = dict.fromkeys(a + b for a, b in zip(plain, plain[1:], strict=False) if words_of(a)[-1] not in stop)
    return CodeQuery(words, frozenset(names), dotted, tuple(joined), _TESTS.search(text) is not None)


def dotted_parts(name: str) -> list[str]:
    """The parts of a name as it is written in one language or another.

    >>> dotted_parts("Session::close()"), dotted_parts("#empty?")
    (['Session', 'close'], ['empty?'])
    """
    bare = name.strip().strip("`").partition("(")[0]
    return [part for part in re.split(r"\.|::|#|->|/", bare) if part]
