"""The SQL inside whatever a model wraps around it. Pure."""

from __future__ import annotations

import re

from coderag_app.errors import CodeRAGError

_FENCE = re.compile(r"```[ \t]*(\w*)[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
_INLINE = re.compile(r"`((?:WITH|SELECT)\b[^`]+)`", re.IGNORECASE)
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_START = re.compile(
    r"(?<![\w.])(?:WITH\s+(?:RECURSIVE\s+)?[\w\"`\[]+[^;]*?\bAS\s*(?:NOT\s+|MATERIALIZED\s*)*\(|SELECT\b)", re.I
)
_SPECIAL = re.compile(r"</?s>|<\|[^|>]*\|>|\[/?INST\]")


class NoSQLError(CodeRAGError):
    """The reply holds no query."""


def extract_sql(reply: str) -> str:
    r"""Take the query out of a reply: fenced block, inline code, or the first SELECT or WITH up to its end.

    Raises:
        NoSQLError: There is none; the message quotes the start of the reply.

    >>> extract_sql("Sure! ```sql\nSELECT 1;\n``` Hope that helps.")
    'SELECT 1'
    >>> extract_sql("The query is: SELECT name FROM singer; It lists names.")
    'SELECT name FROM singer'
    """
    text = _SPECIAL.sub("", _THINKING.sub("", reply))
    blocks = [body for language, body in _FENCE.findall(text) if language.lower() not in ("json", "python", "text")]
    candidates = [*blocks, *_INLINE.findall(text), text]
    for candidate in candidates:
        start = _START.search(candidate)
        if start is not None:
            return _first_statement(candidate[start.start() :], fenced=candidate in blocks)
    shown = " ".join(reply.split())[:200]
    raise NoSQLError(f"The model's reply holds no SELECT statement: {shown!r}")


def _first_statement(text: str, fenced: bool) -> str:
    """Up to the first semicolon outside quotes; in running text also up to a blank line."""
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character == ";" or (not fenced and text.startswith("\n\n", position)):
            return _keep_rest_of_statements(text, position, fenced)
    return text.strip()


def _keep_rest_of_statements(text: str, end: int, fenced: bool) -> str:
    """In a code block everything counts, so that a second statement is seen and refused, not silently dropped."""
    rest = text[end + 1 :].strip()
    return text.strip().rstrip(";").strip() if fenced and rest else text[:end].strip()
