"""The texts that a column may hold by its ENUM type, or by constraints like ``CHECK (a IN ('x', 'y'))``. Pure."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from coderag_app.sql.parsing import parse_one, tokenize

logger = logging.getLogger(__name__)

_WRAPPED = exp.Paren | exp.Cast | exp.Any | exp.Introducer


_ENUM_OPTION = re.compile(r"'((?:[^']|'')*)'")


def options_of_type(declared: str) -> tuple[str, ...]:
    """The texts of an ENUM type that lists them; none for other types.

    Example:
        >>> options_of_type("ENUM('calm', 'it''s loud')"), options_of_type("TEXT")
        (('calm', "it's loud"), ())
    """
    if not declared.upper().startswith("ENUM"):
        return ()
    return tuple(text.replace("''", "'") for text in _ENUM_OPTION.findall(declared))


def options_in_conditions(conditions: Iterable[str], dialect: str) -> dict[str, tuple[str, ...]]:
    """The texts that columns may hold, by the column's name in lower case.

    Args:
        conditions: Conditions that every row meets, as the database spells them; what cannot be read says nothing.
        dialect: The dialect they are in.

    Example:
        >>> options_in_conditions(["status = 'open' OR status IN ('paid', 'void') OR status IS NULL"], "sqlite")
        {'status': ('open', 'paid', 'void')}
        >>> options_in_conditions(["lower(status) IN ('open')", "price > 0", "a = 'x' OR b = 'y'"], "sqlite")
        {}
    """
    found: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        try:
            where = parse_one(f"SELECT 1 WHERE {condition}", dialect).find(exp.Where)
        except (SqlglotError, RecursionError) as error:
            logger.debug("A CHECK constraint cannot be read: %s", error)
            continue
        if where is not None:
            found |= _options(where.this)
    return found


def check_conditions(create: str, dialect: str) -> list[str]:
    """The conditions of the CHECK constraints in a CREATE TABLE statement, whatever else is in it.

    Example:
        >>> check_conditions("CREATE TABLE t (a TEXT CHECK (a IN ('(', 'y')), CHECK(b > (0))) STRICT", "sqlite")
        ["a IN ('(', 'y')", 'b > (0)']
    """
    if "CHECK" not in create.upper():
        return []
    try:
        tokens = tokenize(create, dialect)
    except (SqlglotError, RecursionError) as error:
        logger.debug("A CREATE TABLE statement cannot be read: %s", error)
        return []
    found, started, depth = [], -1, 0
    for before, token in pairwise(tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (before.token_type is TokenType.R_PAREN)
        if token.token_type is TokenType.L_PAREN and before.text.upper() == "CHECK" and started < 0:
            started, depth = token.end + 1, 1
        elif token.token_type is TokenType.R_PAREN and started >= 0 and depth == 1:
            found.append(create[started : token.start])
            started = -1
    return found


def _options(condition: exp.Expression) -> dict[str, tuple[str, ...]]:
    found = {}
    for part in _parts(condition, exp.And):
        named: set[str] = set()
        texts: dict[str, None] = {}
        for case in _parts(part, exp.Or):
            column, some = _of_case(case)
            named.add(column)
            texts |= dict.fromkeys(some)
        if len(named) == 1 and "" not in named and texts:
            found[named.pop()] = tuple(texts)
    return found


def _of_case(case: exp.Expression) -> tuple[str, list[str]]:
    """The column and its texts in one case of a condition; no column where the case says something else."""
    column = _bare(case.this)
    if not isinstance(column, exp.Column):
        return "", []
    if isinstance(case, exp.Is) and isinstance(case.expression, exp.Null):
        return column.name.lower(), []
    values: list[exp.Expression] = []
    if isinstance(case, exp.In):
        values = case.expressions
    elif isinstance(case, exp.EQ):
        value = _bare(case.expression)
        values = value.expressions if isinstance(value, exp.Array) else [value]
    texts = [value for each in values if isinstance(value := _bare(each), exp.Literal) and value.is_string]
    if not texts or len(texts) < len(values):
        return "", []
    return column.name.lower(), [text.name for text in texts]


def _parts(condition: exp.Expression, kind: type[exp.Connector]) -> Iterator[exp.Expression]:
    condition = _bare(condition)
    if isinstance(condition, kind):
        yield from _parts(condition.this, kind)
        yield from _parts(condition.expression, kind)
    else:
        yield condition


def _bare(node: exp.Expression) -> exp.Expression:
    """The node without brackets, casts and character sets around it."""
    while isinstance(node, _WRAPPED):
        node = node.expression if isinstance(node, exp.Introducer) else node.this
    return node
