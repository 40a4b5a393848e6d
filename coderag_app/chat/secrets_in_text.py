"""Passwords inside URLs, before a text is shown or stored. Pure."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"(?P<start>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:]*):[^\s/]*(?=@)")


def without_passwords(text: str) -> str:
    """The text with the password of every URL replaced.

    Example:
        >>> without_passwords("connect to postgresql://ann:p@ss@host/shop now")
        'connect to postgresql://ann:***@host/shop now'
    """
    return _CREDENTIALS.sub(r"\g<start>:***", text)
