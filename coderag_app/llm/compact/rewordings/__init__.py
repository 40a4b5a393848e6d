"""Questions for what the model does not know, asked for what it does; code puts the difference into its SQL.

A model of a few million parameters groups by months but not by weeks, and counts the orders of each status but not
their share of all.
"""

from __future__ import annotations

from functools import partial

from coderag_app.llm.compact.rewordings.averages import averages_as_parts
from coderag_app.llm.compact.rewordings.comparisons import comparisons_as_one
from coderag_app.llm.compact.rewordings.counts import rows_as_counts
from coderag_app.llm.compact.rewordings.medians import medians_as_averages
from coderag_app.llm.compact.rewordings.rewording import Finish, Rewording
from coderag_app.llm.compact.rewordings.second_keys import columns_as_one, periods_as_conditions
from coderag_app.llm.compact.rewordings.shares import shares_as_parts
from coderag_app.llm.compact.rewordings.tops import tops_as_parts
from coderag_app.llm.compact.rewordings.tops_per_group import tops_per_group_as_sums
from coderag_app.llm.compact.rewordings.trends import trends_as_parts
from coderag_app.llm.compact.rewordings.units_as_months import units_as_months
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex

_REWORDINGS = (  # the first to fit comes first; what is left of a question may fit another
    shares_as_parts,
    tops_as_parts,
    tops_per_group_as_sums,
    trends_as_parts,
    averages_as_parts,
    medians_as_averages,
    comparisons_as_one,
    periods_as_conditions,
    columns_as_one,
    rows_as_counts,
)


def reword(question: str, schema: Schema, values: ValueIndex) -> Rewording:
    """A question in words that the model knows; most stay as they are.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (ordered_on DATE)")
    >>> reword("Which quarter had the most orders?", orders, ValueIndex()).question
    'number of orders per month'
    """
    said = Rewording(question, lambda sql, dialect: sql)
    for reworded in (*_REWORDINGS, partial(units_as_months, values=values)):
        found = reworded(said.question, schema)
        if found is not None:
            said = Rewording(found.question, _one_after_the_other(found.finish, said.finish))
    return said


def _one_after_the_other(first: Finish, second: Finish) -> Finish:
    return lambda sql, dialect: second(first(sql, dialect), dialect)
