"""The word lists under ``words/`` and the proper names built from them."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

WORDS_DIRECTORY = Path(__file__).parent / "words"

_SLOT = re.compile(r"\{(\w+)\}")


@cache
def word_list(name: str) -> tuple[str, ...]:
    """The items of ``words/<name>.txt``, one a line; lines that begin with # are comments."""
    lines = (WORDS_DIRECTORY / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def abbreviations() -> dict[str, tuple[str, ...]]:
    """Usual short forms by the words they stand for ("phone number" is one entry)."""
    pairs = (line.split(" = ") for line in word_list("abbreviations"))
    return {long: tuple(short.split(", ")) for long, short in pairs}


@cache
def short_forms() -> frozenset[str]:
    """Every single-word abbreviation that is not a word of its own."""
    return frozenset(short for shorts in abbreviations().values() for short in shorts) - {"first", "last"}


def proper_name(sort: str, rng: random.Random) -> str:
    """An invented name of that sort of thing: a company, a song, a dog."""
    pieces = rng.choice(_templates(sort))
    return "".join(_filled(piece, sort, rng) if odd else piece for odd, piece in pieces)


def coined_word(rng: random.Random) -> str:
    """An invented word that can be pronounced, capitalised."""
    rimes = word_list("rimes")
    middle = rng.choice(("", "", "an", "ar", "el", "en", "id", "il", "ol", "or"))
    return (rng.choice(word_list("onsets")) + middle + rng.choice(rimes)).capitalize()


def _filled(slot: str, sort: str, rng: random.Random) -> str:
    if slot == "sort":
        return sort.replace("_", " ").title()
    if slot == "coined":
        return coined_word(rng)
    if slot == "digit":
        return rng.choice("123456789")
    if slot == "letter":
        return rng.choice("ABCDEGKLMQRSTVXZ")
    if slot == "colors":
        return rng.choice(word_list("colors")).capitalize()
    return rng.choice(word_list(slot))


@cache
def _templates(sort: str) -> tuple[tuple[tuple[bool, str], ...], ...]:
    """The templates of a sort, each cut into (is a slot, text) pieces."""
    by_sort = _templates_by_sort()
    words = re.split(r"[ _]", sort)
    key = next((k for k in (sort, words[-1], words[0]) if k in by_sort), "*")
    return tuple(
        tuple((bool(i % 2), piece) for i, piece in enumerate(_SLOT.split(template)) if piece)
        for template in by_sort[key]
    )


@cache
def _templates_by_sort() -> dict[str, tuple[str, ...]]:
    by_sort: dict[str, tuple[str, ...]] = {}
    for line in word_list("name_templates"):
        sorts, _, templates = line.partition(" = ")
        for sort in sorts.split(", "):
            by_sort.setdefault(sort, tuple(templates.split("; ")))
    return by_sort
