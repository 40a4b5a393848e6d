"""What a database might be asked for and lacks: words of other domains that share nothing with its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from coderag_app.files import yaml_beside
from finetune.synthesis.domains import load_domains
from finetune.synthesis.patterns.lookup import SchemaLookup, name_words
from finetune.synthesis.wording import DEGREES, plural

_DATA: dict[str, Any] = yaml_beside(__file__, "unanswerable_words.yaml")
_GENERIC: frozenset[str] = frozenset(_DATA["generic"])


@lru_cache(maxsize=1)
def _domain_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Column phrases and plural nouns of all invented domains, sorted."""
    columns: set[str] = set()
    nouns: set[str] = set()
    for domain in load_domains():
        for table in domain.tables:
            nouns.update(plural(noun) for noun in table.nouns)
            kinds = ("one", "int", "decimal", "text", "percent", "color")
            columns.update(phrase for column in table.columns if column.kind in kinds for phrase in column.phrases)
    specific = (phrase for phrase in columns if phrase not in DEGREES and _stems(phrase) - _GENERIC)
    return tuple(sorted(specific)), tuple(sorted(nouns))


def _stems(phrase: str) -> set[str]:
    return {word.removesuffix("s") for word in phrase.lower().split()}


def absent_phrases(lookup: SchemaLookup) -> tuple[list[str], list[str]]:
    """Column phrases and plural nouns that share no word with the database's own or with the generic ones."""
    known: set[str] = set(_GENERIC)
    for table in lookup.database.tables:
        for phrase in (name_words(table.name), *(noun for pair in table.nouns for noun in pair)):
            known |= _stems(phrase)
        for column in table.columns:
            for phrase in (name_words(column.name), *column.phrases, *_short_values(column.values)):
                known |= _stems(phrase)
    columns, nouns = _domain_words()
    return [p for p in columns if not _stems(p) & known], [n for n in nouns if not _stems(n) & known]


def _short_values(values: tuple[object, ...]) -> list[str]:
    return [value for value in values[:12] if isinstance(value, str) and len(value) < 20]
