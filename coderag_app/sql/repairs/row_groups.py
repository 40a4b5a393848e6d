"""Keep rows of the same name apart: "the orders of each customer" means each customer, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.row_names import row_names
from coderag_app.schema.tables import identifier
from coderag_app.sql.literals import declared_column, select_tables
from coderag_app.sql.repairs.context import RepairContext


def group_by_rows(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Group by a table's key too, where a query groups by what names its rows and joins several others to each.

    Args:
        tree: A query; it is changed.
        context: Its schema, and the question, without which the query stays as it is.
    """
    if not context.question.text:
        return tree
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        sources = [source.name.lower() for source in select_tables(select)]
        derived = any(context.schema.table(source) is None for source in sources)
        if group is None or derived or len(set(sources)) < 2 or len(set(sources)) < len(sources):
            continue
        keys = list(_keys(group, context, context.joins.most_rows(sources)))
        group.set("expressions", [*keys, *group.expressions])
    return tree


def _keys(group: exp.Group, context: RepairContext, most_rows: str) -> Iterator[exp.Column]:
    """The keys of the tables, but for that of the join's own rows, whose naming columns are grouped by."""
    grouped: dict[str, dict[str, exp.Column]] = {}
    for item in group.expressions:
        found = declared_column(item, context.schema) if isinstance(item, exp.Column) else None
        if found is not None:
            grouped.setdefault(found[0].name.lower(), {})[found[1].name.lower()] = item
    for name, items in grouped.items():
        table = context.schema.table(name)
        if table is None or name == most_rows:
            continue
        keys = [column.name for column in table.columns if column.primary_key]
        naming = {column.lower() for column in row_names(table)}
        if len(keys) == 1 and items.keys() == naming and keys[0].lower() not in naming:
            qualifier = next(iter(items.values())).args.get("table") or _source(group, name, context.dialect)
            yield exp.column(identifier(keys[0], context.dialect), qualifier)


def _source(group: exp.Group, table: str, dialect: str) -> exp.Identifier:
    """What the query calls a table: its key may be called as that of another is."""
    select = group.find_ancestor(exp.Select)
    sources = select_tables(select) if isinstance(select, exp.Select) else iter(())
    found = next((source.alias_or_name for source in sources if source.name.lower() == table), table)
    return identifier(found, dialect)
