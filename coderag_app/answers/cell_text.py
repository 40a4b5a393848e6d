"""Values of a database as text that is safe to show, and as JSON. Pure.

Cells, column names, SQL and error messages are untrusted: they may hold terminal escapes or characters that reorder
the line. ``visible_text`` shows such characters as escapes; markup languages (rich, markdown) are the caller's concern.
"""

from __future__ import annotations

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
    if value in ("", "NULL"):
        return f"'{value}'"
    text = value if isinstance(value, str) else str(value)
    return shorten(visible_text(text[: max_chars + 1]), max_chars)


def _bytes_text(value: bytes) -> str:
    more = "…" if len(value) > _SHOWN_BYTES else ""
    return f"<{len(value)} bytes: {value[:_SHOWN_BYTES].hex()}{more}>"


def json_value(value: Any) -> Any:
    """A cell as a value of JSON: numbers, texts, booleans and NULL stay; whatever JSON lacks becomes a text.

    Bytes are written in hexadecimal, dates in ISO 8601, decimals and other types as they print; NaN and the
    infinities are texts as well.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else str(value)
