"""Running totals and growth: worked out from the parts of each period."""

from __future__ import annotations

import re

from sqlglot import exp

from coderag_app.llm.compact.rewordings.parts import PARTS, PERIODS, match_parts, only_part
from coderag_app.llm.compact.rewordings.rewording import Finish, Rewording
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.schema.tables import Schema
from coderag_app.sql.parsing import parse_one

_OF = rf"(?:of |in )?(?:the )?{PARTS}"
_UNIT = rf"(?P<unit>{PERIODS})"
_EACH = rf"(?:(?:per|by|each|every|for each|over the) )?{_UNIT}s?(?: by (?P=unit))?"  # per month, month by month
_REST = r"(?P<rest>(?: (?:in|during|for|from|since|of)\b.*)?)"
_ASKING = r"(?:(?:what (?:is|was)|show(?: me)?|give(?: me)?|list|how (?:is|was|did)) )?(?:the |our )?"


def trends_as_parts(question: str, schema: Schema) -> Rewording | None:
    """The question for the parts of each period, where one asks for their running total or for their growth.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, ordered_on DATE, weight REAL)")
    >>> trends_as_parts("Running total of orders per month in 2023", orders).question
    'number of orders per month in 2023'
    >>> trends_as_parts("Month-over-month growth of weight", orders).question
    'total weight per month'
    """
    for form, finish in _FORMS:
        match, measure = match_parts(question, (form,), schema)
        if match is not None:
            return Rewording(f"{measure} per {match['unit'].lower()}{match['rest']}", finish)
    return None


def as_running_totals(sql: str, dialect: str) -> str:
    """A query for the parts of each period as one for all parts so far.

    >>> as_running_totals("SELECT day, COUNT(*) FROM orders GROUP BY day", "sqlite")
    'SELECT day, SUM(COUNT(*)) OVER (ORDER BY day) FROM orders GROUP BY day ORDER BY day'

    Raises:
        CannotDecodeError: It does not show just one count or sum for each of one thing.
    """
    tree, shown, key = _by_one_key(sql, dialect)
    part = shown.unalias().sql(dialect=dialect)
    shown.unalias().replace(parse_one(f"SUM({part}) OVER (ORDER BY {key})", dialect=dialect))
    return tree.order_by(key, append=False, dialect=dialect, copy=False).sql(dialect=dialect)


def as_growth(sql: str, dialect: str) -> str:
    """A query for the parts of each period as one that shows beside them how much, in percent, they grew.

    >>> as_growth("SELECT day, SUM(n) FROM t GROUP BY day", "sqlite")
    'SELECT day, SUM(n), 100.0 * SUM(n) / LAG(SUM(n)) OVER (ORDER BY day) - 100 FROM t GROUP BY day ORDER BY day'

    Raises:
        CannotDecodeError: It does not show just one count or sum for each of one thing.
    """
    tree, shown, key = _by_one_key(sql, dialect)
    part = shown.unalias().sql(dialect=dialect)
    tree.select(f"100.0 * {part} / LAG({part}) OVER (ORDER BY {key}) - 100", dialect=dialect, copy=False)
    return tree.order_by(key, append=False, dialect=dialect, copy=False).sql(dialect=dialect)


def _by_one_key(sql: str, dialect: str) -> tuple[exp.Select, exp.Expr, str]:
    """The query, its part and what it is grouped by."""
    tree, shown = only_part(sql, dialect)
    keys = tree.args["group"].expressions
    if len(keys) != 1:
        raise CannotDecodeError(f"what grows from one period to the next is grouped by more than them: {sql[:200]}")
    return tree, shown, keys[0].sql(dialect=dialect)


_FORMS: tuple[tuple[re.Pattern[str], Finish], ...] = tuple(
    (re.compile(_ASKING + form, re.IGNORECASE), finish)
    for form, finish in (
        (rf"(?:running|cumulative|accumulated) (?:(?:total|sum|count) )?{_OF} {_EACH}{_REST}", as_running_totals),
        (rf"(?:growth|change|increase) {_OF} {_EACH}{_REST}", as_growth),
        (rf"{_UNIT}[ -](?:over|on|by)[ -](?P=unit) (?:growth|change|increase) {_OF}{_REST}", as_growth),
        (rf"{_UNIT}[ -](?:over|on|by)[ -](?P=unit) {PARTS} (?:growth|change|increase){_REST}", as_growth),
        (rf"{PARTS} (?:growth|change|increase) {_EACH}{_REST}", as_growth),
    )
)
