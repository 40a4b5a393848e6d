"""Built-in SQLite functions whose cost grows with the product of two lengths, replaced by ones that watch the clock.

SQLite asks the progress handler between the steps of a loop, not inside a function and not in straight-line code:
one ``trim`` of a million characters against a million others would hold the thread for twenty minutes. Python's own
string search is linear, and each call first looks at the deadline. Same results as the built-ins on text and numbers;
on broken UTF-8 these fail where the built-ins compare bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

_MAX_TRIMMED_CHARS = 1000


def register_bounded_functions(connection: sqlite3.Connection, out_of_time: Callable[[], bool], max_bytes: int) -> None:
    """Replace trim, ltrim and rtrim with two arguments, instr and replace.

    Args:
        connection: The connection that gets the functions.
        out_of_time: Whether the running statement is past its deadline; each call then raises.
        max_bytes: Longest result of ``replace``.
    """

    def bounded(compute: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            if out_of_time():
                raise TimeoutError
            return None if any(value is None for value in values) else compute(*values)

        return call

    def replaced(value: Any, old: Any, new: Any) -> str:
        text, old_text, new_text = as_text(value), as_text(old), as_text(new)
        if not old_text:
            return text
        if len(text) + text.count(old_text) * (len(new_text) - len(old_text)) > max_bytes:
            raise OverflowError  # becomes SQLite's own 'string or blob too big'
        return text.replace(old_text, new_text)

    functions: dict[str, tuple[int, Callable[..., Any]]] = {
        "trim": (2, lambda value, chars: as_text(value).strip(_trimmed(chars))),
        "ltrim": (2, lambda value, chars: as_text(value).lstrip(_trimmed(chars))),
        "rtrim": (2, lambda value, chars: as_text(value).rstrip(_trimmed(chars))),
        "instr": (2, _instr),
        "replace": (3, replaced),
    }
    for name, (arity, compute) in functions.items():
        connection.create_function(name, arity, bounded(compute), deterministic=True)


def as_text(value: Any) -> str:
    """The value as SQLite writes it: reals with 15 digits and always a decimal point."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, float):
        return str(value)
    if value in (float("inf"), float("-inf")):
        return "Inf" if value > 0 else "-Inf"
    mantissa, exponent, power = f"{value:.15g}".partition("e")
    return (mantissa if "." in mantissa else f"{mantissa}.0") + exponent + power


def _trimmed(chars: Any) -> str:
    text = as_text(chars)
    if len(text) > _MAX_TRIMMED_CHARS:
        raise OverflowError
    return text


def _instr(haystack: Any, needle: Any) -> int:
    if isinstance(haystack, bytes) and isinstance(needle, bytes):
        return haystack.find(needle) + 1
    return as_text(haystack).find(as_text(needle)) + 1
