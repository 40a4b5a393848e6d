"""Words for bounds as people say them: "aged 25 or older", "costing more than 30", "founded before 1990"."""

from __future__ import annotations

import re
from typing import Any

from coderag_app.files import yaml_beside
from finetune.synthesis import wording
from finetune.synthesis.patterns.draw import Draw

_DATED = re.compile(r"(?:year|date)(?: it was| of)? (.+)|(.+) (?:year|date)")
_DATA: dict[str, Any] = yaml_beside(__file__, "bounds.yaml")
_PARTICIPLES: dict[str, str] = _DATA["participles"]
_GERUNDS: dict[str, str] = _DATA["gerunds"]
_SIDES: dict[str, str] = _DATA["sides"]
_AGE_SIDES: dict[str, str] = _DATA["age_sides"]
_AFTER: dict[str, str] = _DATA["after"]
_YEARS: dict[str, str] = _DATA["years"]


def participle(phrase: str) -> str:
    """What was done at a date or in a year: "hired" for "hiring date", else nothing.

    >>> participle("founding year"), participle("date of birth"), participle("due date")
    ('founded', 'born', '')
    """
    found = _DATED.fullmatch(phrase.lower())
    return _PARTICIPLES.get((found[1] or found[2]) if found else phrase.lower(), "")


def year_bound(draw: Draw, operator: str, value: str, done: bool = False) -> str:
    """Words such as "after 1990", "in 1990 or later", and after a participle ``done`` "since 1990"."""
    if done and operator == ">=" and draw.chance(0.4):
        return draw.say("[since {value}|since {value}|from {value} on]", value=value)
    words = draw.say(_YEARS[operator].replace("{value}", value))
    return words if value in words else f"{words} {value}"


def decade(year: int) -> tuple[int, int, str]:
    """The first and last year of the year's decade, and its words: "in the 1990s"."""
    first = year // 10 * 10
    return first, first + 9, f"in the {first}s"


def after_number(draw: Draw, phrase: str, operator: str, value: str) -> str:
    """Words with the bound after the number, for ``>=`` and ``<=``: "with an age of 25 or older"."""
    degrees = wording.degrees_of(phrase)
    adjectives = (degrees.more if operator == ">=" else degrees.less) if degrees else ()
    side = draw.choice(adjectives) if adjectives and draw.chance(0.6) else draw.say(_AFTER[operator])
    counted = phrase.removeprefix("number of ")
    if counted != phrase or wording.is_plural(phrase):
        side = "more" if operator == ">=" else draw.choice(("fewer", "less"))
        return draw.say(
            "[with|that <have>|having] {value} or {side} {counted}", value=value, side=side, counted=counted
        )
    if phrase == "age" and draw.chance(0.5):
        return draw.say("[aged|who <are>|aged] {value} or {side}", value=value, side=side)
    return draw.say(
        "[with a {column} of {value} or {side}|whose {column} is {value} or {side}|with {column} {value} or {side}|"
        "that <have> a {column} of {value} or {side}]",
        column=phrase, value=value, side=side,
    )  # fmt: skip


def verbal(draw: Draw, phrase: str, operator: str, value: str) -> str:
    """Words with a verb of the measure: "costing more than 30", "aged over 25"; nothing where there is none."""
    verb = _GERUNDS.get(phrase)
    if verb is None:
        return ""
    sides = _AGE_SIDES if phrase == "age" else _SIDES
    if phrase == "age" and operator in "<>" and draw.chance(0.5):
        return draw.say("[{side} the age of {value}|{side} {value} years old]", side=sides[operator], value=value)
    return draw.say(f"{verb} {sides[operator]} {{value}}", value=value)


def people_bound(draw: Draw, phrase: str, operator: str, value: str) -> str:
    """Words for a population: "with more than 500 people"; nothing for another measure."""
    if phrase not in ("population", "inhabitants", "number of inhabitants"):
        return ""
    side = _SIDES[operator].replace("less than", "fewer than")
    return draw.say(f"[with|that <have>|having] {side} {{value}} [people|inhabitants|residents]", value=value)
