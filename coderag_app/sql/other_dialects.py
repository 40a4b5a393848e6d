"""Refuse what another kind of database has and this one does not: ``DATE_TRUNC`` or ``x::text`` in SQLite. Pure.

sqlglot reads most dialects' SQL in every dialect, and the database's own message ("unrecognized token") names neither
the word nor the remedy. Which words these are is data: other_dialects.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlglot.tokens import Token, TokenType

from coderag_app.errors import SQLRejectedError
from coderag_app.files import yaml_beside

# A name behind these is no call, whatever it is called: "t.year", "AS month", "WITH day (a) AS".
_NAMES = frozenset({TokenType.DOT, TokenType.ALIAS, TokenType.WITH, TokenType.RECURSIVE})
_QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER})
_VALUES = frozenset({TokenType.STRING, TokenType.NUMBER})
_BEFORE_VALUES = frozenset({"interval", "top"})  # words that may be names elsewhere


def check_dialect(tokens: Sequence[Token], dialect: str) -> None:
    """Refuse words and operators that this dialect does not have.

    Args:
        tokens: The tokens of the SQL.
        dialect: sqlglot's name of the database's SQL.

    Raises:
        SQLRejectedError: Some are there; the message says whose they are, and what this database has instead.
    """
    names = _words()["names"]
    found = {token.text.upper(): entry for token, entry in _foreign(tokens) if dialect in entry["not"]}
    if not found:
        return
    told = []
    for text, entry in found.items():
        owners = " and ".join(name for key, name in names.items() if key not in entry["not"]) or "another database"
        instead = entry["instead"].get(dialect)
        told.append(f"{text} of {owners}" + (f" (write {instead})" if instead else ""))
    raise SQLRejectedError(f"This database is {names[dialect]}, which has no {' and no '.join(told)}.")


def _foreign(tokens: Sequence[Token]) -> Iterator[tuple[Token, dict[str, Any]]]:
    """Tokens that some dialect does not have, with what is known of them."""
    words = _words()
    for place, token in enumerate(tokens[:-1]):
        text, follows = token.text.lower(), tokens[place + 1].token_type
        before = tokens[place - 1].token_type if place else None
        if token.token_type in _QUOTED or before in _NAMES:
            continue
        called = follows == TokenType.L_PAREN
        entry = words["functions"].get(text) if called else words["operators"].get(text)
        valued = text not in _BEFORE_VALUES or follows in _VALUES
        if entry is not None and valued and (text != "top" or before == TokenType.SELECT):
            yield token, entry


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml_beside(__file__, "other_dialects.yaml")
    return words
