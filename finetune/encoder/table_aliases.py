"""Spell a join the way people do: ``FROM concert AS T1 JOIN stadium AS T2 ON T1.stadium_id = T2.id``."""

from __future__ import annotations

from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from coderag_app.sql.parsing import tokenize

_SET_OPERATIONS = (TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT)


def with_aliases(sql: str, prefix: str = "T") -> str:
    """The query with its joined tables called T1, T2, ... in order; unchanged where that is not plain.

    Plain is a query without CTEs whose parts (around UNION and the like) join tables that have no alias yet and stand
    in the part once. Only the names change; the text stays as it was written.
    """
    try:
        tokens = tokenize(sql, dialect="sqlite")
    except SqlglotError:
        return sql
    if any(token.token_type is TokenType.WITH for token in tokens):
        return sql
    edits: list[tuple[int, int, str]] = []
    for part in _parts(tokens):
        edits += _edits_of_part(part, prefix)
    for start, end, text in sorted(edits, reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql


def _parts(tokens: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type in _SET_OPERATIONS:
            parts.append([])
        parts[-1].append(token)
    return parts


def _edits_of_part(tokens: list[Token], prefix: str) -> list[tuple[int, int, str]]:
    depth, sources, everywhere = 0, [], []
    for i, token in enumerate(tokens[:-1]):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if token.token_type in (TokenType.FROM, TokenType.JOIN):
            everywhere.append(tokens[i + 1].text.lower())
            if depth == 0:
                sources.append(i + 1)
    names = [tokens[i].text.lower() for i in sources]
    aliased = any(i + 1 < len(tokens) and tokens[i + 1].token_type in (TokenType.ALIAS, TokenType.VAR) for i in sources)
    if len(sources) < 2 or aliased or len(set(everywhere)) < len(everywhere):
        return []
    alias_of = {name: f"{prefix}{number}" for number, name in enumerate(names, start=1)}
    edits = [(tokens[i].end + 1, tokens[i].end + 1, f" AS {alias_of[tokens[i].text.lower()]}") for i in sources]
    for i, token in enumerate(tokens[:-1]):
        if tokens[i + 1].token_type is TokenType.DOT and token.text.lower() in alias_of:
            edits.append((token.start, token.end + 1, alias_of[token.text.lower()]))
    return edits
