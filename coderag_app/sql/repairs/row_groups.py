"""Rows with the same name kept apart: "the orders of each customer" means each customer, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.llm.compact.names import SchemaNames
from coderag_app.schema.tables import identifier
from coderag_app.sql.literals import declared_column, select_tables


def group_by_rows(tree: exp.Expr, names: SchemaNames) -> None:
    """Group by a table's key too, where a query groups by what names its rows and joins several others to each.

    Args:
        tree: A query; it is changed.
        names: The schema that it is a query of.
    """
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        sources = [source.name.lower() for source in select_tables(select)]
        derived = any(names.schema.table(source) is None for source in sources)
        if group is None or derived or len(set(sources)) < 2 or len(set(sources)) < len(sources):
            continue
        keys = list(_keys(group, names, names.joins.most_rows(sources)))
        group.set("expressions", [*keys, *group.expressions])


def _keys(group: exp.Group, names: SchemaNames, most_rows: str) -> Iterator[exp.Column]:
    """The keys of the tables, but for that of the join's own rows, whose naming columns are grouped by."""
    grouped: dict[str, dict[str, exp.Column]] = {}
    for item in group.expressions:
        found = declared_column(item, names.schema) if isinstance(item, exp.Column) else None
        if found is not None:
            grouped.setdefault(found[0].name.lower(), {})[found[1].name.lower()] = item
    for name, items in grouped.items():
        table = names.schema.table(name)
        if table is None or name == most_rows:
            continue
        keys = [column.name for column in table.columns if column.primary_key]
        naming = {names.column_by_id[column][1] for column in names.links.naming(names.table_ids.get(name, ""))}
        if len(keys) == 1 and items.keys() == naming and keys[0].lower() not in naming:
            qualifier = next(iter(items.values())).args.get("table")
            yield exp.column(identifier(keys[0], names.schema.dialect), qualifier)
