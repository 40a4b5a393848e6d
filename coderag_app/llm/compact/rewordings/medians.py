"""Medians: asked of the model as averages, and taken of the rows in the middle."""

from __future__ import annotations

import re

from sqlglot import exp

from coderag_app.llm.compact.rewordings.parts import key_names
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.compact.rewordings.schema_words import is_called
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.schema.tables import Schema
from coderag_app.sql.parsing import parse_one

_MEDIAN = re.compile(r"\bmedian\b(?: value of)?", re.IGNORECASE)


def medians_as_averages(question: str, schema: Schema) -> Rewording | None:
    """The question for an average where one asks for a median, and no column holds it.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> medians_as_averages("Median price per kind", schema_from_ddl("CREATE TABLE goods (price REAL)")).question
    'average price per kind'
    """
    if len(_MEDIAN.findall(question)) != 1 or is_called("median", schema):
        return None
    return Rewording(_MEDIAN.sub("average", question), as_median)


def as_median(sql: str, dialect: str) -> str:
    """A query for an average as one for the median, which not every database has a function for.

    >>> print(as_median("SELECT AVG(price) FROM goods", "sqlite"))
    SELECT AVG(numbered.value) FROM (SELECT price AS value, ROW_NUMBER() OVER (ORDER BY price) AS place, \
COUNT(*) OVER () AS total FROM goods WHERE NOT price IS NULL) AS numbered \
WHERE numbered.place BETWEEN numbered.total * 0.5 AND numbered.total * 0.5 + 1

    Raises:
        CannotDecodeError: It shows anything but one average, of all rows or of each group.
    """
    tree = parse_one(sql, dialect=dialect)
    shown = tree.expressions if isinstance(tree, exp.Select) else []
    averages = [item for item in shown if isinstance(item.unalias(), exp.Avg)]
    others = [clause for clause in ("having", "order", "limit", "distinct") if tree.args.get(clause)]
    if not isinstance(tree, exp.Select) or len(averages) != 1 or others:
        raise CannotDecodeError(f"a median is asked for, and this is no plain average: {sql[:200]}")
    value = averages[0].unalias().this.sql(dialect=dialect)
    keys = [item.unalias() for item in shown if item is not averages[0]]
    names = key_names(keys, dialect)
    groups = ", ".join(key.sql(dialect=dialect) for key in (tree.args.get("group") or exp.Group()).expressions)
    within = f"PARTITION BY {groups} " if groups else ""
    tree.set("group", None)
    tree.set("expressions", [exp.alias_(key, name) for key, name in zip(keys, names, strict=True)])
    numbered = tree.select(
        f"{value} AS value",
        f"ROW_NUMBER() OVER ({within}ORDER BY {value}) AS place",
        f"COUNT(*) OVER ({within.strip()}) AS total",
        dialect=dialect,
    ).where(f"NOT {value} IS NULL", dialect=dialect)
    middle = "numbered.place BETWEEN numbered.total * 0.5 AND numbered.total * 0.5 + 1"
    columns = [exp.column(name.copy(), "numbered") for name in names]
    median = exp.select(*columns, "AVG(numbered.value)").from_(numbered.subquery("numbered")).where(middle)
    return (median.group_by(*columns) if columns else median).sql(dialect=dialect)
