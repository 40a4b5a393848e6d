"""How people say that a yes-or-no column says yes or no: "are active", "do not want the newsletter"."""

from __future__ import annotations

from typing import Any

from coderag_app.files import yaml_beside
from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import Doing
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import literal, name_words

_DATA: dict[str, Any] = yaml_beside(__file__, "flag_words.yaml")
YES: frozenset[str] = frozenset(_DATA["yes"])
_VERBS: dict[str, str] = _DATA["verbs"]
_PARTICIPLES: dict[str, str] = _DATA["participles"]
_MASS: frozenset[str] = frozenset(_DATA["mass"])
_OPPOSITES: dict[str, str] = _DATA["opposites"]


def says_yes(value: object) -> bool:
    """Whether the stored value means yes."""
    return str(value).lower() in YES


def verb_of(column: DescribedColumn, phrase: str) -> tuple[str, str]:
    """The verb in the third person and its object, or "is" and what the rows are.

    The verb opens the phrase ("wants newsletter") or the column's name only (``has_parking``, said "parking").
    """
    phrase = phrase.removesuffix(" flag")
    first, _, rest = phrase.partition(" ")
    if first in ("is", "are", "was") and rest:
        return "is", rest
    if first in _VERBS:
        return first, rest
    named = name_words(column.name).split()[0]
    named = _PARTICIPLES.get(named, named)
    return (named if named in _VERBS else "is"), phrase


def flag_phrase(draw: Draw, table: DescribedTable, column: DescribedColumn) -> str:
    """A way to say the column, with its verb where it needs one: "has showers", although it is named "showers"."""
    phrases = draw.lookup.phrases[table.name, column.name]
    return draw.choice(phrases) if verb_of(column, phrases[0])[0] == "is" else phrases[0]


def flag_doing(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str, value: object = None) -> Doing:
    """That the column says yes, or no: the given value, else any."""
    value = draw.choice(column.values) if value is None else value
    verb, words = verb_of(column, flag_phrase(draw, table, column))
    sql, yes = f"{ref} = {literal(value)}", says_yes(value)
    if verb == "is":
        opposite = _OPPOSITES.get(words)
        if opposite and not yes and draw.chance(0.4):
            return Doing(sql, f"are {opposite}", f"is {opposite}")
        marked = "marked as " if draw.chance(0.05) else ""
        no = "" if yes else draw.choice(("not ", "not ", "not ", "not currently ", "no longer "))
        if no == "no longer " and words.endswith("ed"):
            no = "not "
        return Doing(sql, f"are {no}{marked}{words}", f"is {no}{marked}{words}")
    many, thing = _VERBS[verb], flag_object(draw, verb, words)
    if yes:
        return Doing(sql, f"{many} {thing}".strip(), f"{verb} {thing}".strip())
    if verb == "has" and draw.chance(0.5):
        return Doing(sql, f"have no {words}", f"has no {words}")
    loose = thing.replace("a ", "any ", 1) if thing.startswith("a ") and draw.chance(0.1) else thing
    short, long = ("don't", "doesn't") if draw.chance(0.3) else ("do not", "does not")
    return Doing(sql, f"{short} {many} {loose}".strip(), f"{long} {many} {loose}".strip())


def acting(draw: Draw, verb: str, words: str, yes: bool) -> str:
    """The verb after a noun of either number: "wanting the newsletter", "not wanting the newsletter"."""
    base, thing = _VERBS[verb], flag_object(draw, verb, words)
    return f"{'' if yes else 'not '}{base.removesuffix('e')}ing {thing}".strip()


def flag_object(draw: Draw, verb: str, words: str) -> str:
    """The object with its article."""
    last = words.rpartition(" ")[2]
    if not words or last in _MASS or wording.is_plural(words) or verb in ("works", "lives", "speaks", "plays"):
        return words
    if verb in ("wants", "gets", "receives"):
        return words if " by " in words else f"the {words}"
    return wording.with_article(words)


def flag_column(draw: Draw, table: DescribedTable, besides: tuple[str, ...] = ()) -> DescribedColumn | None:
    """A yes-or-no column that says both."""
    return draw.column(table, ("flag",), besides, 2)
