"""The words in an identifier: cut at signs and capitals, glued words cut apart, usual short forms written out."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import cache, lru_cache

from coderag_app.errors import ModelError
from finetune.synthesis.inflection import IRREGULAR_SINGULARS, plural
from finetune.synthesis.word_lists import abbreviations

_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")
_CAPITALISED = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORT_WORDS = frozenset("id no of in to by at on is".split())
_LONGEST_PIECE = 16
_SPLIT_COST = 6.0  # in units of log rank: two pieces must be this much more usual than one odd word
_NOT_EXPANDED = frozenset("first last no reg trans status dt org".split())


def words_of(name: str, known: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """An identifier's words in lower case, as they stand but cut apart.

    Args:
        name: The identifier, in any style and any script.
        known: Words of this database's other names, which glued words may be made of.

    >>> words_of("SongReleaseYear"), words_of("date_of_birth"), words_of("HTTPStatus_2")
    (('song', 'release', 'year'), ('date', 'of', 'birth'), ('http', 'status', '2'))
    """
    runs = _LETTERS_OR_DIGITS.findall(unicodedata.normalize("NFC", name))
    parts = [part.lower() for run in runs for part in (_CAPITALISED.findall(run) if run.isascii() else ()) or (run,)]
    return tuple(word for part in parts for word in _unglued(part, known)) or (name.strip().lower() or "column",)


def written_out(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with short forms written out: ``dob`` as date of birth, ``fname`` as first name.

    >>> written_out(("cust", "dob")), written_out(("l", "name"))
    (('customer', 'date', 'of', 'birth'), ('last', 'name'))
    """
    whole = "".join(words)
    if len(words) > 1 and whole in _long_forms():
        return tuple(_long_forms()[whole].split())
    return tuple(part for word in words for part in _long_forms().get(word, word).split())


def is_usual(word: str) -> bool:
    """Whether it is a word of the encoder's vocabulary."""
    return word in _word_ranks()


_PLURAL_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe"))


@lru_cache(maxsize=4096)
def singular(noun: str) -> str:
    """The singular of a noun phrase that may be a plural; of several that are possible, the one that is a usual word.

    >>> singular("cities"), singular("order items"), singular("people"), singular("status"), singular("movies")
    ('city', 'order item', 'person', 'status', 'movie')
    """
    head, space, word = noun.rpartition(" ")
    if word in IRREGULAR_SINGULARS and word not in ("media", "data"):
        return f"{head}{space}{IRREGULAR_SINGULARS[word]}"
    if len(word) < 4 or word.endswith(("ss", "us", "is")) or plural(word) == word:
        return noun
    stems = [word[: -len(end)] + stem for end, stem in _PLURAL_ENDINGS if word.endswith(end)]
    found = [stem for stem in stems if len(stem) > 1 and (plural(stem) == word or stem + "s" == word)]
    usual = [stem for stem in found if is_usual(stem)]
    return f"{head}{space}{(usual or found or [word])[0]}"


@cache
def _long_forms() -> dict[str, str]:
    found: dict[str, str] = {}
    for long, shorts in abbreviations().items():
        for short in shorts:
            if "_" not in short and short not in _NOT_EXPANDED:
                found.setdefault(short, long)
    return found


@lru_cache(maxsize=4096)
def _unglued(word: str, known: frozenset[str]) -> tuple[str, ...]:
    """A word cut into known ones where that is plainly better: ``airportcode``; else the word itself."""
    ranks = _word_ranks()
    if len(word) < 5 or word in ranks or word in known or not (word.isascii() and word.isalpha()) or not ranks:
        return (word,)
    best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_PIECE), end):
            before, piece = best[start], word[start:end]
            cost = _cost(piece, known)
            if before is None or cost is None:
                continue
            found = (before[0] + cost + _SPLIT_COST, (*before[1], piece))
            if best[end] is None or found < best[end]:  # type: ignore[operator]
                best[end] = found
    whole = best[len(word)]
    return whole[1] if whole is not None and len(whole[1]) <= 3 else (word,)


def _cost(piece: str, known: frozenset[str]) -> float | None:
    if piece in known and len(piece) > 1:
        return 1.0
    if len(piece) < 3 and piece not in _SHORT_WORDS:
        return None
    rank = _word_ranks().get(piece)
    return math.log(rank) if rank is not None else None


@cache
def _word_ranks() -> dict[str, int]:
    """Whole words of the encoder's vocabulary by how usual they are; empty where the encoder is not there."""
    from coderag_app.encoders.encoder_loading import minilm_folder

    try:
        lines = (minilm_folder()[0] / "vocab.txt").read_text(encoding="utf-8").splitlines()
    except (ModelError, OSError):
        return {}
    return {word: rank for rank, word in enumerate(lines, start=1) if word.isascii() and word.isalpha()}
