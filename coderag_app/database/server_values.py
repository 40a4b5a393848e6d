"""Values that Python has no type for, or that a driver stumbles over, arrive as the server's text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

_MAX_JSON_BYTES = 100_000  # a parsed document takes many times its text; longer ones stay text, which can be cut
_MAX_JSON_DEPTH = 50


def tolerant(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same conversion, but what it cannot convert stays text."""

    def converted(data: Any) -> Any:
        try:
            return convert(data)
        except (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError):
            return as_text(data)
        except Exception as error:  # psycopg has its own class for values it cannot hold, which is no ValueError
            if type(error).__module__.startswith("psycopg"):
                return as_text(data)
            raise

    return converted


def as_text(data: Any) -> str:
    """The server's text, whatever bytes it holds."""
    return data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")


def read_json(data: Any) -> Any:
    """The document, or its text when it is long, deep, or holds what a document cannot (numbers of any length).

    Raises:
        ValueError: It is no document that can be read.
    """
    text = as_text(data)
    if len(text) > _MAX_JSON_BYTES:
        return text
    document = json.loads(text, parse_float=_finite, parse_constant=_refused)
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > _MAX_JSON_DEPTH:
            return text
        level = [child for node in level for child in _children(node)]
    return document


def _children(node: Any) -> Any:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _refused(text: str) -> float:
    raise ValueError(text)
