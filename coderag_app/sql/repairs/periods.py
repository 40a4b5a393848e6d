"""Compare dates with the month, the quarter or the day that a question means.

``year(ordered_on) = 2021``, written for June 2021, becomes ``ordered_on >= '2021-06-01' AND ordered_on <
'2021-07-01'``: right for dates and for times, and a database can use an index for it. A time is never equal to a day:
``paid_at = '2022-05-05'`` becomes all of that day.
"""

from __future__ import annotations

import re
from collections import defaultdict

from sqlglot import exp

from coderag_app.question.periods.date_columns import holds_times, is_date
from coderag_app.question.periods.day_sql import day_sql
from coderag_app.question.periods.period import Period, plain_period
from coderag_app.schema.profile import Kind
from coderag_app.sql.conversions import is_comparable_date
from coderag_app.sql.date_units import date_part, unit_sql
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.conditions import conditions, either
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.reground import only_date
from coderag_app.sql.type_errors import Holds, compared_literals, what_it_holds

PERIOD = "period"  # marks a literal that stands for a period, and holds it
_ISO = re.compile(r"\d{4}-\d\d-\d\d.*", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


class UnclearPeriodError(ValueError):
    """It is not clear which dates are compared with a period, or they do not begin with the year."""


def compare_periods(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Replace each comparison with a literal that stands for a period.

    What holds no dates gives way to the only column that does; no row is of March and of April, so either is meant.

    Args:
        tree: A query; it is changed. Who writes literals for periods marks them with ``PERIOD``. A year is marked here
            where the question names a month, a quarter or a half of it, and the query says nothing more of that date.
        context: Its schema and values, and the question.

    Raises:
        UnclearPeriodError: It is not clear which dates are meant.
    """
    _mark_years(tree, context)
    _mark_days(tree, context)
    for literal in marked_literals(tree):
        _compare_date(literal, context)
    for select in list(tree.find_all(exp.Select)):
        _allow_either(select)
    for comparison in list(tree.find_all(exp.Predicate)):
        if any(PERIOD in literal.meta for literal in compared_literals(comparison)):
            comparison.replace(_Condition(comparison.this, context.dialect).of(comparison))
    return tree


def marked_literals(tree: exp.Expr) -> list[exp.Literal]:
    """The literals that still stand for a period."""
    return [literal for literal in tree.find_all(exp.Literal) if PERIOD in literal.meta]


def _mark_years(tree: exp.Expr, context: RepairContext) -> None:
    """Mark ``year(ordered_on) = 2021`` where the question names one part of 2021, and the query not which."""
    found = [said.period for said in context.question.periods if said.period is not None]
    for comparison in list(tree.find_all(*_COMPARISONS)):
        literal, column = comparison.expression, _date_of_year(comparison.this)
        if not isinstance(literal, exp.Literal) or PERIOD in literal.meta or column is None:
            continue
        meant = [period for period in found if isinstance(period.start, str) and period.start[:4] == literal.name]
        if len(meant) != 1 or meant[0] == plain_period(literal.name) or meant[0].is_a_day:
            continue
        if _holds_dates(column, context) and _is_all_said_of(column, comparison):
            literal.meta[PERIOD] = meant[0]


def _date_of_year(node: exp.Expr) -> exp.Column | None:
    """The column whose year an expression is; None for anything else."""
    while isinstance(node, exp.Cast | exp.Paren):
        node = node.this
    match node:
        case exp.TimeToStr() if node.text("format") == "%Y":
            date = node.this
        case exp.Year():
            date = node.this
        case exp.Extract() if node.name.upper() == "YEAR":
            date = node.expression
        case _:
            return None
    while isinstance(date, exp.Cast | exp.TsOrDsToTimestamp | exp.TsOrDsToDate):
        date = date.this
    return date if isinstance(date, exp.Column) else None


def _is_all_said_of(column: exp.Column, comparison: exp.Expr) -> bool:
    """Whether a comparison is the only place of the query's conditions that speaks of the column."""
    select = comparison.find_ancestor(exp.Select)
    where = select.args.get("where") if select is not None else None
    return where is not None and [column] == [each for each in where.find_all(exp.Column) if each.name == column.name]


def _mark_days(tree: exp.Expr, context: RepairContext) -> None:
    """Mark the days that times are compared with; the beginning of a day is what ``>=`` and ``<`` say already."""
    for comparison in list(tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.LTE, exp.Between)):
        column = comparison.this
        days = list(compared_literals(comparison))
        expected = 2 if isinstance(comparison, exp.Between) else 1
        if not isinstance(column, exp.Column) or len(days) != expected:
            continue
        if not all(day.is_string and _DAY.fullmatch(day.name) and plain_period(day.name) for day in days):
            continue
        if _holds_times(column, context) and _holds_dates(column, context):
            for day in days:
                day.meta.setdefault(PERIOD, plain_period(day.name))


def _compare_date(literal: exp.Literal, context: RepairContext) -> None:
    """Compare the literal with a column of dates itself, and not with the year of one or with what holds none."""
    comparison = literal.find_ancestor(exp.Predicate)
    column = comparison.this.find(exp.Column) if comparison is not None else None
    if comparison is None or column is None:
        raise UnclearPeriodError(f"a month is compared with nothing: {literal.parent}")
    if not _holds_dates(column, context):
        column = only_date(column, context) or column
    comparison.this.replace(column)
    if literal.meta[PERIOD].is_a_day and not _holds_times(column, context):
        del literal.meta[PERIOD]  # a date is equal to a date
    elif not _holds_dates(column, context):
        raise UnclearPeriodError(f"a month is compared with what holds no dates: {comparison}")
    elif isinstance(comparison, exp.Like):
        comparison.replace(exp.EQ(this=column, expression=literal))


def _holds_dates(column: exp.Column, context: RepairContext) -> bool:
    """Whether it is a column of dates that begin with the year, as far as its values are known."""
    found = declared_column(column, context.schema)
    if found is None:
        return False
    if found[1].profile.kind is Kind.DATE:
        return is_comparable_date(found[1].profile, context.dialect)
    return (is_date(found[1]) or what_it_holds(*found, context.values) is Holds.DATES) and all(
        map(_ISO.fullmatch, context.values.values_of(found[0].name, found[1].name))
    )


def _holds_times(column: exp.Column, context: RepairContext) -> bool:
    found = declared_column(column, context.schema)
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
        raise UnclearPeriodError(f"a date is compared with a month and with {literal}")
    return period
