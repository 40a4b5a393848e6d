"""Replace a column that cannot hold what a query asks of it by the only one beside it that can.

"Turbines installed after 2016" tempts a model to compare a country with 2016. Where the table has one column of years
or dates, that is what is meant; likewise where the query adds up names and the table has one column of amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from coderag_app.question.periods.date_columns import is_called_year, is_date
from coderag_app.schema.name_words import shares_a_word
from coderag_app.schema.tables import Column, Table, identifier
from coderag_app.sql.date_units import date_part
from coderag_app.sql.literals import declared_column, select_tables
from coderag_app.sql.repairs.conditions import conditions, leave_out
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.type_errors import DATE_PARTS, Holds, compared_literals, is_key, misuses, what_it_holds

_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_SUMS = (exp.Sum, exp.Avg)
_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE)

Fits = Callable[[Table, Column], bool]


def reground(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Replace each misused column by the only one, of its table or else of the query's others, that fits its use.

    Of several dates that is the only one named as the table is.

    Args:
        tree: A query; it is changed.
        context: Its schema and values.
    """
    for misuse in list(misuses(tree, context.schema, context.values)):
        _Regrounding(misuse.node, context).replace()
    return tree


def only_date(misused: exp.Column, context: RepairContext) -> exp.Column | None:
    """The only column of dates in the column's table, or else in another of the query's; as for ``reground``."""
    return _Regrounding(misused, context).date()


class _Regrounding:
    """One misused column and what could stand in its place."""

    def __init__(self, misused: exp.Column, context: RepairContext) -> None:
        self.misused = misused
        self.schema = context.schema
        self.values = context.values
        self.declared = declared_column(misused, context.schema)

    def replace(self) -> None:
        """Put another column there, if there is just one, or else what the use of this one can mean."""
        use = self.misused.parent
        if use is None:
            return
        if isinstance(use, _SUMS):
            self._put(self.misused, self._only(self._is_amount))
        elif isinstance(use, DATE_PARTS):
            number = use.find_ancestor(exp.Cast)
            if number is not None and _compares_years(number):
                self._put_year(number)
            else:
                self._put(self.misused, self.date())
        elif _compares_years(self.misused):
            self._put_year(self.misused)
        elif _compares_numbers(self.misused) and not self._put(self.misused, self._only(self._is_amount)):
            self._count_rows(use)

    def _count_rows(self, comparison: exp.Expr) -> None:
        """More than 2 rows of what is shown, for text that is more than 2: "types with more than 2 policies"."""
        select = self.misused.find_ancestor(exp.Select)
        if select is None or not any(comparison is each for each in conditions(select)):
            return
        grouped = select.args.get("group") or not all(isinstance(item, exp.Column) for item in select.expressions)
        if grouped or not isinstance(comparison, (*_ORDERS, exp.EQ)) or self._holds() is not Holds.TEXT:
            return
        leave_out(select, [comparison])
        select.set("group", exp.Group(expressions=[item.copy() for item in select.expressions]))
        counted = type(comparison)(this=exp.Count(this=exp.Star()), expression=comparison.expression)
        select.set("having", exp.Having(this=counted))

    def _holds(self) -> Holds:
        return what_it_holds(*self.declared, self.values) if self.declared is not None else Holds.UNKNOWN

    def date(self) -> exp.Column | None:
        """The only column of dates, or the only one named as the table."""
        return self._only(self._is_date, _is_named_as_table)

    def _put_year(self, node: exp.Expr) -> None:
        """A column of years, or the year of a column of dates: the only one, or the only one named as the table."""
        year = self._only(self._is_year, _is_named_as_table)
        if year is not None:
            self._put(node, year)
        elif (date := self.date()) is not None:
            node.replace(date_part("year", date))

    def _put(self, node: exp.Expr, column: exp.Column | None) -> bool:
        if column is not None:
            node.replace(column)
        return column is not None

    def _only(self, fits: Fits, preferred: Fits | None = None) -> exp.Column | None:
        """The only fitting (of several the only preferred) column of the misused one's table, or else of another."""
        select = self.misused.find_ancestor(exp.Select)
        if select is None:
            return None
        sources = sorted(select_tables(select), key=lambda source: source.alias_or_name != self.misused.table)
        for source in sources:
            table = self.schema.table(source.name)
            if table is None:
                continue
            found = [column for column in table.columns if not is_key(table, column) and fits(table, column)]
            if len(found) > 1 and preferred:
                found = [column for column in found if preferred(table, column)] or found
            if found:
                return self._column(source, found[0]) if len(found) == 1 else None
        return None

    def _column(self, source: exp.Table, column: Column) -> exp.Column:
        dialect = self.schema.dialect
        return exp.column(identifier(column.name, dialect), identifier(source.alias_or_name, dialect))

    def _is_amount(self, table: Table, column: Column) -> bool:
        flag = column.is_boolean or column.profile.is_bit
        return column.holds_numbers and not flag and not self._is_year(table, column)

    def _is_year(self, table: Table, column: Column) -> bool:
        held = what_it_holds(table, column, self.values)
        return is_called_year(column) and held in (Holds.NUMBERS, Holds.UNKNOWN)

    def _is_date(self, table: Table, column: Column) -> bool:
        held = what_it_holds(table, column, self.values)
        return held is Holds.DATES or (held is Holds.UNKNOWN and is_date(column))


def _is_named_as_table(table: Table, column: Column) -> bool:
    """Whether the column speaks of what the rows are: ``ordered_on`` of orders, and not their ``shipped_on``."""
    return shares_a_word(table.name, column.name)


def _compares_years(node: exp.Expr) -> bool:
    texts = [literal.name for literal in compared_literals(node.parent)]
    return bool(texts) and all(map(_YEAR.fullmatch, texts))


def _compares_numbers(node: exp.Expr) -> bool:
    literals = list(compared_literals(node.parent))
    return bool(literals) and not any(literal.is_string for literal in literals)
