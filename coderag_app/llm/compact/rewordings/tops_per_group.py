"""The top of each group: "the top product in each region by revenue", from the revenue by region and product."""

from __future__ import annotations

import re
from functools import partial

from sqlglot import exp

from coderag_app.llm.compact.rewordings.parts import PARTS, key_names, match_parts, only_part
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.compact.rewordings.schema_words import columns_called, is_table
from coderag_app.llm.compact.rewordings.tops import LEAST, SUPERLATIVE
from coderag_app.schema.name_words import singular
from coderag_app.schema.tables import Schema

_ITEM = r"(?P<count>\d{1,3} )?(?P<item>\w+(?: \w+)??)"
_GROUP = r"(?:in|for|per|of|by) (?:each |every )?(?P<group>\w+(?: \w+)??)"
_REST = r"(?P<rest>(?: (?:in|during|since|before|after|from)\b.*)?)"
_ASKING = r"(?:(?:what|which|show(?: me)?|list)(?: (?:is|are|was|were))? )?(?:the )?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_ASKING}{SUPERLATIVE}(?: selling)? {_ITEM} {_GROUP} (?:by|in terms of) {PARTS}{_REST}",
        rf"(?:what|which) {_ITEM} (?:has|had|have|made|brought|got) (?:the )?{SUPERLATIVE} {PARTS} "
        rf"(?:in|for|per|of) (?:each|every) (?P<group>\w+(?: \w+)??){_REST}",
    )
)


def tops_per_group_as_sums(question: str, schema: Schema) -> Rewording | None:
    """The question for sums by two keys, where one asks for the top of one within each of the other.

    One of the keys must be a column: it can be grouped by beside anything else.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (status TEXT, country TEXT, weight REAL)")
    >>> tops_per_group_as_sums("Top 3 countries for each status by weight", orders).question
    'total weight by status and country'
    """
    match, measure = match_parts(question, _FORMS, schema)
    if match is None or not measure.startswith("total"):
        return None
    item, group = (" ".join(map(singular, match[name].lower().split())) for name in ("item", "group"))
    columns = {name: bool(columns_called(name, schema.tables)) for name in (item, group)}
    if not any(columns.values()) or not all(columns[name] or is_table(name, schema) for name in columns):
        return None
    first, second = (group, item) if columns[item] else (item, group)
    finish = partial(
        as_tops_per_group,
        of_last_key=second == group,
        count=int(match["count"] or 1),
        least=match["superlative"].lower() in LEAST,
    )
    return Rewording(f"{measure} by {first} and {second}{match['rest']}", finish)


def as_tops_per_group(sql: str, dialect: str, *, of_last_key: bool, count: int = 1, least: bool = False) -> str:
    """A query for sums by keys as one for the largest within each group.

    Args:
        sql: The query.
        dialect: Its dialect.
        of_last_key: Whether the last key says what the groups are, and not those before it.
        count: How many rows of each group.
        least: Whether the smallest are wanted.

    >>> sql = "SELECT region, product, SUM(n) FROM t GROUP BY region, product"
    >>> print(as_tops_per_group(sql, "sqlite", of_last_key=False))
    SELECT ranked.region, ranked.product, ranked.value FROM (SELECT region AS region, product AS product, \
SUM(n) AS value, RANK() OVER (PARTITION BY region ORDER BY SUM(n) DESC) AS place FROM t \
GROUP BY region, product) AS ranked WHERE ranked.place <= 1

    Raises:
        CannotDecodeError: It does not show just one count or sum of each group.
    """
    tree, part = only_part(sql, dialect)
    keys = [item.unalias() for item in tree.expressions if item is not part]
    within = keys[-1:] if of_last_key else keys[:-1]
    order = exp.Ordered(this=part.unalias().copy(), desc=not least, nulls_first=least)
    place = exp.Window(
        this=exp.Rank(), partition_by=[key.copy() for key in within], order=exp.Order(expressions=[order])
    )
    names = key_names(keys, dialect)
    shown = [exp.alias_(key, name) for key, name in zip(keys, names, strict=True)]
    tree.set("expressions", [*shown, exp.alias_(part.unalias(), "value"), exp.alias_(place, "place")])
    columns = [exp.column(name.copy(), "ranked") for name in (*names, exp.to_identifier("value"))]
    outer = exp.select(*columns).from_(tree.subquery("ranked"))
    return outer.where(exp.column("place", "ranked") <= count).sql(dialect=dialect)
