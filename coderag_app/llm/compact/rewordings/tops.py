"""The top periods: "which month had the most orders" is the first of the months by their number of orders."""

from __future__ import annotations

import re
from functools import partial

from coderag_app.llm.compact.amounts import ASKED
from coderag_app.llm.compact.rewordings.parts import PARTS, UNITS, match_parts, only_part
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.compact.rewordings.schema_words import columns_of, is_called
from coderag_app.question.periods.date_columns import is_date
from coderag_app.schema.tables import Schema

_MOST = frozenset("most highest largest biggest greatest best busiest top strongest".split())
LEAST = frozenset("fewest lowest least smallest worst weakest slowest".split())
_OF_ONE = frozenset("highest largest biggest greatest lowest smallest".split())  # the highest price is that of one row
SUPERLATIVE = rf"(?P<superlative>{'|'.join(sorted(_MOST | LEAST))})"
_UNIT = rf"(?P<unit>{UNITS})s?"
_HAD = r"(?:has|had|have|saw|with|is|are|was|were|do we have|did we have|were there|brought(?: in)?|made|generated)"
_REST = r"(?: (?:placed|made|sold))?(?P<rest>(?: (?:in|during|for|from|since|at)\b.*)?)"
_PARTS = PARTS + _REST
_FORMS = tuple(
    re.compile(rf"(?:(?:show|list)(?: me)? )?{form}", re.IGNORECASE)
    for form in (
        rf"(?:in |on |during )?(?:what|which) (?:is |was )?(?:the )?{_UNIT} {_HAD} (?:the )?{SUPERLATIVE} {_PARTS}",
        rf"(?:(?:what|which) (?:is|was) )?(?:the |our )?{SUPERLATIVE} {_UNIT} (?:by|for|in terms of|in) {_PARTS}",
        rf"(?:the )?top (?P<count>\d{{1,3}}) {_UNIT} (?:by|for|in terms of) {_PARTS}",
    )
)


def tops_as_parts(question: str, schema: Schema) -> Rewording | None:
    """The question for the parts of all periods, where one asks for the period with the most, and no column names it.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, ordered_on DATE, weight REAL)")
    >>> tops_as_parts("Which month had the fewest orders in 2023?", orders).question
    'number of orders per month in 2023'
    >>> tops_as_parts("The 3 best customers", orders)
    """
    match, measure = match_parts(question, _FORMS, schema)
    if match is None or not any(map(is_date, columns_of(schema))) or is_called(match["unit"].split()[-1], schema):
        return None
    count, superlative = (match.groupdict().get(name) or "" for name in ("count", "superlative"))
    of_column = measure == f"total {match['parts'].lower()}" and match["parts"].lower() not in ASKED
    if of_column and superlative.lower() in _OF_ONE:
        return None
    least = superlative.lower() in LEAST
    finish = partial(as_top, least=least, count=int(count or 1), with_parts=bool(count))
    return Rewording(f"{measure} per {match['unit']}{match['rest']}", finish)


def as_top(sql: str, dialect: str, *, least: bool = False, count: int = 1, with_parts: bool = False) -> str:
    """A query for the parts of all groups as one for those with the most, or the least.

    Args:
        sql: The query.
        dialect: Its dialect.
        least: Whether the least are wanted.
        count: How many groups.
        with_parts: Whether their parts are shown too.

    >>> as_top("SELECT status, COUNT(*) FROM orders GROUP BY status", "sqlite", least=True)
    'SELECT status FROM orders GROUP BY status ORDER BY COUNT(*) ASC LIMIT 1'

    Raises:
        CannotDecodeError: It does not show just one count or sum of each group.
    """
    tree, part = only_part(sql, dialect)
    by = f"{part.unalias().sql(dialect=dialect)} {'ASC' if least else 'DESC'}"
    tree.order_by(by, append=False, dialect=dialect, copy=False).limit(count, copy=False)
    if not with_parts:
        part.pop()
    return tree.sql(dialect=dialect)
