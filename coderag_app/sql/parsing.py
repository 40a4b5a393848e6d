"""The one door to sqlglot's tokenizer and parser, with bounds on the work that a text can make them do. Pure.

sqlglot's parser tries and takes back: ``date(date(date(...`` doubles its work with every level, and 130 characters
would keep it busy for hours. The parser made here counts its steps and gives up, which needs no thread and no clock.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokens import Token, TokenType

MAX_TEXT_CHARS = 2_000_000  # a schema of thousands of tables; queries have a bound of their own in the guard
MAX_NESTING = 60
# A plain query takes a step for each token; eight nested calls of functions named like types take two thousand.
_FREE_STEPS = 4_000
_STEPS_PER_TOKEN = 5

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


class SQLBoundsError(SqlglotError):
    """The text is longer, nested deeper, or more ambiguous than this project reads."""


def tokenize(sql: str, dialect: str) -> list[Token]:
    """The tokens of a text.

    Raises:
        SqlglotError: The text holds no tokens of the dialect, or goes over a bound (``SQLBoundsError``).
    """
    if len(sql) > MAX_TEXT_CHARS:
        raise SQLBoundsError(f"The SQL has {len(sql)} characters; expected at most {MAX_TEXT_CHARS}.")
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(sql)
    except (SqlglotError, RecursionError):
        raise
    except Exception as error:  # on broken text the tokenizer also raises what Python raises
        raise SqlglotError(f"{type(error).__name__} while reading the SQL") from error
    depth = deepest = 0
    for token in tokens:
        kind = token.token_type
        depth += (kind in _OPENING) - (kind in _CLOSING)
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise SQLBoundsError(f"The SQL nests {deepest} brackets; expected at most {MAX_NESTING}.")
    return tokens


def parse_tokens(tokens: list[Token], sql: str, dialect: str) -> list[exp.Expr | None]:
    """The statements that the tokens make up, one tree each; None for an empty one.

    Raises:
        SqlglotError: The tokens make up no statement, or go over a bound (``SQLBoundsError``).
    """
    parser = _bounded_parser(dialect)(dialect=Dialect.get_or_raise(dialect))
    try:
        return parser.parse(tokens, sql)
    except SqlglotError:
        raise
    except RecursionError:
        raise SQLBoundsError("The SQL is nested too deeply to be read; expected simpler SQL.") from None
    except Exception as error:  # whatever the parser stumbles over is no SQL
        raise SqlglotError(f"{type(error).__name__} while reading the SQL") from error


def parse(sql: str, dialect: str = "") -> list[exp.Expr | None]:
    """The statements of a text, one tree each; None for an empty one.

    Raises:
        SqlglotError: The text is no SQL of the dialect, or goes over a bound (``SQLBoundsError``).
    """
    return parse_tokens(tokenize(sql, dialect), sql, dialect)


def parse_one(sql: str, dialect: str = "") -> Any:
    """The tree of a text's first statement. Typed loosely, as sqlglot's own: callers know what they asked for.

    Raises:
        SqlglotError: There is none, the text is no SQL of the dialect, or it goes over a bound (``SQLBoundsError``).
    """
    statements = parse(sql, dialect)
    if not statements or statements[0] is None:
        raise ParseError(f"No SQL in {sql[:80]!r}; expected one statement.")
    return statements[0]


@lru_cache(maxsize=32)
def _bounded_parser(dialect: str) -> type[Parser]:
    """The dialect's parser with a count of its steps; sqlglot moves through the tokens in ``_advance`` alone."""
    base: type[Parser] = Dialect.get_or_raise(dialect).parser_class

    class BoundedParser(base):  # type: ignore[valid-type, misc]
        def reset(self) -> None:
            super().reset()
            self._steps_left: int | None = None

        def _advance(self, times: int = 1) -> None:
            left = self._steps_left
            if left is None:
                left = _FREE_STEPS + _STEPS_PER_TOKEN * sum(map(len, self._chunks))
            if left <= 0:
                raise _OutOfStepsError
            self._steps_left = left - 1
            super()._advance(times)

        def raise_error(self, message: str, token: Token | None = None) -> None:
            # sqlglot's own also underlines the place in the text, for every error that it then takes back: most of the
            # time that a hostile text costs.
            token = token or self._curr or self._prev
            place = f". Line {token.line}, Col: {token.col}." if token else "."
            raise ParseError(f"{message}{place}")

    return BoundedParser


class _OutOfStepsError(SQLBoundsError):
    """No ParseError, which the parser would take for one more reason to try something else."""

    def __init__(self) -> None:
        super().__init__("The SQL can be read in too many ways; expected fewer nested calls.")
