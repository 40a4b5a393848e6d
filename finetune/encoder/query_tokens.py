"""A query as tokens that know which column they name: what edits of its text work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from coderag_app.schema.tables import Schema
from coderag_app.sql.parsing import parse_one, tokenize

LITERALS = (TokenType.STRING, TokenType.NUMBER)

Values = Mapping[tuple[str, str], tuple[Any, ...]]
"""Distinct values by lowercased (table, column)."""


@dataclass(frozen=True, slots=True)
class TokenEdit:
    """New text for the characters ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class TokenQuery:
    """A query as tokens, with the (table, column) that each token names; None for tokens that name no column."""

    sql: str
    tokens: list[Token]
    owners: list[tuple[str, str] | None]
    join_columns: frozenset[str]
    schema: Schema
    values: Values

    def type_at(self, index: int) -> TokenType | None:
        """The type of a token; None beyond the ends."""
        return self.tokens[index].token_type if 0 <= index < len(self.tokens) else None

    def replaced(self, index: int, text: str) -> TokenEdit:
        """The edit that puts other text in a token's place."""
        return TokenEdit(self.tokens[index].start, self.tokens[index].end + 1, text)


def read_query(sql: str, schema: Schema, values: Values) -> TokenQuery | None:
    """The query's tokens; None for text that is not one SQLite query."""
    try:
        tokens = tokenize(sql, dialect="sqlite")
        tree = parse_one(sql, dialect="sqlite")
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    tables = {table.alias_or_name.lower(): table.name.lower() for table in tree.find_all(exp.Table)}
    conditions = [join.args["on"] for join in tree.find_all(exp.Join) if join.args.get("on") is not None]
    join_columns = frozenset(column.name.lower() for on in conditions for column in on.find_all(exp.Column))
    owners = [_owner(tokens, i, tables, schema) for i in range(len(tokens))]
    return TokenQuery(sql, tokens, owners, join_columns, schema, values)


def _owner(tokens: list[Token], index: int, tables: Mapping[str, str], schema: Schema) -> tuple[str, str] | None:
    token, name = tokens[index], tokens[index].text.lower()
    before = tokens[index - 1].token_type if index else None
    after = tokens[index + 1].token_type if index + 1 < len(tokens) else None
    names_source = before in (TokenType.FROM, TokenType.JOIN, TokenType.ALIAS)
    if token.token_type in LITERALS or after in (TokenType.L_PAREN, TokenType.DOT) or names_source:
        return None
    if before is TokenType.DOT:
        candidates = [tables.get(tokens[index - 2].text.lower(), "")]
    else:
        candidates = list(dict.fromkeys(tables.values()))
    for table in candidates:
        known = schema.table(table)
        if known is not None and known.column(name) is not None:
            return table, name
    return None
