"""SQL on the lines that people read best. Pure."""

from __future__ import annotations

from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from coderag_app.sql.parsing import tokenize

_LONG_SQL = 80
_NEW_LINES = frozenset({
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT,
    TokenType.JOIN, TokenType.LEFT, TokenType.INNER, TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT,
})  # fmt: skip


def clause_lines(sql: str, dialect: str) -> str:
    """Long SQL with each clause on a line of its own, the words untouched.

    Args:
        sql: SQL; short SQL, such as has lines already, and such as cannot be read stays as it is.
        dialect: sqlglot's name of it.

    Example:
        >>> sql = "SELECT city, COUNT(*) AS customers FROM customers WHERE country_code = 'DE' GROUP BY city"
        >>> print(clause_lines(sql, "sqlite"))
        SELECT city, COUNT(*) AS customers
        FROM customers
        WHERE country_code = 'DE'
        GROUP BY city
    """
    if len(sql) <= _LONG_SQL or "\n" in sql:
        return sql
    try:
        tokens = tokenize(sql, dialect)
    except SqlglotError:
        return sql
    parts: list[str] = []
    depth = end = 0
    previous = None
    for token in tokens:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        gap = sql[end : token.start]
        joined = token.token_type == TokenType.JOIN and previous in _NEW_LINES | {TokenType.OUTER, TokenType.CROSS}
        clause = depth == 0 and token.token_type in _NEW_LINES and gap.isspace() and not joined
        parts += ["\n" if clause else gap, sql[token.start : token.end + 1]]
        end, previous = token.end + 1, token.token_type
    return "".join(parts)
