"""Replies of the SQL model as tests write them: with names for its ids."""

import re
from collections.abc import Collection

from coderag_app.llm.compact.amounts import find_amount
from coderag_app.llm.compact.decode import decode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.question_periods import find_periods
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex


def decode_reply(
    question: str,
    reply: str,
    schema: Schema,
    values: ValueIndex | None = None,
    without: Collection[str] = frozenset(),
) -> str:
    """The SQL of a reply in which ``{table.column}`` and ``{table}`` stand for ids, ``{amount}`` for the amount's."""
    values = values or ValueIndex()
    names = SchemaNames(schema, find_amount(question, schema))
    marked = mark_question(question, names, values, find_periods(question, schema))

    def item_id(match: re.Match[str]) -> str:
        if match[1] == "amount":
            assert names.amount is not None
            return names.column_ids[names.amount.place]
        table, _, column = match[1].partition(".")
        return names.column_ids[table, column] if column else names.table_ids[table]

    return decode_sql(re.sub(r"\{([\w.]+)\}", item_id, reply), names, marked.literals, values, marked, without)
