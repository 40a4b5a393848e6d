"""Counts that are not called so: "orders per month" is the number of orders per month."""

from __future__ import annotations

import re

from coderag_app.llm.compact.rewordings.parts import PARTS, PERIODS, match_parts
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.schema.tables import Schema

_UNIT = rf"(?:weekday|{PERIODS})\b"
_COUNTED = re.compile(
    rf"(?:(?:show|list|give)(?: me)? )?(?:the |all )?{PARTS} (?P<each>per .+|(?:by|each|every) {_UNIT}.*)",
    re.IGNORECASE,
)


def rows_as_counts(question: str, schema: Schema) -> Rewording | None:
    """The question for the number of rows, where one asks for a table's rows per something.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> rows_as_counts("Orders by month in 2023", schema_from_ddl("CREATE TABLE orders (ordered_on DATE)")).question
    'number of orders by month in 2023'
    """
    match, measure = match_parts(question, (_COUNTED,), schema)
    if match is None or not measure.startswith("number of"):
        return None
    return Rewording(f"{measure} {match['each']}", lambda sql, dialect: sql)
