"""What a column of a user's database holds, guessed from its type, its name's words and sampled values. Pure."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Sequence
from typing import Any

from coderag_app.files import yaml_beside
from coderag_app.schema.tables import Column

_FLAG_SETS = tuple(
    frozenset(values) for values in (("y", "n"), ("t", "f"), ("yes", "no"), ("true", "false"), ("0", "1"))
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}")
_DATA: dict[str, Any] = yaml_beside(__file__, "kinds.yaml")
_MONEY: frozenset[str] = frozenset(_DATA["money"])
_PERCENT: frozenset[str] = frozenset(_DATA["percent"])
_RATING: frozenset[str] = frozenset(_DATA["rating"])
_LABELS: frozenset[str] = frozenset(_DATA["labels"])
_PLACES: dict[str, str] = _DATA["places"]
_CONTACTS: dict[str, str] = _DATA["contacts"]
_PROSE: frozenset[str] = frozenset(_DATA["prose"])
_PEOPLE: frozenset[str] = frozenset(_DATA["people"])
_LONGEST_NAME = 60
_CATEGORY_REPEATS = 0.5  # distinct values over filled rows; below it the values are a choice rather than names


def plain_value(value: Any) -> Any:
    """A value as the patterns write it: numbers, texts and ISO dates; None for what has no literal."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value if isinstance(value, int | float | str) else None


def kind_of(column: Column, words: tuple[str, ...], filled: Sequence[Any], about_people: bool) -> str:
    """One of the kinds that patterns know (``domains/README.md``).

    Args:
        column: As declared.
        words: Its name's words, short forms written out.
        filled: Sampled values without NULLs, one for each row, as ``plain_value`` gives them; one type.
        about_people: Whether the table's rows are people.
    """
    last = words[-1]
    if column.primary_key and last in ("id", "key") or words == ("id",):
        return "key"
    distinct = set(filled)
    if _is_flag(column, words, distinct):
        return "flag"
    if filled and all(isinstance(value, str) for value in filled):
        return _text_kind(words, filled, distinct, about_people)
    if not filled and not column.is_numeric:
        return "date" if "DATE" in column.type.upper() or last == "date" else "text"
    return _number_kind(column, words, filled)


def _is_flag(column: Column, words: tuple[str, ...], distinct: set[Any]) -> bool:
    if column.type.upper().startswith(("BOOL", "BIT")):
        return True
    said = words[0] in ("is", "has", "was", "can") or words[-1] in ("flag", "yn")
    lowered = frozenset(str(value).strip().lower() for value in distinct)
    return bool(lowered) and any(lowered <= flags for flags in _FLAG_SETS) and (said or len(lowered) == 2)


def _number_kind(column: Column, words: tuple[str, ...], filled: Sequence[Any]) -> str:
    last = words[-1]
    whole = all(float(value).is_integer() for value in filled)
    years = bool(filled) and whole and all(1500 <= value <= 2200 for value in filled)
    if "year" in words and (years or not filled) and words[0] not in ("number", "years"):
        return "year"
    if last in _LABELS and words[0] not in ("number", "total") and not (last == "number" and "of" in words):
        return "key" if last in ("id", "key") else "code"
    if _MONEY & set(words) and words[0] not in ("number", "count"):
        return "money"
    if last in _PERCENT:
        return "percent"
    if last in _RATING and not whole:
        return "rating"
    return "int" if whole else "decimal"


def _text_kind(words: tuple[str, ...], filled: Sequence[str], distinct: set[Any], about_people: bool) -> str:
    last, longest = words[-1], max(map(len, filled))
    if all(_NUMBER.fullmatch(value) for value in filled):  # compared as texts by the database: no amounts
        return "one" if _repeats(filled, distinct) else "code"
    if all(_MOMENT.match(value) for value in filled):
        return "datetime"
    if all(_DAY.fullmatch(value) for value in filled):
        return "date"
    if words[-2:] == ("first", "name") or words[-2:] == ("given", "name") or last == "forename":
        return "first_name"
    if words[-2:] in (("last", "name"), ("family", "name")) or last == "surname":
        return "last_name"
    if last in _PROSE or longest > _LONGEST_NAME:
        return "text"
    for said, kinds in ((words[-1:], _PLACES), (words, _CONTACTS)):
        found = next((kinds[word] for word in said if word in kinds), None)
        if found is not None:
            return found
    if last in ("name", "title"):
        person = (about_people or bool(_PEOPLE & set(words[:-1]))) and last == "name" and not _repeats(filled, distinct)
        return "person" if person else "name"
    if last in _LABELS and not _repeats(filled, distinct):
        return "code"
    if last in _PEOPLE and not _repeats(filled, distinct):
        return "person"
    return "one" if _repeats(filled, distinct) else "name"


def _repeats(filled: Sequence[Any], distinct: set[Any]) -> bool:
    return len(distinct) <= max(2, _CATEGORY_REPEATS * len(filled))


def is_about_people(nouns: Sequence[str], columns: Sequence[tuple[str, ...]]) -> bool:
    """Whether a table's rows are people: by its nouns, or by columns that people alone have."""
    if any(noun.split()[-1] in _PEOPLE for noun in nouns):
        return True
    said = {" ".join(words) for words in columns}
    return bool(said & {"first name", "last name", "date of birth", "birth date", "gender", "sex", "nationality"})
