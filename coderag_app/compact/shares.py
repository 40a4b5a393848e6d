"""Shares of a total: "share of revenue per region" is the revenue of each region, divided by that of all.

A model of a few million parameters answers the plain question for the parts. Dividing them is left to code.
"""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

from coderag_app.compact.amounts import ASKED, find_amount
from coderag_app.compact.fill_literals import CannotDecodeError
from coderag_app.compact.name_items import stem
from coderag_app.name_words import name_words
from coderag_app.schema import Schema

_SHARE = r"(?P<share>share|percentage|percent|proportion|fraction)s?"
_OF = r"of (?:(?:the|all|our|total|overall) )*(?P<parts>\w+(?: \w+)??)"
_EACH = r"(?P<each>(?:per|by|for each|for every|of each|in each|from each|across) .+)"
_WHAT_IS = r"(?:(?:what|which) (?:(?:is|are) the )?|the )?"
_FORMS = tuple(
    re.compile(rf"\b{form}", re.IGNORECASE)
    for form in (
        rf"{_WHAT_IS}{_SHARE} {_OF} {_EACH}",  # share of revenue per region
        rf"{_WHAT_IS}(?P<parts>\w+) {_SHARE} {_EACH}",  # revenue share by region
        rf"{_WHAT_IS}{_SHARE} {_OF} (?:\w+ ){{1,3}}?(?P<each>each \w+)",  # what share of orders does each country have
    )
)
_OF_ROWS = frozenset("id number date at on".split())  # of what one row is: order_id, ordered_on
_PARTS = (exp.Count, exp.Sum)


def question_for_parts(question: str, schema: Schema) -> str | None:
    """The question for the parts of a total, where a question asks for their shares and no column holds such.

    >>> from coderag_app.schema import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, status TEXT, weight REAL)")
    >>> question_for_parts("What percentage of orders does each status have?", orders)
    'number of orders for each status'
    >>> question_for_parts("Show the share of weight by status in 2023", orders)
    'Show total weight by status in 2023'
    """
    for form in _FORMS:
        match = form.search(question)
        measure = _measure(match["parts"].lower(), match["share"].lower(), schema) if match is not None else ""
        if match is not None and measure:
            each = match["each"] if not match["each"].lower().startswith("each") else f"for {match['each']}"
            return f"{question[: match.start()]}{measure} {each}"
    return None


def as_shares(sql: str, dialect: str) -> str:
    """A query for the parts of a total as one for their shares, in percent.

    >>> as_shares("SELECT status, COUNT(*) FROM orders GROUP BY status", "sqlite")
    'SELECT status, 100.0 * COUNT(*) / SUM(COUNT(*)) OVER () FROM orders GROUP BY status'

    Raises:
        CannotDecodeError: It does not show just one count or sum of each group.
    """
    tree = sqlglot.parse_one(sql, read=dialect)
    shown = tree.expressions if isinstance(tree, exp.Select) and tree.args.get("group") else []
    parts = [item for item in shown if isinstance(item.unalias(), _PARTS)]
    if len(parts) != 1:
        raise CannotDecodeError(f"shares of a total are asked for, and this has no parts of one: {sql[:200]}")
    part = parts[0].unalias().sql(dialect=dialect)
    parts[0].unalias().replace(sqlglot.parse_one(f"100.0 * {part} / SUM({part}) OVER ()", read=dialect))
    return tree.sql(dialect=dialect)


def _measure(parts: str, share: str, schema: Schema) -> str:
    """What the parts are, if the schema says: rows of a table, or sums of an amount or a column of numbers."""
    stems = _stems(parts)
    columns = [(_stems(name_words(column.name)), column) for table in schema.tables for column in table.columns]
    if any(stem(share) in words for words, _ in columns):
        return ""
    if parts in ASKED and find_amount(f"total {parts}", schema) is not None:
        return f"total {parts}"
    if any(stems == _stems(name_words(table.name)) for table in schema.tables):
        return f"number of {parts}"
    if any(stems == words[:-1] and words[-1] in _OF_ROWS for words, _ in columns):
        return f"number of {parts}"
    return f"total {parts}" if any(stems == words and column.is_numeric for words, column in columns) else ""


def _stems(words: str) -> list[str]:
    return [stem(word) for word in words.split()]
