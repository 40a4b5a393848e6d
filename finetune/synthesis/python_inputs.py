"""Inputs to try a function on: its examples, and variations that keep every type."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

_LARGEST = 400
_LETTERS = "abcdefgh XYZ019-"


def vary_calls(calls: tuple[tuple[Any, ...], ...], rng: Random, count: int = 24) -> list[tuple[Any, ...]]:
    """The example calls, followed by distinct variations of them; ``count`` in all where that many are found."""
    varied = list(calls)
    known = {repr(call) for call in varied}
    for _attempt in range(count * 8):
        if len(varied) >= count:
            break
        arguments = list(copy.deepcopy(rng.choice(varied[: len(calls) * 3])))
        if not arguments:
            break
        for _change in range(rng.choice((1, 1, 2, 3))):
            place = rng.randrange(len(arguments))
            arguments[place] = vary(arguments[place], rng)
        call = tuple(arguments)
        if repr(call) not in known:
            known.add(repr(call))
            varied.append(call)
    return varied


def vary(value: Any, rng: Random) -> Any:
    """Another value of the same type; containers keep the types of what they hold."""
    match value:
        case bool():
            return not value
        case int():
            drawn = rng.choice((value + 1, value - 1, value * 2, 0, 1, -value, rng.randint(-3, 2 * abs(value) + 5)))
            return max(-_LARGEST, min(drawn, max(_LARGEST, abs(value))))
        case float():
            return rng.choice((value + 1.0, value / 2, value * 3, 0.0, round(rng.uniform(0, 2 * abs(value) + 5), 2)))
        case str():
            return _vary_text(value, rng)
        case tuple():
            return tuple(vary(part, rng) if rng.random() < 0.6 else part for part in value)
        case list():
            return _vary_list(value, rng)
        case dict():
            return _vary_mapping(value, rng)
    return value


def _vary_text(text: str, rng: Random) -> str:
    digits = "".join(rng.choice("0123456789") if sign.isdigit() else sign for sign in text)
    if digits != text and rng.random() < 0.6:
        return digits
    place = rng.randrange(len(text) + 1)
    shuffled = list(text)
    rng.shuffle(shuffled)
    return rng.choice(
        (
            text[:place] + text[place + 1 :],
            text[:place] + rng.choice(_LETTERS) + text[place:],
            text + text[: place + 1],
            text.swapcase(),
            text[::-1],
            "".join(shuffled),
            text[:place],
        )
    )


def _vary_list(items: list[Any], rng: Random) -> list[Any]:
    if not items:
        return []
    place = rng.randrange(len(items))
    changed = list(items)
    match rng.randrange(6):
        case 0:
            del changed[place]
        case 1:
            changed.insert(place, copy.deepcopy(rng.choice(items)))
        case 2:
            rng.shuffle(changed)
        case 3:
            changed.sort(key=repr)
        case _:
            changed[place] = vary(changed[place], rng)
    return changed


def _vary_mapping(mapping: dict[Any, Any], rng: Random) -> dict[Any, Any]:
    if not mapping:
        return {}
    changed = dict(mapping)
    key = rng.choice(list(changed))
    match rng.randrange(4):
        case 0:
            del changed[key]
        case 1:
            changed[vary(key, rng)] = changed[key]
        case _:
            changed[key] = vary(changed[key], rng)
    return changed
