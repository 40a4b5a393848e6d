"""The single changes that make a query a near miss: another column, aggregate, direction, literal, filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from sqlglot.tokens import TokenType

from coderag_app.schema.tables import quote_identifier
from finetune.encoder.query_tokens import LITERALS, TokenEdit, TokenQuery

_AGGREGATES = ("avg", "sum", "min", "max")
_OPPOSITE = {
    TokenType.GT: "<", TokenType.LT: ">", TokenType.GTE: "<=", TokenType.LTE: ">=", TokenType.DESC: "ASC",
    TokenType.ASC: "DESC", TokenType.NEQ: "=",
}  # fmt: skip
_COMPARISONS = frozenset(
    {TokenType.EQ, TokenType.NEQ, TokenType.GT, TokenType.GTE, TokenType.LT, TokenType.LTE, TokenType.LIKE}
)
_AFTER_FILTER = frozenset(
    {
        TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT,
        TokenType.HAVING,
    }
)  # fmt: skip
_SET_OPERATIONS = (TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT)
_COUNT = ["count", "(", "*", ")"]
_LIMITS = (1, 2, 3, 5, 10)
_LOOK_BACK = 8  # tokens between a literal and the column it is compared with


def _other_column(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    """One column becomes another of its table, everywhere in the query; keys that join stay."""
    used = {owner for owner in query.owners if owner is not None}
    choices = sorted(owner for owner in used if owner[1] not in query.join_columns)
    rng.shuffle(choices)
    compares = any(token.token_type in LITERALS for token in query.tokens)
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


def _other_aggregate(query: TokenQuery, rng: Random) -> list[TokenEdit]:
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
            return [TokenEdit(query.tokens[i + 2].start, query.tokens[i + 3].start, "")]
    return []


def _other_direction(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    """The opposite comparison, order or membership."""
    opposites = [(i, _OPPOSITE.get(token.token_type)) for i, token in enumerate(query.tokens)]
    choices = [query.replaced(i, text) for i, text in opposites if text is not None]
    for i, token in enumerate(query.tokens):
        follows = query.type_at(i + 1)
        if token.token_type is TokenType.NOT and follows in (TokenType.IN, TokenType.LIKE):
            choices.append(TokenEdit(token.start, query.tokens[i + 1].start, ""))
        elif token.token_type is TokenType.IN and query.type_at(i - 1) is not TokenType.NOT:
            choices.append(TokenEdit(token.start, token.start, "NOT "))
        elif token.token_type is TokenType.EQ and follows in LITERALS:
            choices.append(query.replaced(i, "!="))
    if not choices:
        choices = list(_descending(query))
    return [rng.choice(choices)] if choices else []


def _descending(query: TokenQuery) -> Iterator[TokenEdit]:
    """DESC behind an ORDER BY that says no direction."""
    for i, token in enumerate(query.tokens):
        if token.token_type is TokenType.ORDER_BY:
            limits = (j for j in range(i, len(query.tokens)) if query.type_at(j) is TokenType.LIMIT)
            stop = query.tokens[next(limits, len(query.tokens)) - 1].end + 1
            yield TokenEdit(stop, stop, " DESC")


def _other_literal(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    choices = [i for i, token in enumerate(query.tokens) if token.token_type in LITERALS]
    rng.shuffle(choices)
    for i in choices:
        text = _exchanged(query, i, rng)
        if text is not None:
            return [query.replaced(i, text)]
    return []


def _exchanged(query: TokenQuery, index: int, rng: Random) -> str | None:
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


def _without_filter(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    """Everything but the outer WHERE clause, or AND and OR exchanged."""
    depth, start = 0, None
    for i, token in enumerate(query.tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is TokenType.WHERE and start is None:
            start = token.start
        elif depth == 0 and start is not None and token.token_type in _AFTER_FILTER:
            return [TokenEdit(start, token.start, "")]
        elif start is not None and token.token_type is TokenType.OR and rng.random() < 0.5:
            return [query.replaced(i, "AND")]
    return [TokenEdit(start, len(query.sql), "")] if start is not None else []


def _without_projection(query: TokenQuery, rng: Random) -> list[TokenEdit]:
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
                return [TokenEdit(last.start, token.start, " ")]
            first = 2 if query.type_at(1) is TokenType.DISTINCT else 1
            return [TokenEdit(query.tokens[first].start, query.tokens[commas[0] + 1].start, "")]
    return []


def _other_shape(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    """A number of different values becomes a count for each of them and back, a set operation another, LIMIT goes."""
    choices = [
        edits
        for draw in (_counted_by_value, _counted_once, _other_set_operation, _without_limit)
        if (edits := draw(query, rng))
    ]
    return rng.choice(choices) if choices else []


def _counted_by_value(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    """``count(DISTINCT x)`` becomes ``x, count(*) ... GROUP BY x``."""
    if [token.text.lower() for token in query.tokens[1:4]] != ["count", "(", "distinct"]:
        return []
    close = next((i for i in range(4, len(query.tokens)) if query.type_at(i) is TokenType.R_PAREN), None)
    kinds = {token.token_type for token in query.tokens[4:]}
    if close is None or kinds & {TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.COMMA, *_SET_OPERATIONS}:
        return []
    counted = query.sql[query.tokens[4].start : query.tokens[close - 1].end + 1]
    start, stop = query.tokens[1].start, query.tokens[close].end + 1
    return [
        TokenEdit(start, stop, f"{counted}, {query.tokens[1].text}(*)"),
        TokenEdit(len(query.sql), len(query.sql), f" GROUP BY {counted}"),
    ]


def _counted_once(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    """``x, count(*) ... GROUP BY x`` becomes ``count(DISTINCT x)``."""
    words = [token.text.lower() for token in query.tokens]
    group = next((i for i, token in enumerate(query.tokens) if token.token_type is TokenType.GROUP_BY), None)
    if group is None or "count" not in words or words[0] != "select":
        return []
    grouped, count = words[group + 1 :], words.index("count")
    if count < 2 or words[1 : count - 1] != grouped or words[count - 1] != "," or words[count : count + 4] != _COUNT:
        return []
    shown = query.sql[query.tokens[1].start : query.tokens[count - 2].end + 1]
    return [
        TokenEdit(
            query.tokens[1].start, query.tokens[count + 3].end + 1, f"{query.tokens[count].text}(DISTINCT {shown})"
        ),
        TokenEdit(query.tokens[group].start, len(query.sql), ""),
    ]


def _other_set_operation(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    for i, token in enumerate(query.tokens):
        if token.token_type in _SET_OPERATIONS:
            others = [word for word in ("INTERSECT", "EXCEPT", "UNION") if word != token.text.upper()]
            whole = TokenEdit(token.start, len(query.sql), "")
            return [rng.choice((query.replaced(i, rng.choice(others)), whole))]
    return []


def _without_limit(query: TokenQuery, rng: Random) -> list[TokenEdit]:
    for i, token in enumerate(query.tokens):
        if token.token_type is TokenType.LIMIT and i == len(query.tokens) - 2:
            return [TokenEdit(token.start, len(query.sql), "")]
    return []


EDITS: tuple[tuple[str, Callable[[TokenQuery, Random], list[TokenEdit]]], ...] = (
    ("column", _other_column),
    ("aggregate", _other_aggregate),
    ("direction", _other_direction),
    ("literal", _other_literal),
    ("shape", _other_shape),
    ("filter", _without_filter),
    ("projection", _without_projection),
)
