"""Shares of a total: "share of revenue per region" is the revenue of each region, divided by that of all."""

from __future__ import annotations

import re

from coderag_app.llm.compact.rewordings.parts import PARTS, measure_of, only_part
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.compact.rewordings.schema_words import is_called
from coderag_app.schema.tables import Schema
from coderag_app.sql.parsing import parse_one

_SHARE = r"(?P<share>share|percentage|percent|proportion|fraction)s?"
_OF = rf"of (?:(?:the|all|our|overall) )*{PARTS}"
_EACH = r"(?P<each>(?:per|by|for each|for every|of each|in each|from each|across) .+)"
_WHAT_IS = r"(?:(?:what|which) (?:(?:is|are) the )?|the )?"
_VERB = r"(?:do|does|did|(?:is|are|was|were|comes?|came)(?: made)? (?:from|in|by|to|with))"
_FORMS = tuple(
    re.compile(rf"\b{form}", re.IGNORECASE)
    for form in (
        rf"{_WHAT_IS}{_SHARE} {_OF} {_EACH}",  # share of revenue per region
        rf"{_WHAT_IS}{PARTS} {_SHARE} {_EACH}",  # revenue share by region
        rf"{_WHAT_IS}{_SHARE} {_OF} {_VERB} (?P<each>each \w+)",  # what share of orders does each country have
    )
)


def shares_as_parts(question: str, schema: Schema) -> Rewording | None:
    """The question for the parts of a total, where a question asks for their shares and no column holds such.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, status TEXT, weight REAL)")
    >>> shares_as_parts("What percentage of orders does each status have?", orders).question
    'number of orders for each status'
    >>> shares_as_parts("Show the share of weight by status in 2023", orders).question
    'Show total weight by status in 2023'
    """
    for form in _FORMS:
        match = form.search(question)
        measure = measure_of(match["parts"], schema) if match is not None else ""
        if match is not None and measure and not is_called(match["share"].lower(), schema):
            each = match["each"] if not match["each"].lower().startswith("each") else f"for {match['each']}"
            return Rewording(f"{question[: match.start()]}{measure} {each}", as_shares)
    return None


def as_shares(sql: str, dialect: str) -> str:
    """A query for the parts of a total as one for their shares, in percent.

    >>> as_shares("SELECT status, COUNT(*) FROM orders GROUP BY status", "sqlite")
    'SELECT status, 100.0 * COUNT(*) / SUM(COUNT(*)) OVER () FROM orders GROUP BY status'

    Raises:
        CannotDecodeError: It does not show just one count or sum of each group.
    """
    tree, shown = only_part(sql, dialect)
    part = shown.unalias().sql(dialect=dialect)
    shown.unalias().replace(parse_one(f"100.0 * {part} / SUM({part}) OVER ()", dialect=dialect))
    return tree.sql(dialect=dialect)
