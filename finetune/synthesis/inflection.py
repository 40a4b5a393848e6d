"""English plurals of nouns and noun phrases, for table names and questions."""

from __future__ import annotations

import re
from typing import Any

from coderag_app.files import yaml_beside

_DATA: dict[str, Any] = yaml_beside(__file__, "inflection.yaml")
_IRREGULAR: dict[str, str] = _DATA["irregular"]
IRREGULAR_SINGULARS = {many: one for one, many in _IRREGULAR.items()}
_UNCHANGED: frozenset[str] = frozenset(_DATA["unchanged"])
_O_WITH_ES: frozenset[str] = frozenset(_DATA["o_with_es"])
_HEAD_FIRST = re.compile(r"^(\S+)( (?:of|in|on|at|for|to|with|by|from)\b.*)$")


def plural(phrase: str) -> str:
    """The plural of a singular noun phrase; the noun before "of", "in" and their like is the one that changes.

    >>> plural("person"), plural("city"), plural("head of department")
    ('people', 'cities', 'heads of department')
    """
    if match := _HEAD_FIRST.match(phrase):
        return plural(match.group(1)) + match.group(2)
    head, space, word = phrase.rpartition(" ")
    return f"{head}{space}{_plural_word(word)}"


def _plural_word(word: str) -> str:
    lower = word.lower()
    if lower in _UNCHANGED:
        return word
    if lower in _IRREGULAR:
        return word[0] + _IRREGULAR[lower][1:] if word else word
    if lower.endswith(("man", "child", "wife", "craft")) and len(lower) > 5 and not lower.endswith("human"):
        for ending in ("child", "wife", "man"):
            if lower.endswith(ending):
                return word[: -len(ending)] + _IRREGULAR[ending]
        return word
    if re.search(r"[^aeiou]y$", lower):
        return f"{word[:-1]}ies"
    if lower.endswith(("s", "x", "z", "ch", "sh")) or lower in _O_WITH_ES:
        return f"{word}es"
    return f"{word}s"
