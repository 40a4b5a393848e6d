"""Values of a database as text that is safe to show, and as JSON. Pure.

Cells, column names, SQL and error messages are untrusted: they may hold terminal escapes or characters that reorder
the line. ``visible_text`` shows such characters as escapes; markup languages (rich, markdown) are the caller's concern.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping
from typing import Any

# Control characters, separators that break lines, lone surrogates, and marks that reorder or hide text. Joiners
# (U+200C, U+200D) stay: scripts and emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SHOWN_BYTES = 12
_MAX_DEPTH = 50  # of lists and structs in each other; JSON of more is refused by many readers
_MAX_PARTS = 100_000  # of one list or struct
_MAX_DIGITS = 4_000  # Python refuses to write integers of more than 4,300


def visible_text(text: str, keep: str = "") -> str:
    r"""Text with every control character, bidirectional mark and lone surrogate written as an escape.

    Args:
        text: Any text.
        keep: Characters to leave as they are, e.g. the line break.

    Example:
        >>> visible_text("red \x1b[31m and \u202egnp.exe")
        'red \\x1b[31m and \\u202egnp.exe'
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in keep else _escaped(match[0]), text)


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, max_chars: int) -> str:
    """The text, cut to ``max_chars`` with an ellipsis at the end where it is longer."""
    return text if len(text) <= max_chars else text[: max(max_chars - 1, 0)] + "…"


def cell_text(value: object, max_chars: int = 80) -> str:
    """One cell as one line of text. NULL, the empty text and the text 'NULL' can be told apart.

    Example:
        >>> [cell_text(value) for value in (None, "NULL", "", 0.1 + 0.2, b"abc")]
        ['NULL', "'NULL'", "''", '0.3', '<3 bytes: 616263>']
    """
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.15g}"  # 15 digits are what a double keeps; more would show noise
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_text(bytes(value))
    text = plain_text(value)
    if text in ("", "NULL"):
        return f"'{text}'"
    return shorten(visible_text(text[: max_chars + 1]), max_chars)


def plain_text(value: Any) -> str:
    """Any value but NULL as text: as Python writes it, dates in ISO 8601, bytes in hexadecimal. Never an exception.

    Example:
        >>> [plain_text(value) for value in (float("nan"), b"abc", {"a": [1, None]})]
        ['nan', '616263', "{'a': [1, None]}"]
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, int) and not isinstance(value, bool) and _is_endless(value):
        return f"<integer of about {int(value.bit_length() * math.log10(2)) + 1} digits>"
    try:
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            return str(json_value(value))
        isoformat = getattr(value, "isoformat", None)
        return str(isoformat() if callable(isoformat) else value)
    except Exception:  # a driver's own type may raise whatever it likes when it is written
        return f"<{type(value).__name__}>"


def _is_endless(value: int) -> bool:
    return value.bit_length() > _MAX_DIGITS * 3.3


def _bytes_text(value: bytes) -> str:
    more = "…" if len(value) > _SHOWN_BYTES else ""
    return f"<{len(value)} bytes: {value[:_SHOWN_BYTES].hex()}{more}>"


def json_value(value: Any, depth: int = 0) -> Any:
    """A cell as a value of JSON: numbers, texts, booleans and NULL stay; whatever JSON lacks becomes a text.

    Bytes are written in hexadecimal, dates in ISO 8601, decimals and other types as they print; NaN, the infinities and
    integers of thousands of digits are texts as well. What is nested deeper than 50 levels or has more than 100,000
    parts ends in "...".
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return plain_text(value) if _is_endless(value) else int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _json_parts(value, depth) if depth < _MAX_DEPTH else "..."
    return plain_text(value)


def _json_parts(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        pairs = itertools.islice(value.items(), _MAX_PARTS)
        return {plain_text(key) if key is not None else "null": json_value(part, depth + 1) for key, part in pairs}
    parts = [json_value(part, depth + 1) for part in itertools.islice(value, _MAX_PARTS)]
    return [*parts, "..."] if len(value) > _MAX_PARTS else parts


def json_text(document: Any, ascii_only: bool = False) -> str:
    r"""A document on one line of strict JSON that is safe to show: what steers or reorders text is a ``\\u`` escape.

    Example:
        >>> print(json_text({"a": "\x1b[31m \u202e \u00e9"}))
        {"a": "\u001b[31m \u202e é"}
    """
    text = json.dumps(json_value(document), ensure_ascii=ascii_only, allow_nan=False)
    return _UNSAFE.sub(lambda found: json.dumps(found[0])[1:-1], text)
