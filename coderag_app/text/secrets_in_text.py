"""Passwords inside a text, before it is shown or stored: in URLs, connection strings, settings and statements. Pure.

What a text means is not always clear ("https://host:80/a@b" may hold a password or a port); then it is masked: a path
that is hidden costs less than a password that is shown.
"""

from __future__ import annotations

import re

MASK = "***"

# Signs that a URL inside another URL's parameter has in encoded form, once or more often.
_COLON, _AT, _EQUALS, _AND = (
    rf"(?:{sign}|%(?:25)*{code})" for sign, code in zip(":@=&", ("3a", "40", "3d", "26"), strict=True)
)
_USER = re.compile(rf"(?::|%(?:25)*3a)(?://|(?:%(?:25)*2f){{2}})[^\s/:]{{0,300}}?{_COLON}", re.IGNORECASE)
_END_OF_PASSWORD = re.compile(rf"{_AT}", re.IGNORECASE)
_TOKEN = re.compile(r"\S*")
_FURTHER_WORDS = re.compile(r"(?:[^\S\n]+\S+){1,4}")
_PORT = re.compile(r"\d{1,5}(?:[/?#,;)\]}>\"'.].*)?")

_NAMES = (
    r"pass(?:word|wd|wort|phrase|code)|(?<![a-z])pass|pwd|(?<![a-z])pw|secret|token|api[_-]?key|access[_-]?key|"
    r"private[_-]?key|credentials?"
)
_QUOTED = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\{[^}\n]*\}"""
# An unquoted value goes on to a blank, or to the next name of a parameter: it may hold any other sign.
_PLAIN = (
    rf"""(?:(?!(?:{_AND}|;)\s*[\w%. -]{{1,40}}{_EQUALS})\S)+?"""
    rf"""(?=["'`]*[)\]}}>,;.]*(?:\s|$)|(?:{_AND}|;)\s*[\w%. -]{{1,40}}{_EQUALS})"""
)
_PARAMETER = re.compile(
    rf"""(?P<name>(?:{_NAMES})["']?)(?P<equals>\s*(?:{_EQUALS}|:=?|=>)\s*)(?P<value>{_QUOTED}|["'][^\n]*|{_PLAIN})""",
    re.IGNORECASE,
)
_WHOLE_LINE = re.compile(
    rf"^(?P<start>[ \t]*(?:export[ \t]+)?[\w.-]{{0,60}}?(?:{_NAMES})[ \t]*[=:][ \t]*)"
    r"(?!.*[ \t]\w+[ \t]*=)[^\s'\"{].*[ \t].*$",
    re.IGNORECASE | re.MULTILINE,
)
_STATEMENT = re.compile(
    rf"(?P<start>\b(?:identified\s+by(?:\s+password)?|password)\s+E?)(?P<value>{_QUOTED})", re.IGNORECASE
)
_OTHERS = (
    re.compile(r"(?P<start>(?<!\S)--?[\w-]{0,40}passw(?:or)?d[ \t]+)(?!-)\S+", re.IGNORECASE),
    re.compile(r"(?P<start>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer)\s+)[^\s\"']+", re.IGNORECASE),
    re.compile(r"(?P<start>\bthin:[^\s/@]{1,100}/)\S+(?=@)", re.IGNORECASE),  # jdbc:oracle:thin:user/password@host
    re.compile(r"(?P<start>(?:^|(?<=\s))[\w.*/-]{1,255}:(?:\d{1,5}|\*):[^\s:]{1,100}:[^\s:]{1,100}:)\S+", re.MULTILINE),
)  # the last is a line of .pgpass
_SQL = re.compile(r"[\s(]*(?:select|with)\b.*\bfrom\b", re.IGNORECASE | re.DOTALL)
_COLUMN = re.compile(r"[\"\w]+\.[\"\w]+")


def without_passwords(text: str) -> str:
    """The text with every password replaced by ``***``.

    Example:
        >>> without_passwords("connect to postgresql://ann:p@ss/w:rd@host/shop now")
        'connect to postgresql://ann:***@host/shop now'
        >>> without_passwords("host=db password='my secret' dbname=shop")
        "host=db password='***' dbname=shop"
    """
    if not any(sign in text for sign in ":=%") and "assw" not in text.lower() and "identified" not in text.lower():
        return text
    text = _without_those_of_users(text)
    if "\n" in text:  # a file of settings: there a value goes on to the end of its line
        text = _WHOLE_LINE.sub(rf"\g<start>{MASK}", text)
    sql = _SQL.match(text) is not None
    text = _PARAMETER.sub(lambda found: found[0] if sql and _compares(found, text) else _masked(found), text)
    text = _STATEMENT.sub(lambda found: found["start"] + _in_quotes(found["value"]), text)
    for pattern in _OTHERS:
        text = pattern.sub(rf"\g<start>{MASK}", text)
    return text


def _without_those_of_users(text: str) -> str:
    """Without what stands between ``://user:`` and the ``@`` before the host, which the password may hold as well."""
    parts, done = [], 0
    while (user := _USER.search(text, done)) is not None:
        start, end = user.end(), _word_end(text, user.end())
        at = _last_at(text, start, end)
        if at < 0 and not _PORT.fullmatch(text, start, end) and text[start:end][:1] not in ("/", "\\", ""):
            further = _FURTHER_WORDS.match(text, end)  # a password with blanks, which SQLAlchemy would take
            first = _END_OF_PASSWORD.search(text, end, further.end()) if further is not None else None
            at = _last_at(text, first.start(), _word_end(text, first.start())) if first is not None else end
        parts += [text[done:start], MASK if at > start else "", text[max(at, start) : end]]
        done = max(at, end)
    return "".join([*parts, text[done:]])


def _word_end(text: str, start: int) -> int:
    word = _TOKEN.match(text, start)
    return word.end() if word is not None else start


def _last_at(text: str, start: int, end: int) -> int:
    places = [found.start() for found in _END_OF_PASSWORD.finditer(text, start, end)]
    return places[-1] if places else -1


def _compares(found: re.Match[str], text: str) -> bool:
    """Whether a statement compares a column: outside of its literals, with a blank or with another column."""
    in_literal = text.count("'", 0, found.start()) % 2 == 1
    return not in_literal and (found["equals"] != "=" or _COLUMN.fullmatch(found["value"]) is not None)


def _masked(found: re.Match[str]) -> str:
    return found["name"] + found["equals"] + _in_quotes(found["value"])


def _in_quotes(value: str) -> str:
    closes = {"'": "'", '"': '"', "{": "}"}.get(value[:1], "")
    return f"{value[0]}{MASK}{closes}" if closes and value.endswith(closes) and len(value) > 1 else MASK
