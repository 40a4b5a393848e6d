"""How a database spells its names: one identifier style, key names, prefixes and abbreviations per database."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TypeVar

from finetune.synthesis.word_lists import abbreviations

T = TypeVar("T")

# Words that SQLite does not take as a bare name.
_SQLITE_RESERVED = frozenset(
    "add all alter and as autoincrement between case check collate commit constraint create cross current_date "
    "current_time current_timestamp default deferrable delete distinct drop else escape except exists foreign from "
    "full group having in index inner insert intersect into is isnull join left limit natural not notnull null on or "
    "order outer primary references returning right select set table then to transaction union unique update using "
    "values when where desc asc by end".split()
)
_READABLE = re.compile(r"[a-z]+(?: [a-z]+){0,2}")
_GENERIC_WORDS = frozenset("name title type date code description status year number location category rating".split())


class IdentifierStyle(StrEnum):
    """How the words of a name are joined."""

    SNAKE = "snake_case"
    TITLE_SNAKE = "Title_Snake"
    UPPER_SNAKE = "UPPER_SNAKE"
    CAMEL = "camelCase"
    PASCAL = "PascalCase"
    JOINED = "joined"
    SPACED = "spaced words"


class Prefix(StrEnum):
    """What column names do with their table's name."""

    NONE = "none"
    DROP = "drop"  # artist.artist_name becomes name
    GENERIC = "generic"  # artist.name becomes artist_name
    SHORT = "short"  # every column of student begins with stu


@dataclass(frozen=True, slots=True)
class NamingStyle:
    """The habits of one database; the rates are probabilities per name."""

    identifiers: IdentifierStyle
    table_identifiers: IdentifierStyle
    plural_tables: bool
    prefix: Prefix
    key_suffix: str
    bare_key: bool
    role_keys: bool
    upper_id: bool
    synonym_rate: float
    table_synonym_rate: float
    abbreviation_rate: float

    def spell_column(self, words: Sequence[str]) -> str:
        """The words as the name of a column."""
        return self._spell(words, self.identifiers)

    def spell_table(self, words: Sequence[str]) -> str:
        """The words as the name of a table."""
        return self._spell(words, self.table_identifiers)

    def _spell(self, words: Sequence[str], style: IdentifierStyle) -> str:
        match style:
            case IdentifierStyle.SNAKE:
                return "_".join(words)
            case IdentifierStyle.UPPER_SNAKE:
                return "_".join(words).upper()
            case IdentifierStyle.TITLE_SNAKE:
                return "_".join(self._capital(word) for word in words)
            case IdentifierStyle.CAMEL:
                return words[0] + "".join(self._capital(word) for word in words[1:])
            case IdentifierStyle.PASCAL:
                return "".join(self._capital(word) for word in words)
            case IdentifierStyle.JOINED:
                return "".join(words)
        return " ".join(words)

    def _capital(self, word: str) -> str:
        return "ID" if word == "id" and self.upper_id else word[:1].upper() + word[1:]


# Tables are often spelled otherwise than columns: table stadium, column Stadium_ID.
_TABLE_STYLES = {
    IdentifierStyle.SNAKE: (*[IdentifierStyle.SNAKE] * 8, IdentifierStyle.PASCAL, IdentifierStyle.TITLE_SNAKE),
    IdentifierStyle.TITLE_SNAKE: (IdentifierStyle.SNAKE, IdentifierStyle.SNAKE, IdentifierStyle.TITLE_SNAKE),
    IdentifierStyle.PASCAL: (IdentifierStyle.PASCAL, IdentifierStyle.PASCAL, IdentifierStyle.SNAKE),
    IdentifierStyle.CAMEL: (IdentifierStyle.CAMEL, IdentifierStyle.PASCAL),
}


def draw_naming_style(rng: random.Random) -> NamingStyle:
    """The habits of one invented database."""
    weights = {
        IdentifierStyle.SNAKE: 50,
        IdentifierStyle.TITLE_SNAKE: 14,
        IdentifierStyle.PASCAL: 13,
        IdentifierStyle.CAMEL: 8,
        IdentifierStyle.JOINED: 7,
        IdentifierStyle.UPPER_SNAKE: 5,
        IdentifierStyle.SPACED: 3,
    }
    prefixes = {Prefix.NONE: 62, Prefix.DROP: 14, Prefix.GENERIC: 16, Prefix.SHORT: 8}
    suffixes = {"id": 88, "no": 4, "key": 3, "num": 2, "code": 3}
    columns = weighted(weights, rng)
    bare_key = rng.random() < 0.35
    return NamingStyle(
        identifiers=columns,
        table_identifiers=rng.choice(_TABLE_STYLES.get(columns, (columns,))),
        plural_tables=rng.random() < 0.4,
        prefix=weighted(prefixes, rng),
        key_suffix="id" if bare_key else weighted(suffixes, rng),
        bare_key=bare_key,
        role_keys=rng.random() < 0.5,
        upper_id=rng.random() < 0.5,
        synonym_rate=rng.choice((0.1, 0.3, 0.5)),
        table_synonym_rate=rng.choice((0.05, 0.2, 0.35)),
        abbreviation_rate=rng.choice((0.0, 0.0, 0.0, 0.15, 0.5)),
    )


def weighted(weights: dict[T, int], rng: random.Random) -> T:
    """One of the keys, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


def readable_words(phrase: str) -> list[str]:
    """The words of a phrase that could be an identifier (plain, at most three); empty when it could not."""
    return phrase.split() if _READABLE.fullmatch(phrase) else []


def with_prefix(words: list[str], table_words: list[str], style: NamingStyle) -> list[str]:
    """The words of a column name after the table's name was dropped or added."""
    size = len(table_words)
    has_prefix = words[:size] == table_words and len(words) > size
    if style.prefix is Prefix.DROP and has_prefix:
        return words[size:]
    if style.prefix is Prefix.GENERIC and len(words) == 1 and words[0] in _GENERIC_WORDS:
        return [table_words[-1], *words]
    if style.prefix is Prefix.SHORT:
        return [table_words[0][:3], *(words[size:] if has_prefix else words)]
    return words


def abbreviated(words: list[str], rate: float, rng: random.Random) -> list[str]:
    """The words with some of them, or all together, in their usual short form."""
    if rng.random() >= rate:
        return words
    short = abbreviations()
    if whole := short.get(" ".join(words)):
        return rng.choice(whole).split("_")
    return [rng.choice(short[word]) if word in short else word for word in words]


def first_free(
    candidates: Sequence[list[str]], taken: set[str], spell: Callable[[Sequence[str]], str]
) -> tuple[str, list[str]]:
    """The first candidate whose spelling is neither taken (case-blind) nor reserved, with its words; notes it as taken.

    The last candidate gets a number when nothing else is free.
    """
    numbered = ([*candidates[-1], str(number)] for number in range(2, 1000))
    for words in chain(candidates, numbered):
        name = spell(words)
        if name.lower() not in taken and name.lower() not in _SQLITE_RESERVED:
            taken.add(name.lower())
            return name, list(words)
    raise AssertionError("unreachable: a thousand names are taken")
