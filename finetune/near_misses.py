"""Near misses of a query: the same text but for one column, aggregate, direction, literal, filter or table.

The edits replace tokens in the text as it was written, so that a near miss carries no sign of having been edited (a
parser writing it anew would: its own capitals and spaces). Whether a near miss means something else is not decided
here; the caller runs both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from coderag_app.schema import Schema, quote_identifier

_AGGREGATES = ("avg", "sum", "min", "max")
_OPPOSITE = {
    TokenType.GT: "<", TokenType.LT: ">", TokenType.GTE: "<=", TokenType.LTE: ">=", TokenType.DESC: "ASC",
    TokenType.ASC: "DESC", TokenType.NEQ: "=",
}  # fmt: skip
_COMPARISONS = frozenset(
    {TokenType.EQ, TokenType.NEQ, TokenType.GT, TokenType.GTE, TokenType.LT, TokenType.LTE, TokenType.LIKE}
)
_LITERALS = (TokenType.STRING, TokenType.NUMBER)
_AFTER_FILTER = frozenset(
    {
        TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT,
        TokenType.HAVING,
    }
)  # fmt: skip
_LIMITS = (1, 2, 3, 5, 10)
_LOOK_BACK = 8  # tokens between a literal and the column it is compared with

Values = Mapping[tuple[str, str], tuple[Any, ...]]
"""Distinct values by lowercased (table, column)."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A query that differs from another in one thing; ``kind`` says in which."""

    kind: str
    sql: str


@dataclass(frozen=True, slots=True)
class _Edit:
    """New text for the characters ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Query:
    """A query as tokens, with the (table, column) that each token names; None for tokens that name no column."""

    sql: str
    tokens: list[Token]
    owners: list[tuple[str, str] | None]
    join_columns: frozenset[str]
    schema: Schema
    values: Values

    def type_at(self, index: int) -> TokenType | None:
        return self.tokens[index].token_type if 0 <= index < len(self.tokens) else None

    def replaced(self, index: int, text: str) -> _Edit:
        return _Edit(self.tokens[index].start, self.tokens[index].end + 1, text)


def near_misses(sql: str, schema: Schema, values: Values, rng: Random) -> list[NearMiss]:
    """At most one near miss of each kind, in random order; empty for text that is not one SQLite query.

    Args:
        sql: The query.
        schema: The schema it is written for.
        values: Values to exchange literals with.
        rng: Chooses what is edited.
    """
    query = _read(sql, schema, values)
    if query is None:
        return []
    found: dict[str, NearMiss] = {}
    for kind, draw in _EDITS:
        edits = draw(query, rng)
        edited = _apply(sql, edits) if edits else sql
        if edited != sql:
            found[kind] = NearMiss(kind, edited)
    ordered = list(found.values())
    rng.shuffle(ordered)
    return ordered


def _read(sql: str, schema: Schema, values: Values) -> _Query | None:
    try:
        tokens = sqlglot.tokenize(sql, read="sqlite")
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    tables = {table.alias_or_name.lower(): table.name.lower() for table in tree.find_all(exp.Table)}
    conditions = [join.args["on"] for join in tree.find_all(exp.Join) if join.args.get("on") is not None]
    join_columns = frozenset(column.name.lower() for on in conditions for column in on.find_all(exp.Column))
    owners = [_owner(tokens, i, tables, schema) for i in range(len(tokens))]
    return _Query(sql, tokens, owners, join_columns, schema, values)


def _owner(tokens: list[Token], index: int, tables: Mapping[str, str], schema: Schema) -> tuple[str, str] | None:
    token, name = tokens[index], tokens[index].text.lower()
    before = tokens[index - 1].token_type if index else None
    after = tokens[index + 1].token_type if index + 1 < len(tokens) else None
    names_source = before in (TokenType.FROM, TokenType.JOIN, TokenType.ALIAS)
    if token.token_type in _LITERALS or after in (TokenType.L_PAREN, TokenType.DOT) or names_source:
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


def _apply(sql: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        sql = sql[: edit.start] + edit.text + sql[edit.end :]
    return sql


def _other_column(query: _Query, rng: Random) -> list[_Edit]:
    """One column becomes another of its table, everywhere in the query; keys that join stay."""
    used = {owner for owner in query.owners if owner is not None}
    choices = sorted(owner for owner in used if owner[1] not in query.join_columns)
    rng.shuffle(choices)
    compares = any(token.token_type in _LITERALS for token in query.tokens)
    for table, column in choices:
        known = query.schema.table(table)
        current = known.column(column) if known is not None else None
        if known is None or current is None:
            continue
        others = [other for other in known.columns if (table, other.name.lower()) not in used]
        alike = [other for other in others if other.is_numeric == current.is_numeric]
        if substitutes := alike or ([] if compares else others):
            text = quote_identifier(rng.choice(substitutes).name, "sqlite")
            return [query.replaced(i, text) for i, owner in enumerate(query.owners) if owner == (table, column)]
    return []


def _other_aggregate(query: _Query, rng: Random) -> list[_Edit]:
    choices = [
        i
        for i, token in enumerate(query.tokens)
        if token.text.lower() in _AGGREGATES and query.type_at(i + 1) is TokenType.L_PAREN
    ]
    if choices:
        i = rng.choice(choices)
        current = query.tokens[i].text
        other = rng.choice([name for name in _AGGREGATES if name != current.lower()])
        return [query.replaced(i, other.upper() if current.isupper() else other)]
    for i, token in enumerate(query.tokens):
        if token.text.lower() == "count" and query.type_at(i + 2) is TokenType.DISTINCT:
            return [_Edit(query.tokens[i + 2].start, query.tokens[i + 3].start, "")]
    return []


def _other_direction(query: _Query, rng: Random) -> list[_Edit]:
    """The opposite comparison, order or membership."""
    opposites = [(i, _OPPOSITE.get(token.token_type)) for i, token in enumerate(query.tokens)]
    choices = [query.replaced(i, text) for i, text in opposites if text is not None]
    for i, token in enumerate(query.tokens):
        follows = query.type_at(i + 1)
        if token.token_type is TokenType.NOT and follows in (TokenType.IN, TokenType.LIKE):
            choices.append(_Edit(token.start, query.tokens[i + 1].start, ""))
        elif token.token_type is TokenType.IN and query.type_at(i - 1) is not TokenType.NOT:
            choices.append(_Edit(token.start, token.start, "NOT "))
        elif token.token_type is TokenType.EQ and follows in _LITERALS:
            choices.append(query.replaced(i, "!="))
    if not choices:
        choices = list(_descending(query))
    return [rng.choice(choices)] if choices else []


def _descending(query: _Query) -> Iterator[_Edit]:
    """DESC behind an ORDER BY that says no direction."""
    for i, token in enumerate(query.tokens):
        if token.token_type is TokenType.ORDER_BY:
            limits = (j for j in range(i, len(query.tokens)) if query.type_at(j) is TokenType.LIMIT)
            stop = query.tokens[next(limits, len(query.tokens)) - 1].end + 1
            yield _Edit(stop, stop, " DESC")


def _other_literal(query: _Query, rng: Random) -> list[_Edit]:
    choices = [i for i, token in enumerate(query.tokens) if token.token_type in _LITERALS]
    rng.shuffle(choices)
    for i in choices:
        text = _exchanged(query, i, rng)
        if text is not None:
            return [query.replaced(i, text)]
    return []


def _exchanged(query: _Query, index: int, rng: Random) -> str | None:
    """Another literal for the one at ``index``, as SQL; None where there is no other."""
    token = query.tokens[index]
    if query.type_at(index - 1) is TokenType.LIMIT:
        return str(rng.choice([n for n in _LIMITS if str(n) != token.text]))
    owner = next((query.owners[i] for i in range(index, max(index - _LOOK_BACK, 0), -1) if query.owners[i]), None)
    known = query.values.get(owner, ()) if owner is not None else ()
    if token.token_type is TokenType.STRING:
        core = token.text.strip("%")
        others = [v for v in known if isinstance(v, str) and v.lower() != core.lower()]
        if not others:
            return None
        text = rng.choice(others)
        if query.type_at(index - 1) is TokenType.LIKE:
            text = token.text.replace(core, text[: len(core)], 1) if core else text
        return None if text.lower() == token.text.lower() else "'" + text.replace("'", "''") + "'"
    numbers = [v for v in known if isinstance(v, int | float) and str(v) != token.text and v >= 0]
    if numbers and query.type_at(index - 1) in _COMPARISONS:
        return str(rng.choice(numbers))
    return str(int(token.text) + rng.choice((1, 2, 3))) if token.text.isdigit() else None


def _without_filter(query: _Query, rng: Random) -> list[_Edit]:
    """Everything but the outer WHERE clause, or AND and OR exchanged."""
    depth, start = 0, None
    for i, token in enumerate(query.tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is TokenType.WHERE and start is None:
            start = token.start
        elif depth == 0 and start is not None and token.token_type in _AFTER_FILTER:
            return [_Edit(start, token.start, "")]
        elif start is not None and token.token_type is TokenType.OR and rng.random() < 0.5:
            return [query.replaced(i, "AND")]
    return [_Edit(start, len(query.sql), "")] if start is not None else []


def _without_projection(query: _Query, rng: Random) -> list[_Edit]:
    """One of several selected columns left out."""
    commas, depth = [], 0
    for i, token in enumerate(query.tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is TokenType.COMMA:
            commas.append(i)
        elif depth == 0 and token.token_type is TokenType.FROM:
            if not commas:
                return []
            last = query.tokens[commas[-1]]
            if rng.random() < 0.5:
                return [_Edit(last.start, token.start, " ")]
            first = 2 if query.type_at(1) is TokenType.DISTINCT else 1
            return [_Edit(query.tokens[first].start, query.tokens[commas[0] + 1].start, "")]
    return []


_EDITS: tuple[tuple[str, Callable[[_Query, Random], list[_Edit]]], ...] = (
    ("column", _other_column),
    ("aggregate", _other_aggregate),
    ("direction", _other_direction),
    ("literal", _other_literal),
    ("filter", _without_filter),
    ("projection", _without_projection),
)
