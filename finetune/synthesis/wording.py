"""Words shared by all question patterns: a small template grammar, openers, plurals, comparatives and superlatives.

A template is a format string with choices: ``"[show|list] the {columns} of [all|all the] {rows}"``. Choices may nest
and may be empty; ``<show>`` stands for a fragment of ``FRAGMENTS``. Choices are made before the slots are filled,
so stored values may hold any character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from coderag_app.files import yaml_beside
from coderag_app.schema.name_words import NUMBER_WORDS
from finetune.synthesis import inflection

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_FRAGMENT = re.compile(r"<(\w+)>")
_SPACES = re.compile(r"\s+")
_SECOND_REQUEST = re.compile(
    r"[.?] (?:Sort|Order|List|Show|Give|Find|Return|Display|Get|Report|Provide|Retrieve|Please|Tell|Also)\b"
)
_ASKING = ("what", "which", "who", "how", "are", "is", "do", "does", "can", "could", "whose", "when", "where")
_SPACE_BEFORE = re.compile(r"\s+([,.?!;])")

_DATA: dict[str, Any] = yaml_beside(__file__, "wording.yaml")
FRAGMENTS: dict[str, str] = _DATA["fragments"]


def expand(template: str, rng: Random) -> str:
    """Make the template's choices; ``{slots}`` stay."""
    template = _FRAGMENT.sub(lambda match: FRAGMENTS.get(match[1], match[0]), template)
    while "[" in template:
        template = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), template)
    return template


def say(rng: Random, template: str, /, **slots: object) -> str:
    """Expand a template, then fill its slots."""
    return expand(template, rng).format(**slots)


def finish(text: str, rng: Random) -> str:
    """Tidy spaces and articles, start with a capital and end as a question or a request does, mostly."""
    text = _SPACE_BEFORE.sub(r"\1", _SPACES.sub(" ", text)).strip()
    ends = text[-1] in ".?!"
    if not ends and rng.random() < 0.88:
        text += "?" if _is_question(text) else "."
    style = rng.random()
    if style < 0.045:
        return _as_typed(text, rng)
    return text if style < 0.08 else text[0].upper() + text[1:]


def _as_typed(text: str, rng: Random) -> str:
    """As somebody types in a hurry: in lower case, without the last full stop, sometimes without "what is the"."""
    if "'" not in text and '"' not in text and rng.random() < 0.7:
        text = text.lower()
    text = text[0].lower() + text[1:]
    return text.rstrip(".?") if rng.random() < 0.8 else text


def _is_question(text: str) -> bool:
    if _SECOND_REQUEST.search(text):
        return False
    lower = text.lower()
    if lower.startswith(("for each", "for every", "among", "of all")):
        return any(f", {word} " in lower for word in _ASKING)
    return lower.split(" ", 1)[0] in _ASKING or lower.startswith(("in which", "from which", "for which"))


def number_word(value: int, rng: Random, share: float = 0.3) -> str:
    """A small whole number, sometimes as a word."""
    return NUMBER_WORDS[value] if 0 < value < len(NUMBER_WORDS) and rng.random() < share else str(value)


def number_words(value: int) -> tuple[str, ...]:
    """All ways in which ``number_word`` may write the value."""
    return (str(value), NUMBER_WORDS[value]) if 0 < value < len(NUMBER_WORDS) else (str(value),)


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase is in the plural already: "seats", "lines of code"."""
    parts = _SPLIT.match(phrase)
    word = (parts[1] if parts else phrase).rpartition(" ")[2]
    return word.endswith("s") and word.isalpha() and not word.endswith(("ss", "us", "is", "news", "series", "species"))


def agree_with(text: str, phrase: str) -> str:
    """Make the article before and the verb after a column's phrase agree with it."""
    if phrase not in text:
        return text
    if is_plural(phrase):
        text = text.replace(f" a {phrase}", f" {phrase}").replace(f"{phrase} is ", f"{phrase} are ")
        for verb in ("contain", "include", "start", "begin", "end", "equal", "lie"):
            text = text.replace(f"{phrase} {verb}s ", f"{phrase} {verb} ")
        return text
    return text.replace(f" a {phrase}", f" {with_article(phrase)}")


def with_article(phrase: str) -> str:
    """The phrase after "a" or "an"."""
    return f"{'an' if phrase[:1].lower() in 'aeiou' and phrase[:2] not in ('un', 'us', 'eu', 'on') else 'a'} {phrase}"


def join_words(words: Sequence[str], rng: Random, last: str = "and") -> str:
    """Join with commas and a final conjunction."""
    words = _shared_heads(words, rng)
    if len(words) == 1:
        return words[0]
    if len(words) == 2 and last == "and":
        link = rng.choice(("and",) * 8 + ("and the", "as well as", "along with", "together with"))
        return f"{words[0]} {link} {words[1]}"
    comma = "," if len(words) > 2 and rng.random() < 0.5 else ""
    return f"{', '.join(words[:-1])}{comma} {last} {words[-1]}"


def _shared_heads(words: Sequence[str], rng: Random) -> list[str]:
    """Two neighbours with the same last word said together: "first and last name"."""
    words = list(words)
    for number in range(len(words) - 1):
        one, other = words[number].split(" "), words[number + 1].split(" ")
        if len(one) == len(other) == 2 and one[1] == other[1] and rng.random() < 0.5:
            return [*words[:number], f"{one[0]} and {' '.join(other)}", *words[number + 2 :]]
    return words


_VERB = re.compile(
    r"^(?:\w+(?<!e)ed|taken|kept|held|sold|made|paid|on|at|by|out|began|since|built|spent|won|lost|sent|first|last)$"
)
_SPLIT = re.compile(r"^(.*?)( (?:of|in|at|on|for|to|with|by|from|per|they|held|before|after|as|used|when)\b.*)$")


def plural(phrase: str) -> str:
    """Plural of a noun phrase; its head is the word before the first preposition, else the last word."""
    parts = _SPLIT.match(phrase)
    head, tail = (parts[1], parts[2]) if parts else (phrase, "")
    before, _, word = head.rpartition(" ")
    if _VERB.search(word):
        return f"{plural(before)} {word}{tail}" if before else phrase
    return f"{before} {_plural_word(word)}{tail}".strip()


def _plural_word(word: str) -> str:
    if (
        not word
        or not word.isalpha()
        or word.isupper()
        or (word.endswith("s") and not word.endswith(("ss", "us", "is")))
    ):
        return word
    return inflection.plural(word)


@dataclass(frozen=True, slots=True)
class Degrees:
    """Adjectives of a measured quality: comparatives ("older") and superlatives ("oldest"), both directions."""

    more: tuple[str, ...]
    less: tuple[str, ...]
    most: tuple[str, ...]
    least: tuple[str, ...]


def _degrees(more: str, less: str, most: str, least: str) -> Degrees:
    def split(words: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in words.split(",") if word.strip())

    return Degrees(split(more), split(less), split(most), split(least))


_AGE = _degrees("older", "younger", "oldest", "youngest")
_TIME = _degrees("later", "earlier", "latest, most recent, newest", "earliest, oldest")
_LONG = _degrees("longer", "shorter", "longest", "shortest")
_SIZE = _degrees("larger, bigger", "smaller", "largest, biggest", "smallest")
_COST = _degrees(
    "more expensive, pricier", "cheaper", "most expensive, priciest, costliest", "cheapest, least expensive"
)
_PAID = _degrees("", "", "highest paid, best paid", "lowest paid, worst paid")
_RATED = _degrees("rated higher", "rated lower", "best rated, highest rated, top rated", "worst rated, lowest rated")

DEGREES = {
    **dict.fromkeys(("age",), _AGE),
    **dict.fromkeys(("price", "cost", "fare", "rent", "rate per night", "nightly rate"), _COST),
    **dict.fromkeys(("salary", "pay", "wage", "earnings"), _PAID),
    **dict.fromkeys(("rating", "stars", "star rating", "score"), _RATED),
    **dict.fromkeys(("height", "stature"), _degrees("taller", "shorter", "tallest", "shortest")),
    **dict.fromkeys(("elevation", "altitude"), _degrees("higher", "lower", "highest", "lowest")),
    **dict.fromkeys(("length", "duration", "running time", "run time", "minutes", "playing time"), _LONG),
    **dict.fromkeys(("population", "inhabitants"), _degrees("", "", "most populous", "least populous")),
    **dict.fromkeys(("capacity", "size", "area", "surface", "floor space", "seats", "headcount", "enrolment"), _SIZE),
    **dict.fromkeys(("weight", "mass"), _degrees("heavier", "lighter", "heaviest", "lightest")),
    **dict.fromkeys(("distance",), _degrees("farther", "nearer", "farthest", "nearest")),
    **dict.fromkeys(("depth",), _degrees("deeper", "shallower", "deepest", "shallowest")),
    **dict.fromkeys(("speed", "top speed"), _degrees("faster", "slower", "fastest", "slowest")),
    **dict.fromkeys(("horsepower", "power"), _degrees("", "", "most powerful", "least powerful")),
    **dict.fromkeys(("wealth", "net worth", "fortune"), _degrees("", "", "richest", "poorest")),
    **dict.fromkeys(("temperature",), _degrees("hotter", "colder", "hottest", "coldest")),
    **dict.fromkeys(("popularity", "followers"), _degrees("", "", "most popular", "least popular")),
    **dict.fromkeys(("width",), _degrees("wider", "narrower", "widest", "narrowest")),
    **dict.fromkeys(("volume", "loudness"), _degrees("", "", "loudest", "quietest")),
    **dict.fromkeys(("profit", "profitability"), _degrees("", "", "most profitable", "least profitable")),
    **dict.fromkeys(("birth year", "year of birth", "birth date", "date of birth", "birthday"),
                    _degrees("", "", "youngest", "oldest")),
    **dict.fromkeys(("founding year", "year founded", "founded", "foundation year", "founding date"),
                    _degrees("", "", "newest, youngest", "oldest")),
    **dict.fromkeys(("year", "date", "time"), _TIME),
}  # fmt: skip


def degrees_of(phrase: str) -> Degrees | None:
    """The adjectives for a column said that way: by the whole phrase, its last two words or its head."""
    words = phrase.lower().split(" of ")[0].split() if "birth" not in phrase else phrase.lower().split()
    for key in (phrase.lower(), " ".join(words[-2:]), words[-1] if words else ""):
        if key in DEGREES:
            return DEGREES[key]
    return None
