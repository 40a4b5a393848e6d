"""Conditions on a year that stands for a month, a quarter or a day, turned into those that the question means.

``year(ordered_on) = 2021``, read for June 2021, becomes ``ordered_on >= '2021-06-01' AND ordered_on < '2021-07-01'``:
right for dates and for times, and a database can use an index for it.
"""

from __future__ import annotations

import re
from collections import defaultdict

from sqlglot import exp

from coderag_app.llm.compact.fill_literals import PERIOD, CannotDecodeError, date_part
from coderag_app.question.periods.date_columns import holds_times, is_date
from coderag_app.question.periods.day_sql import day_sql
from coderag_app.question.periods.period import Period, plain_period
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.date_units import unit_sql
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.contradictions import conditions, either
from coderag_app.sql.repairs.reground import only_date
from coderag_app.sql.type_errors import Holds, compared_literals, what_it_holds

_ISO = re.compile(r"\d{4}-\d\d-\d\d.*", re.DOTALL)


def write_periods(tree: exp.Expr, schema: Schema, values: ValueIndex) -> None:
    """Replace each comparison with a literal that was read for a period.

    What holds no dates gives way to the only column that does; no row is of March and of April, so either is meant.

    Args:
        tree: A query with its literals filled in, those read for a period marked; it is changed.
        schema: What it is a query of.
        values: The stored values.

    Raises:
        CannotDecodeError: It is not clear which dates are compared with a month, or they do not begin with the year.
    """
    for literal in [each for each in tree.find_all(exp.Literal) if PERIOD in each.meta]:
        _compare_date(literal, schema, values)
    for select in list(tree.find_all(exp.Select)):
        _allow_either(select)
    for comparison in list(tree.find_all(exp.Predicate)):
        if any(PERIOD in literal.meta for literal in compared_literals(comparison)):
            comparison.replace(_Condition(comparison.this, schema.dialect).of(comparison))


def _compare_date(literal: exp.Literal, schema: Schema, values: ValueIndex) -> None:
    """Compare the literal with a column of dates itself, and not with the year of one or with what holds none."""
    comparison = literal.find_ancestor(exp.Predicate)
    column = comparison.this.find(exp.Column) if comparison is not None else None
    if comparison is None or column is None:
        raise CannotDecodeError(f"a month is compared with nothing: {literal.parent}")
    if not _holds_dates(column, schema, values):
        column = only_date(column, schema, values) or column
    comparison.this.replace(column)
    if literal.meta[PERIOD].is_a_day and not _holds_times(column, schema):
        del literal.meta[PERIOD]  # a date is equal to a date
    elif not _holds_dates(column, schema, values):
        raise CannotDecodeError(f"a month is compared with what holds no dates: {comparison}")
    elif isinstance(comparison, exp.Like):
        comparison.replace(exp.EQ(this=column, expression=literal))


def _holds_dates(column: exp.Column, schema: Schema, values: ValueIndex) -> bool:
    """Whether it is a column of dates that begin with the year, as far as its values are known."""
    found = declared_column(column, schema)
    return found is not None and (
        (is_date(found[1]) or what_it_holds(*found, values) is Holds.DATES)
        and all(map(_ISO.fullmatch, values.values_of(found[0].name, found[1].name)))
    )


def _holds_times(column: exp.Column, schema: Schema) -> bool:
    found = declared_column(column, schema)
    return found is not None and holds_times(found[1])


def _allow_either(select: exp.Select) -> None:
    """One of several periods where a row would have to be of all of them."""
    of_column: defaultdict[str, list[exp.EQ]] = defaultdict(list)
    for condition in conditions(select):
        if isinstance(condition, exp.EQ) and PERIOD in condition.expression.meta:
            of_column[condition.this.sql()].append(condition)
    for equalities in of_column.values():
        if len(equalities) > 1:
            either(select, equalities)


class _Condition:
    """Compares a column of dates with periods."""

    def __init__(self, column: exp.Expr, dialect: str) -> None:
        self.column = column
        self.dialect = dialect

    def of(self, comparison: exp.Expr) -> exp.Expr:
        """The comparison with the days of its periods."""
        match comparison:
            case exp.Between():
                low, high = (_period(comparison.args[bound]) for bound in ("low", "high"))
                return exp.and_(self.starts(exp.GTE, low), self.ends(exp.LT, high))
            case exp.In():
                return exp.paren(exp.or_(*(self.within(_period(option)) for option in comparison.expressions)))
        period = _period(comparison.expression)
        if period.weekdays and not isinstance(comparison, exp.NEQ):
            return self.within(period)
        match comparison:
            case exp.GT():
                return self.ends(exp.GTE, period)
            case exp.GTE():
                return self.starts(exp.GTE, period)
            case exp.LT():
                return self.starts(exp.LT, period)
            case exp.LTE():
                return self.ends(exp.LT, period)
            case exp.NEQ():
                return exp.not_(exp.paren(self.within(period)))
        return self.within(period)

    def within(self, period: Period) -> exp.Expr:
        """On one of its days."""
        if period.weekdays:
            day, days = unit_sql("weekday", self.column, self.dialect), [*map(exp.Literal.string, period.weekdays)]
            return exp.In(this=day, expressions=days) if len(days) > 1 else exp.EQ(this=day, expression=days[0])
        if period.month:
            return exp.EQ(this=self.month(), expression=exp.Literal.number(period.month))
        return exp.and_(self.starts(exp.GTE, period), self.ends(exp.LT, period))

    def starts(self, kind: type[exp.Binary], period: Period) -> exp.Expr:
        """From the first day on (GTE), or before it (LT)."""
        if period.start is None:
            return kind(this=self.month(), expression=exp.Literal.number(period.month))
        return kind(this=self.column.copy(), expression=day_sql(period.start, self.dialect))

    def ends(self, kind: type[exp.Binary], period: Period) -> exp.Expr:
        """Before the end (LT), or from there on (GTE)."""
        if period.end is None:
            return kind(this=self.month(), expression=exp.Literal.number(period.month + 1))
        return kind(this=self.column.copy(), expression=day_sql(period.end, self.dialect))

    def month(self) -> exp.Expr:
        """The number of the date's month."""
        return date_part("month", self.column)


def _period(literal: exp.Expr) -> Period:
    """What a side of a comparison stands for: a marked period, or a plain year or date beside one."""
    period = literal.meta.get(PERIOD) or plain_period(literal.name)
    if period is None:
        raise CannotDecodeError(f"a date is compared with a month and with {literal}")
    return period
