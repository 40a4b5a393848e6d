"""English plurals of nouns and noun phrases, for table names and questions."""

from __future__ import annotations

import re

_IRREGULAR = {
    "alumnus": "alumni", "analysis": "analyses", "axis": "axes", "bacterium": "bacteria", "basis": "bases",
    "bonus": "bonuses", "bus": "buses", "cactus": "cacti", "child": "children", "crisis": "crises",
    "criterion": "criteria", "curriculum": "curricula", "diagnosis": "diagnoses", "foot": "feet", "fungus": "fungi",
    "gas": "gases", "goose": "geese", "half": "halves", "hypothesis": "hypotheses", "knife": "knives",
    "leaf": "leaves", "life": "lives", "loaf": "loaves", "man": "men", "matrix": "matrices", "medium": "media",
    "mouse": "mice", "nucleus": "nuclei", "ox": "oxen", "person": "people", "phenomenon": "phenomena",
    "quiz": "quizzes", "self": "selves", "shelf": "shelves", "synopsis": "synopses", "thesis": "theses",
    "thief": "thieves", "tooth": "teeth", "wife": "wives", "wolf": "wolves", "woman": "women",
}  # fmt: skip
IRREGULAR_SINGULARS = {many: one for one, many in _IRREGULAR.items()}
_UNCHANGED = frozenset(
    "aircraft advice baggage bison cargo cattle clothing crossroads data deer equipment evidence fish food furniture "
    "hardware headquarters homework hovercraft information inventory jewelry livestock luggage machinery means media "
    "merchandise money moose music news offspring personnel police research rice salmon series shrimp sheep software "
    "spacecraft species staff stock swine traffic trout watercraft weather wildlife people children men women "
    "premises works".split()
)
_O_WITH_ES = frozenset("hero echo potato tomato veto torpedo cargo".split())
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
