"""The average of parts: "average revenue per month" is that of the months' revenues, and not of single sales."""

from __future__ import annotations

import re

from sqlglot import exp

from coderag_app.llm.compact.amounts import ASKED
from coderag_app.llm.compact.rewordings.parts import PARTS, PERIODS, match_parts, only_part
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.schema.tables import Schema

_EACH = rf"(?P<each>(?:per|by|each|every) (?:{PERIODS})(?: (?:in|during|for|from|since)\b.*)?)"
_ASKING = r"(?:(?:what (?:is|was)|show(?: me)?|give(?: me)?) )?(?:the |our )?"
_FORMS = (
    re.compile(rf"{_ASKING}(?:average|mean) {PARTS} {_EACH}", re.IGNORECASE),
    re.compile(rf"(?:how many )?{PARTS}(?: (?:are|were) there| do we have)? {_EACH} on average", re.IGNORECASE),
)


def averages_as_parts(question: str, schema: Schema) -> Rewording | None:
    """The question for the parts of each period, where one asks for their average.

    The average of a column ("average weight per month") is something else, and stays.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, ordered_on DATE, weight REAL)")
    >>> averages_as_parts("What is the average number of orders per day in 2023?", orders).question
    'number of orders per day in 2023'
    >>> averages_as_parts("Average weight per month", orders)
    """
    match, measure = match_parts(question, _FORMS, schema)
    if match is None or not (measure.startswith("number of") or measure.removeprefix("total ") in ASKED):
        return None
    return Rewording(f"{measure} {match['each']}", as_average)


def as_average(sql: str, dialect: str) -> str:
    """A query for the parts of all groups as one for their average.

    >>> as_average("SELECT day, COUNT(*) FROM orders GROUP BY day", "sqlite")
    'SELECT AVG(parts.value) FROM (SELECT COUNT(*) AS value FROM orders GROUP BY day) AS parts'

    Raises:
        CannotDecodeError: It does not show just one count or sum of each group.
    """
    tree, part = only_part(sql, dialect)
    tree.set("expressions", [exp.alias_(part.unalias(), "value")])
    average = exp.Avg(this=exp.column("value", "parts"))
    return exp.select(average).from_(tree.subquery("parts")).sql(dialect=dialect)
