"""Conditions that no row can meet, turned into what they can only mean.

"Hotels in Japan and South Korea" tempts a small model to ask for one country that is both; a schema that shows a few
values tempts it to ask for one of them that nobody mentioned. Text that a column does not store goes to a column beside
it that does, or away. Of two values that it stores each row may have either; where the column belongs to other rows
than those shown, they need one of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp

from coderag_app.llm.compact.question import Literal
from coderag_app.schema.tables import Schema, identifier
from coderag_app.schema.value_index import MAX_VALUES_PER_COLUMN, ValueIndex
from coderag_app.sql.literals import column_places, declared_column

_SAID_AS = {
    "0": frozenset("0 no not zero none without never nothing nobody".split()),
    "1": frozenset("1 one once single sole only first 1st won winner winners".split()),
}


def settle_contradictions(tree: exp.Expr, schema: Schema, literals: Sequence[Literal], values: ValueIndex) -> exp.Expr:
    """The query without ``c = 1 AND c = 2``, and without text that neither the question nor the column holds.

    Args:
        tree: A query with its literals filled in; it is changed.
        schema: What it is a query of.
        literals: The question's literals.
        values: The stored values.
    """
    said = frozenset().union(*(literal.spellings for literal in literals))
    for select in list(tree.find_all(exp.Select)):
        for equality in _equalities(select):
            if _is_elsewhere(equality, schema, values):
                _move(equality, schema, literals)
        leave_out(select, [each for each in _equalities(select) if _is_invented(each, said, schema, values)])
        for equalities in _contradicting(select):
            stored = [each for each in equalities if _is_stored(each, values)] or equalities
            elsewhere = [each for each in equalities if each not in stored]
            leave_out(select, [each for each in elsewhere if not _move(each, schema, literals)])
            if select is tree and len(stored) == 2 and _belongs_to_other_rows(stored[0], select):
                return _rows_of_both(select, *stored)
            if len(stored) > 1:
                either(select, stored)
    return tree


def leave_out_numbers(tree: exp.Expr, schema: Schema, values: ValueIndex, question: str) -> None:
    """Leave out ``c = 1`` and ``c = 0`` that the question does not ask for, unless the column is a flag.

    Args:
        tree: A query with its literals filled in; it is changed.
        schema: What it is a query of.
        values: The stored values.
        question: As asked.
    """
    words = frozenset(re.findall(r"\w+", question.lower()))
    for select in list(tree.find_all(exp.Select)):
        unasked = [each for each in _equalities(select) if words.isdisjoint(_SAID_AS.get(each.expression.name, words))]
        leave_out(select, [each for each in unasked if not _is_flag(_column(each), schema, values)])


def _is_flag(column: exp.Column, schema: Schema, values: ValueIndex) -> bool:
    found = declared_column(column, schema)
    return found is None or found[1].is_boolean or values.is_flag(found[0].name, found[1].name)


def conditions(select: exp.Select) -> list[exp.Expr]:
    """The conditions that must all hold."""
    where = select.args.get("where")
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def _equalities(select: exp.Select) -> Iterator[exp.EQ]:
    """The conditions that a column, or the year of one, equals a literal."""
    for condition in conditions(select):
        if not isinstance(condition, exp.EQ) or not isinstance(condition.expression, exp.Literal):
            continue
        is_year = isinstance(condition.this, exp.Cast) and not condition.expression.is_string
        if isinstance(condition.this, exp.Column) or (is_year and condition.this.find(exp.Column)):
            yield condition


def _column(equality: exp.EQ) -> exp.Column:
    column: exp.Column = equality.this.find(exp.Column)
    return column


def _contradicting(select: exp.Select) -> list[list[exp.EQ]]:
    """The equalities of one column with different literals."""
    by_column: dict[str, list[exp.EQ]] = {}
    for equality in _equalities(select):
        by_column.setdefault(equality.this.sql(), []).append(equality)
    return [found for found in by_column.values() if len({each.expression.name for each in found}) > 1]


def leave_out(select: exp.Select, dropped: Sequence[exp.Expr]) -> None:
    """Drop some of the ``conditions``."""
    if dropped:
        kept = [each for each in conditions(select) if not any(each is other for other in dropped)]
        select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def _move(equality: exp.EQ, schema: Schema, literals: Sequence[Literal]) -> bool:
    """Ask for the value in the column of the table that stores it; returns whether there is one."""
    text, tables = equality.expression.name.casefold(), {table for table, _ in column_places(equality.this)}
    for literal in literals:
        for value in literal.values:
            if text in literal.spellings and value.table.lower() in tables:
                equality.this.set("this", identifier(value.column, schema.dialect))
                equality.set("expression", exp.Literal.string(value.text))
                return True
    return False


def _is_stored(equality: exp.EQ, values: ValueIndex) -> bool:
    literal, places = equality.expression, column_places(_column(equality))
    return not literal.is_string or any(values.stored_form(*place, literal.name) is not None for place in places)


def _is_elsewhere(equality: exp.EQ, schema: Schema, values: ValueIndex) -> bool:
    """Whether it is text that the column is known not to store."""
    places = column_places(_column(equality))
    known = bool(places) and all(_values_are_known(schema, values, *place) for place in places)
    return equality.expression.is_string and known and not _is_stored(equality, values)


def _is_invented(equality: exp.EQ, said: frozenset[str], schema: Schema, values: ValueIndex) -> bool:
    """Whether the text is not of the question, and the column is known not to store it."""
    return equality.expression.name.casefold() not in said and _is_elsewhere(equality, schema, values)


def _values_are_known(schema: Schema, values: ValueIndex, table: str, name: str) -> bool:
    column = schema.column(table, name)
    numbers = column is not None and column.is_numeric
    return numbers or 0 < len(values.values_of(table, name)) < MAX_VALUES_PER_COLUMN


def _belongs_to_other_rows(equality: exp.EQ, select: exp.Select) -> bool:
    """Whether the rows shown may have several rows with the column: it is of a table that nothing is shown of."""
    shown = {column.table for item in select.expressions for column in item.find_all(exp.Column)}
    plain = not any(select.args.get(clause) for clause in ("group", "having", "order", "limit"))
    return plain and bool(shown) and _column(equality).table not in shown and not select.find(exp.AggFunc)


def _rows_of_both(select: exp.Select, first: exp.EQ, second: exp.EQ) -> exp.Expr:
    all_of_them = conditions(select)
    with_first, with_second = ([each.copy() for each in all_of_them if each is not other] for other in (second, first))
    first_half, second_half = select.copy(), select.copy()
    first_half.set("where", exp.Where(this=exp.and_(*with_first)))
    second_half.set("where", exp.Where(this=exp.and_(*with_second)))
    return exp.intersect(first_half, second_half)


def either(select: exp.Select, equalities: Sequence[exp.EQ]) -> None:
    """Ask for one of the values instead of all of them."""
    first = equalities[0]
    options = [each.expression.copy() for each in equalities]
    first.replace(exp.In(this=first.this.copy(), expressions=options))
    leave_out(select, equalities[1:])
