"""The tables that a question speaks of, put into a reply that leaves them out.

"The names of the gymnasts" are those of people, but not of all people, where each gymnast is one. "Hosts without a
party" tempts a model of a few million parameters to take all hosts from all hosts.
"""

from __future__ import annotations

from collections.abc import Sequence

from coderag_app.llm.compact.plain_replies import end_of_where, is_plain, tables_of
from coderag_app.llm.compact.question import MarkedQuestion
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.schema.tables import Schema


def read_tables(tokens: Sequence[str], names: SchemaNames, marked: MarkedQuestion) -> list[str]:
    """The tokens of a reply about the rows that the question speaks of.

    Args:
        tokens: The reply's words.
        names: The words of the schema's identifiers.
        marked: The question.
    """
    named = [group[0] for group in marked.named if group[0] in names.table_by_id]
    return _of_kind(_with_exception(list(tokens), names, named), names, named)


def _with_exception(tokens: list[str], names: SchemaNames, named: Sequence[str]) -> list[str]:
    """Rows without one of the other table, for rows except the same rows."""
    if tokens.count("except") != 1:
        return tokens
    place = tokens.index("except")
    rows = tokens[:place]
    if rows != tokens[place + 1 :] or not is_plain(rows):
        return tokens
    used = tables_of(rows, names)
    others = {item for item in named if names.table_by_id[item] not in used}
    others = others or {item for table, item in names.table_ids.items() if used & names.joins.parents(table)}
    end = end_of_where(rows)
    joint = "and" if "where" in rows[:end] else "where"
    return [*rows[:end], joint, "without", *others, *rows[end:]] if len(others) == 1 else tokens


def _of_kind(tokens: list[str], names: SchemaNames, named: Sequence[str]) -> list[str]:
    """The rows of the named table alone, where each of them is a row of the table that the reply reads."""
    read = list(tables_of(tokens, names))
    if len(read) != 1 or not is_plain(tokens) or any(names.table_by_id[item] in read for item in named):
        return tokens
    kinds = {item for item in named if _is_kind_of(names.table_by_id[item], read[0], names.schema)}
    if len(kinds) != 1:
        return tokens
    return ["from", *kinds, *([",", *tokens[1:]] if tokens[0] == "from" else tokens)]


def _is_kind_of(name: str, whole: str, schema: Schema) -> bool:
    """Whether a table's key refers to the other table: each of its rows is one of the other's."""
    table = schema.table(name)
    keys = tuple(column.name for column in table.columns if column.primary_key) if table is not None else ()
    return table is not None and any(
        key.columns == keys and key.ref_table.lower() == whole.lower() for key in table.foreign_keys
    )
