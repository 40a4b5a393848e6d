"""Draws realistic values for one column: with repeats, skewed categories, plausible numbers, and some NULLs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from finetune.synthesis.domains import ColumnSpec
from finetune.synthesis.word_lists import proper_name, word_list

_FLAGS: tuple[tuple[Any, Any], ...] = (
    ("Y", "N"), ("T", "F"), (1, 0), ("yes", "no"), ("Yes", "No"), ("True", "False"), ("1", "0"),
)  # fmt: skip
LOOKUP_KINDS = frozenset({"city", "country", "region", "language", "nationality"})

_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_LISTS = {
    "city": "cities", "country": "countries", "region": "regions", "language": "languages",
    "nationality": "nationalities", "first_name": "first_names", "last_name": "last_names", "text": "sentences",
}  # fmt: skip
_MAIL_HOSTS = ("example.com", "example.org", "mail.example", "post.example")


@dataclass(frozen=True, slots=True)
class ValueStyle:
    """How one database encodes values: its yes and no, its phone numbers, its capitals."""

    yes_no: tuple[Any, Any]
    phone_pattern: str
    short_calendar: bool
    capital_colors: bool
    upper_choices: bool


def draw_value_style(rng: random.Random) -> ValueStyle:
    """The encodings of one invented database."""
    return ValueStyle(
        yes_no=rng.choices(_FLAGS, (14, 6, 60, 5, 5, 6, 4))[0],
        phone_pattern=rng.choice(("999-999-9999", "(999) 999-9999", "+99 999 999999", "9999999999", "(99) 9999 9999")),
        short_calendar=rng.random() < 0.25,
        capital_colors=rng.random() < 0.5,
        upper_choices=rng.random() < 0.08,
    )


def draw_values(spec: ColumnSpec, count: int, style: ValueStyle, rng: random.Random) -> list[Any]:
    """The values of a column (not for keys and references), one a row; none is None."""
    if spec.kind in _RANGES:
        return _RANGES[spec.kind](spec, count, rng)
    if spec.kind == "flag":
        share = rng.choice((0.2, 0.35, 0.5, 0.65, 0.8))
        return [style.yes_no[rng.random() >= share] for _ in range(count)]
    if spec.kind in ("person", "name", "email", "url", "code", "phone", "street"):
        return _mostly_distinct(lambda: _single(spec, style, rng), count, _REPEATS[spec.kind], rng)
    return _skewed(_pool(spec, style, rng), count, rng)


def draw_distinct_values(spec: ColumnSpec, style: ValueStyle, rng: random.Random) -> list[Any]:
    """Every value of a repeating kind once, in random order: the rows of a look-up table. Empty for other kinds."""
    if spec.kind == "one":
        return _pool(spec, style, rng)
    words = word_list(_LISTS[spec.kind]) if spec.kind in LOOKUP_KINDS else ()
    return rng.sample(words, len(words))


def draw_codes(pattern: str, count: int, rng: random.Random) -> list[str]:
    """Different codes of a pattern, where A is a letter and 9 a digit; longer ones once the pattern is used up."""
    codes: dict[str, None] = {}
    tries = 0
    while len(codes) < count:
        tries += 1
        codes[_from_pattern(pattern + "9" * (tries // (5 * count)), rng)] = None
    return list(codes)


def with_nulls(values: Sequence[Any], share: float, rng: random.Random) -> list[Any]:
    """The values with about that share of them replaced by None, at least one and never all."""
    rows = list(range(len(values)))
    empty = set(rng.sample(rows, min(max(1, round(share * len(rows))), len(rows) - 1)))
    return [None if row in empty else value for row, value in enumerate(values)]


def skewed_weights(count: int, rng: random.Random) -> list[float]:
    """Weights from nearly even to steeply falling, for picking among ``count`` things."""
    slope = rng.choice((0.0, 0.3, 0.6, 0.9, 1.2))
    return [1.0 / (rank + 1) ** slope for rank in range(count)]


_REPEATS = {"person": 0.03, "name": 0.05, "email": 0.0, "url": 0.02, "code": 0.03, "phone": 0.01, "street": 0.1}


def _mostly_distinct(draw: Callable[[], str], count: int, repeat_share: float, rng: random.Random) -> list[str]:
    values: list[str] = []
    seen: set[str] = set()
    for _ in range(count):
        if values and rng.random() < repeat_share:
            values.append(rng.choice(values))
            continue
        value = draw()
        for _attempt in range(3):
            if value not in seen:
                break
            value = draw()
        seen.add(value)
        values.append(value)
    return values


def _skewed(pool: Sequence[Any], count: int, rng: random.Random) -> list[Any]:
    return rng.choices(pool, skewed_weights(len(pool), rng), k=count)


def _pool(spec: ColumnSpec, style: ValueStyle, rng: random.Random) -> list[Any]:
    """The values a repeating column picks from, in random order."""
    if spec.kind == "one":
        choices = [choice.upper() if style.upper_choices else choice for choice in spec.choices]
        return rng.sample(choices, len(choices))
    if spec.kind == "color":
        colors = [color.title() if style.capital_colors else color for color in word_list("colors")]
        return rng.sample(colors, rng.randint(4, 10))
    if spec.kind in ("month", "weekday"):
        names = _MONTHS if spec.kind == "month" else _WEEKDAYS
        return [name[:3] if style.short_calendar else name for name in rng.sample(names, len(names))]
    words = word_list(_LISTS[spec.kind])
    sizes = (8, 14, 25, 40) if spec.kind in LOOKUP_KINDS else (40, 80)
    return rng.sample(words, min(len(words), rng.choice(sizes)))


def _single(spec: ColumnSpec, style: ValueStyle, rng: random.Random) -> str:
    match spec.kind:
        case "person":
            return f"{rng.choice(word_list('first_names'))} {rng.choice(word_list('last_names'))}"
        case "name":
            return proper_name(spec.argument, rng)
        case "street":
            return f"{rng.randint(1, 299)} {rng.choice(word_list('streets'))}"
        case "phone":
            return _from_pattern(style.phone_pattern, rng)
        case "code":
            return _from_pattern(spec.argument, rng)
        case "email":
            first, last = rng.choice(word_list("first_names")), rng.choice(word_list("last_names"))
            return f"{first}.{last}@{rng.choice(_MAIL_HOSTS)}".lower().replace("'", "")
    return f"https://www.{proper_name('software', rng).lower().replace(' ', '')}.example"


def _from_pattern(pattern: str, rng: random.Random) -> str:
    signs = {"A": "ABCDEFGHJKLMNPRSTUVWXYZ", "9": "0123456789"}
    return "".join(rng.choice(signs[sign]) if sign in signs else sign for sign in pattern)


def _shares(count: int, rng: random.Random) -> list[float]:
    """Positions between 0 and 1: even, around the middle, or crowded at one end."""
    shape = rng.choice(("even", "middle", "low", "low", "high"))
    if shape == "even":
        return [rng.random() for _ in range(count)]
    alpha, beta = {"middle": (3.0, 3.0), "low": (1.2, 3.5), "high": (3.5, 1.5)}[shape]
    return [rng.betavariate(alpha, beta) for _ in range(count)]


def _whole_numbers(spec: ColumnSpec, count: int, rng: random.Random) -> list[Any]:
    low, high = spec.bounds
    step = 1
    if high - low >= 400 and rng.random() < 0.6:
        # Round numbers repeat, as they do in life.
        step = rng.choice([size for size in (5, 10, 50, 100, 500, 1000, 10000) if size * 20 <= high - low])
    first, last = math.ceil(low / step), math.floor(high / step)
    return [(first + round(share * (last - first))) * step for share in _shares(count, rng)]


def _decimals(digits: Sequence[int]) -> Callable[[ColumnSpec, int, random.Random], list[Any]]:
    """A drawer of numbers with one of these counts of decimals."""

    def draw(spec: ColumnSpec, count: int, rng: random.Random) -> list[Any]:
        low, high = spec.bounds
        places = rng.choice(digits)
        if high - low <= 1:
            places = max(places, 2)
        return [round(low + share * (high - low), places) for share in _shares(count, rng)]

    return draw


def _years(spec: ColumnSpec, count: int, rng: random.Random) -> list[Any]:
    low, high = spec.bounds
    if high - low > 12 and rng.random() < 0.4:
        low = high - rng.randint(6, 12)  # a short span, so that years repeat
    return [round(low + share * (high - low)) for share in _shares(count, rng)]


def _dates(spec: ColumnSpec, count: int, rng: random.Random) -> list[Any]:
    low, high = (int(year) for year in spec.bounds)
    first = date(low, 1, 1)
    days = (date(high, 12, 31) - first).days
    return [(first + timedelta(days=int(share * days))).isoformat() for share in _shares(count, rng)]


def _timestamps(spec: ColumnSpec, count: int, rng: random.Random) -> list[Any]:
    return [
        f"{day} {rng.randint(7, 21):02d}:{rng.choice((0, 15, 30, 45, rng.randint(0, 59))):02d}:00"
        for day in _dates(spec, count, rng)
    ]


_RANGES: dict[str, Callable[[ColumnSpec, int, random.Random], list[Any]]] = {
    "int": _whole_numbers,
    "money": _decimals((2, 2, 0)),
    "decimal": _decimals((1, 2)),
    "percent": _decimals((0, 1, 1, 2)),
    "rating": _decimals((0, 1, 1)),
    "year": _years,
    "date": _dates,
    "datetime": _timestamps,
}
