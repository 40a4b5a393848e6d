"""Names of tables and columns as plain words: stems, singular and plural. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import snowballstemmer

NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z\u00df-\u024f]+|[A-Z]+|\d+|[^\W\d_]+")
_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "staff": "staff", "series": "series",
    "species": "species", "news": "news", "data": "data", "status": "status", "movies": "movie", "address": "address",
    "sales": "sale", "stock": "stock",
}  # fmt: skip
_PLURALS = {singular: plural for plural, singular in _IRREGULAR.items()}
_ABBREVIATIONS = {"fname": "first name", "lname": "last name", "dob": "date of birth", "qty": "quantity"}
_PERSON_NAMES = {"f name": "first name", "l name": "last name"}
_IDENTIFIER_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[A-Z]", re.UNICODE)
_MIN_NAMES, _SHARE_OF_NAMES = 3, 0.6  # that must begin with the same word
_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=16_384)  # inferring keys asks for each name of a large schema 30 times
def identifier_words(name: str) -> str:
    """An identifier as lowercase words.

    >>> identifier_words("songReleaseYear"), identifier_words("flight_2"), identifier_words("SBCustID")
    ('song release year', 'flight 2', 'sb cust id')

    Common abbreviations are written out: ``fname`` is ``first name``.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = (word.lower() for word in _IDENTIFIER_PARTS.findall(spaced))
    text = " ".join(_ABBREVIATIONS.get(word, word) for word in words) or "column"
    return _PERSON_NAMES.get(text, text)


def name_words(name: str) -> str:
    """An identifier as lowercase words.

    Example:
        >>> [name_words(name) for name in ("SongReleaseYear", "floor_area_m2", "customerID", "XMLFile")]
        ['song release year', 'floor area m 2', 'customer id', 'xml file']
    """
    return " ".join(part.lower() for part in _PARTS.findall(name))


def shared_prefix(names: Sequence[str]) -> str:
    """The first word of most names of a schema's tables, which tells none from the others; empty where there is none.

    A word that is the whole name of a table says something: of ``student``, ``student_course`` and ``student_grade``
    it is the noun.

    Example:
        >>> shared_prefix(("shop_order", "shop_customer", "shop_item", "auth_user"))
        'shop'
        >>> shared_prefix(("student", "student_course", "student_grade"))
        ''
    """
    words = [identifier_words(name).split() for name in names]
    first, count = Counter(each[0] for each in words).most_common(1)[0] if words else ("", 0)
    is_noun = any(len(each) == 1 and singular(each[0]) == singular(first) for each in words)
    return "" if is_noun or len(names) < _MIN_NAMES or count < _SHARE_OF_NAMES * len(names) else first


def singular(word: str) -> str:
    """A word without its plural ending.

    Example:
        >>> [singular(word) for word in ("stores", "cities", "boxes", "people", "class", "status")]
        ['store', 'city', 'box', 'person', 'class', 'status']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def plural(words: str) -> str:
    """Words with the last one in the plural.

    Example:
        >>> [plural(words) for words in ("order item", "country", "box", "stores", "person", "day")]
        ['order items', 'countries', 'boxes', 'stores', 'people', 'days']
    """
    head, _, last = words.rpartition(" ")
    if singular(last) != last or last in _IRREGULAR:
        shown = last
    elif last in _PLURALS:
        shown = _PLURALS[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        shown = last[:-1] + "ies"
    else:
        shown = last + ("es" if last.endswith(("s", "x", "ch", "sh", "z")) else "s")
    return f"{head} {shown}".strip()


@lru_cache(maxsize=16384)  # 250 bytes each
def stem(word: str) -> str:
    """The stem of a lowercase word: ``countries`` and ``country`` have the same."""
    return str(_stemmer.stemWord(word)) if word.isascii() else word


def shares_a_word(first: str, second: str) -> bool:
    """Whether two identifiers have a word in common, whatever its ending: ``orders`` and ``ordered_on``."""
    words = ({stem(word) for word in name_words(name).split()} for name in (first, second))
    return not next(words).isdisjoint(next(words))


@lru_cache(maxsize=16384)  # the names of a schema are the same for every question
def content_words(text: str) -> tuple[str, ...]:
    """The words of a phrase or identifier in the singular, to compare a phrase with a name.

    Example:
        >>> content_words("Order Dates"), content_words("order_date")
        (('order', 'date'), ('order', 'date'))
    """
    return tuple(singular(word) for word in name_words(text).split())
