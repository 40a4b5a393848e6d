"""The literals of a parsed query, and the columns they are compared with. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.tables import Column, Schema, Table

_COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.In, exp.Between, exp.NullSafeEQ,
)  # fmt: skip


def compared_columns(literal: exp.Literal) -> tuple[tuple[str, str], ...]:
    """Table and column that a literal may be compared with, lowercased; empty where it is compared with none.

    A column without its table may belong to any table of its SELECT; then there are several.
    """
    comparison = literal.find_ancestor(*_COMPARISONS)
    if comparison is None or comparison.find_ancestor(exp.Select) is not literal.find_ancestor(exp.Select):
        return ()
    column = next(iter(comparison.find_all(exp.Column)), None)
    return column_places(column) if column is not None else ()


def column_places(column: exp.Column) -> tuple[tuple[str, str], ...]:
    """The tables, each with the column's name, that a column may belong to: by its qualifier, or by its SELECT."""
    name, qualifier = column.name.lower(), column.table.lower()
    select = column.find_ancestor(exp.Select)
    while select is not None:
        tables = {table.alias_or_name.lower(): table.name.lower() for table in select_tables(select)}
        if qualifier in tables:
            return ((tables[qualifier], name),)
        if not qualifier:
            return tuple((table, name) for table in dict.fromkeys(tables.values()))
        select = select.find_ancestor(exp.Select)
    return ()


def declared_column(column: exp.Column, schema: Schema) -> tuple[Table, Column] | None:
    """The schema's column that a query means; None where it is computed or may be one of several."""
    found = []
    for table_name, name in column_places(column):
        table = schema.table(table_name)
        declared = table.column(name) if table is not None else None
        if table is not None and declared is not None:
            found.append((table, declared))
    return found[0] if len(found) == 1 else None


def select_tables(select: exp.Select) -> Iterator[exp.Table]:
    """The tables of a SELECT's own FROM clause and joins."""
    start = select.args.get("from_")
    relations = [start.this] if start is not None else []
    relations += [join.this for join in select.args.get("joins") or ()]
    return (relation for relation in relations if isinstance(relation, exp.Table))


def outer_selects(tree: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs whose rows a query returns: those of a set operation, else the query itself; parentheses don't count.

    >>> from coderag_app.sql.parsing import parse_one
    >>> [select.sql() for select in outer_selects(parse_one("(SELECT a FROM t) UNION SELECT b FROM (SELECT b FROM u)"))]
    ['SELECT a FROM t', 'SELECT b FROM (SELECT b FROM u)']
    """
    inner = tree.unnest()
    if isinstance(inner, exp.SetOperation):
        yield from outer_selects(inner.this)
        yield from outer_selects(inner.expression)
    elif isinstance(inner, exp.Select):
        yield inner
