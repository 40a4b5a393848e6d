"""The literals of a reply: filled in, typed and spelled as the compared columns store them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from coderag_app.question.periods.date_columns import is_date, is_year
from coderag_app.question.said_literals import Literal
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.date_units import date_part
from coderag_app.sql.repairs.periods import PERIOD

_BITS = {"y": "1", "yes": "1", "t": "1", "true": "1", "n": "0", "no": "0", "f": "0", "false": "0"}  # of a flag
_DATE_PARTS = ("year", "month", "day", "yearmonth")
_YEAR_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


class CannotDecodeError(ValueError):
    """A reply is not a query over this schema."""


def fill_literals(tree: exp.Expr, schema: Schema, literals: Sequence[Literal], values: ValueIndex) -> exp.Expr:
    """Replace ``:v1`` and loose text by literals typed and spelled as the compared column stores them.

    Args:
        tree: The query; it is changed.
        schema: The tables that it reads.
        literals: The question's literals.
        values: The stored values.

    Raises:
        CannotDecodeError: A literal that is not in the question.
    """
    for call in list(tree.find_all(exp.Anonymous, exp.Year, exp.Month, exp.Day)):
        _replace_date_part(call, schema)
    for node in list(tree.find_all(exp.Placeholder, exp.Literal)):
        if isinstance(node, exp.Placeholder):
            number = node.name.removeprefix("v")
            if not number.isdigit() or not 0 < int(number) <= len(literals):
                raise CannotDecodeError(f"<{node.name}> is not in the question")
            literal, column = literals[int(number) - 1], _compared_column(node, schema)
            if literal.is_year and column is not None:
                _compare_year(node, schema, column)
            filled = _typed(literal, column, values)
            if literal.period is not None:
                filled.meta[PERIOD] = literal.period
            node.replace(filled)
        elif not node.is_string:
            _compare_boolean(node, schema)
        else:
            column = _compared_column(node, schema)
            stored = values.stored_form(*column, node.this) if column else None
            if stored is None and column and _is_bit(schema, column) and node.name.lower() in _BITS:
                bit = exp.Literal.number(_BITS[node.name.lower()])
                node.replace(bit)
                _compare_boolean(bit, schema)
            else:
                node.replace(exp.Literal.string(stored if stored is not None else node.this))
    return _join_patterns(tree)


def _replace_date_part(node: exp.Expr, schema: Schema) -> None:
    """``year ( x )`` as a number, in SQLite's way, which sqlglot writes for the other dialects; a year is its year."""
    part = node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
    if part not in _DATE_PARTS:
        return
    operand = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    column = operand.find(exp.Column)
    if part == "year" and column is not None:
        found = schema.column(_table_of(column), column.name)
        if found is not None and is_year(found):
            node.replace(column)
            return
    number = date_part(part, column or operand)
    holder = node.parent.parent if isinstance(node.parent, exp.Alias) else node.parent
    shown = isinstance(holder, exp.Select | exp.Group | exp.Ordered)  # "01" as it is stored, not 1
    node.replace(number.this if shown or part == "yearmonth" else number)


def _is_bit(schema: Schema, place: tuple[str, str]) -> bool:
    column = schema.column(*place)
    return column is not None and column.profile.is_bit


def _compare_boolean(node: exp.Expr, schema: Schema) -> None:
    """TRUE for 1 beside a Boolean, which only SQLite and DuckDB compare with numbers."""
    beside = node.parent.this if isinstance(node.parent, exp.EQ | exp.NEQ) else None
    column = schema.column(_table_of(beside), beside.name) if isinstance(beside, exp.Column) else None
    if schema.dialect != "sqlite" and column is not None and column.is_boolean and node.name in ("0", "1"):
        node.replace(exp.Boolean(this=node.name == "1"))


def _compare_year(node: exp.Expr, schema: Schema, column: tuple[str, str]) -> None:
    """Compare the year of a date with a year: in SQLite the date's text would be compared, which is never equal."""
    predicate, found = node.parent, schema.column(*column)
    if found is None or not is_date(found) or not isinstance(predicate, _YEAR_COMPARISONS):
        return
    if isinstance(predicate.this, exp.Column):
        predicate.set("this", date_part("year", predicate.this))


def _compared_column(node: exp.Expr, schema: Schema) -> tuple[str, str] | None:
    """The (table, column) that a literal stands beside in a comparison."""
    predicate = node.find_ancestor(exp.Predicate, exp.Case, exp.Coalesce)  # THEN 'cheap' is compared with nothing
    if predicate is None or isinstance(predicate, exp.Exists | exp.Case | exp.Coalesce):
        return None
    column = predicate.this.find(exp.Column) or next(iter(predicate.find_all(exp.Column)), None)
    if column is None or predicate.this.find(exp.AggFunc, exp.Cast):
        return None
    found = (_table_of(column), column.name.lower())
    return found if schema.column(*found) is not None else None


def _table_of(column: exp.Column) -> str:
    """The table that the column's qualifier names or is an alias of."""
    qualifier, query = column.table.lower(), column.find_ancestor(exp.Select)
    while query is not None:
        for table in query.find_all(exp.Table):
            if table.alias.lower() == qualifier:
                return table.name.lower()
        query = query.parent_select
    return qualifier


def _typed(literal: Literal, column: tuple[str, str] | None, values: ValueIndex) -> exp.Expr:
    if column is not None:
        stored = literal.stored_in(*column)
        if stored is None:
            stored = values.stored_form(*column, literal.text)
        if stored is not None:
            return exp.Literal.string(stored)
    if literal.number is not None:
        return exp.Literal.number(literal.number)
    return exp.Literal.string(literal.text)


def _join_patterns(tree: exp.Expr) -> exp.Expr:
    """``'%' || 'x' || '%'`` as one pattern literal."""

    def join(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.DPipe):
            parts = list(node.flatten())
            if all(isinstance(part, exp.Literal) for part in parts):
                joined = exp.Literal.string("".join(part.this for part in parts))
                joined.meta.update(*(part.meta for part in parts if part.meta))
                return joined
        return node

    return tree.transform(join)
