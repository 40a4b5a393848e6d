"""Checks that need nothing but the text: does it stand alone, is it readable, is the reply one digit."""

from __future__ import annotations

import re

from finetune.synthesis.drafts import DroppedError

_THINGS = (
    "code|function|functions|snippet|query|method|class|program|script|implementation|statement|example|text|sql|"
    "algorithm|module|excerpt|solution|fragment|block|sample|file|routine|input code"
)
_POINTERS = (
    rf"\b(?:this|that|these|those|the (?:given|provided|above|following|shown|supplied|presented|attached|below)|"
    rf"(?:above|given|provided|aforementioned)) (?:\w+ ){{0,2}}?(?:{_THINGS})\b",
    rf"\b(?:{_THINGS}) (?:above|below|shown|given|provided)\b",
    r"\b(?:shown|listed|given|as seen|see|mentioned) (?:above|below)\b",
    r"\bas an ai\b|\blanguage model\b|\bhere is the\b|\bhere's the\b",
)
_POINTING = re.compile("|".join(_POINTERS), re.IGNORECASE)
_DIGIT = re.compile(r"[012]")
_FENCE = re.compile(r"```\w*\n.+?\n```", re.DOTALL)


def stands_alone(text: str) -> bool:
    """Whether a text can be understood without the code it was made for; code in fences is not looked at.

    >>> stands_alone("Count the vowels of a text.")
    True
    >>> stands_alone("Explain what the given code does.")
    False
    """
    return not _POINTING.search(_FENCE.sub(" ", text))


def read_quality_digit(reply: str) -> int:
    r"""The one digit of a quality check: 0 wrong type, 1 correct, 2 incorrect.

    Strict on purpose: a reply that merely contains a digit ("1. The pair is wrong") is refused.

    >>> read_quality_digit(" 1\n")
    1

    Raises:
        DroppedError: The reply is anything but a single digit 0, 1 or 2.
    """
    if not _DIGIT.fullmatch(reply.strip()):
        raise DroppedError("quality reply is not one digit")
    return int(reply.strip())


def require_stands_alone(text: str) -> None:
    """Refuse text that points at code the reader does not see.

    Raises:
        DroppedError: It does.
    """
    if not stands_alone(text):
        raise DroppedError("does not stand alone")


def require_readable(text: str, least: int = 12, most: int = 6000) -> None:
    """Refuse text that is too short, too long, or holds control characters.

    Raises:
        DroppedError: With the reason.
    """
    if len(text.strip()) < least:
        raise DroppedError("too short")
    if len(text) > most:
        raise DroppedError("too long")
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text) or "\ufffd" in text:
        raise DroppedError("unreadable characters")


def fenced(code: str, language: str) -> str:
    """Code as a Markdown block."""
    return f"```{language}\n{code.strip()}\n```"


def holds_code(text: str) -> bool:
    """Whether there is a fenced block in the text."""
    return bool(_FENCE.search(text))
