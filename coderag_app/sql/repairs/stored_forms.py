"""Use numbers, dates and flags as their columns store them.

Money in text is added up as numbers, ``31/12/2023`` and seconds since 1970 are ordered and compared as dates, and
``active = 'yes'`` becomes what the column stores for yes. Only the places that need the value are changed: a column
that is shown stays as it is stored, and so does one that the query converts itself.
"""

from __future__ import annotations

import re

from sqlglot import exp

from coderag_app.schema.profile import ISO, ISO_TIME, ColumnProfile, Kind
from coderag_app.schema.tables import Column
from coderag_app.sql.conversions import converted
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.context import RepairContext

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Round, exp.Abs)
_COUNTED = (exp.Count, exp.GroupConcat, exp.ArrayAgg, exp.CountIf)
_DATE_PARTS = (
    exp.TsOrDsToTimestamp, exp.TsOrDsToDate, exp.TimeToStr, exp.Date, exp.Year, exp.Month, exp.Day, exp.Quarter,
    exp.Week, exp.Extract, exp.TimestampTrunc, exp.DateTrunc, exp.DateDiff, exp.DayOfWeek, exp.DayOfMonth,
    exp.DayOfYear, exp.Dayname, exp.Monthname, exp.LastDay, exp.DateAdd, exp.DateSub,
)  # fmt: skip
_DATE_NAMES = frozenset("DATE DATETIME STRFTIME JULIANDAY TIME DATE_PART AGE WEEKDAY UNIXEPOCH".split())
_FROM_EPOCH = re.compile(r"unixepoch|auto", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}(-\d\d(-\d\d.*)?)?", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def use_stored_forms(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Convert columns whose values have a form of their own, and spell flags as they are stored.

    Args:
        tree: A query; it is changed.
        context: Its schema, with the profiles of its columns.
    """
    for node in list(tree.find_all(exp.Column)):
        found = declared_column(node, context.schema)
        if found is None or node.parent is None:
            continue
        column = found[1]
        if column.profile.flag is not None:
            _spell_flag(node, column, context.dialect)
        elif _needs_date(node, column, context.dialect) or _needs_number(node, column.profile, context.dialect):
            value = converted(node, column.profile, context.dialect)
            if value is not None:
                _put(node, value, column.profile)
    return tree


def _put(node: exp.Column, value: exp.Expr, profile: ColumnProfile) -> None:
    use = node.parent
    if isinstance(use, exp.Like):
        value = exp.cast(value, "text")  # some dialects have no LIKE for dates
    if isinstance(use, exp.Ordered) and profile.blanks:
        use.set("nulls_first", False)  # what is missing is not the smallest
    if profile.number is not None and isinstance(use, _COMPARISONS):
        for literal in _others(node):
            if isinstance(literal, exp.Literal) and literal.is_string and _NUMBER.fullmatch(literal.name):
                literal.replace(exp.Literal.number(literal.name.lstrip("+")))
    node.replace(value)


# --- numbers ---


def _needs_number(node: exp.Column, profile: ColumnProfile, dialect: str) -> bool:
    """Whether a number in text is used as one: added up, computed with, ordered, or compared with a number."""
    number, use = profile.number, node.parent
    if number is None or (isinstance(use, exp.Cast) and number.is_plain):
        return False  # the query's own cast reads a plain number
    is_read = dialect == "sqlite" and number.is_plain and not profile.blanks  # SQLite adds up texts of digits
    if isinstance(use, exp.Max | exp.Min | exp.Ordered):
        return not (is_read and profile.padded)
    if isinstance(use, exp.AggFunc):
        return not (is_read or isinstance(use, _COUNTED) or isinstance(use.this, exp.Distinct))
    if isinstance(use, (*_ARITHMETIC, exp.Cast)):
        return not is_read
    if not isinstance(use, _COMPARISONS) or (is_read and profile.padded):
        return False
    if isinstance(use, exp.EQ | exp.NEQ | exp.In) and number.is_plain:
        # The same digits are the same text; a number is turned into text by SQLite alone.
        texts = all(isinstance(each, exp.Literal) and (each.is_string or is_read) for each in _others(node))
        return not texts
    return _is_ordered_beside_a_column(node) or any(map(_is_numeric, _others(node)))


def _is_numeric(other: exp.Expr) -> bool:
    """Whether a side of a comparison is a number: a literal, a computed one, or the result of a query."""
    if isinstance(other, exp.Literal):
        return not other.is_string or _NUMBER.fullmatch(other.name) is not None
    return isinstance(other, (*_ARITHMETIC, exp.AggFunc, exp.Subquery, exp.Select, exp.Cast))


# --- dates ---


def _needs_date(node: exp.Column, column: Column, dialect: str) -> bool:
    """Whether a date in a form of its own is used as one: taken apart, ordered, or compared with an ISO date."""
    profile = column.profile
    if profile.kind is not Kind.DATE or not profile.form:
        return False
    is_iso = profile.form in (ISO, ISO_TIME)
    if is_iso and (dialect == "sqlite" or column.is_temporal):
        return False
    use = node.parent
    if use is not None and _is_date_part(use):
        return not any(
            isinstance(each, exp.Literal) and _FROM_EPOCH.fullmatch(each.name) for each in use.iter_expressions()
        )
    if is_iso:
        return False  # texts in ISO form are compared and ordered as they are
    if isinstance(use, exp.Ordered | exp.Max | exp.Min):
        return True
    compared = isinstance(use, (*_COMPARISONS, exp.Like)) and any(map(_is_date, _others(node)))
    return compared or _is_ordered_beside_a_column(node)


def _is_date_part(use: exp.Expr | None) -> bool:
    if isinstance(use, exp.Cast):
        return use.to.is_type("date", "timestamp", "datetime", "timestamptz")
    return isinstance(use, _DATE_PARTS) or (isinstance(use, exp.Anonymous) and use.name.upper() in _DATE_NAMES)


def _is_date(other: exp.Expr) -> bool:
    if isinstance(other, exp.Literal):
        return other.is_string and _ISO_DATE.fullmatch(other.name.rstrip("%")) is not None
    return (
        isinstance(other, exp.CurrentDate | exp.CurrentTimestamp)
        or _is_date_part(other)
        or bool(other.find(exp.Interval))
    )


def _is_ordered_beside_a_column(node: exp.Column) -> bool:
    """Whether it is compared with a column, as larger or smaller: equal texts are equal as they are."""
    return isinstance(node.parent, _ORDERS) and any(isinstance(each, exp.Column) for each in _others(node))


def _others(node: exp.Column) -> list[exp.Expr]:
    """What a column is compared with."""
    return [each for each in node.parent.iter_expressions() if each is not node] if node.parent is not None else []


# --- flags ---


def _spell_flag(node: exp.Column, column: Column, dialect: str) -> None:
    """Compare a flag with what is stored for yes and no, however a query spells them."""
    use = node.parent
    stored = column.profile.flag
    assert stored is not None  # noqa: S101 - the caller has looked
    if isinstance(use, exp.Sum | exp.Avg) and isinstance(stored[0], str):
        is_true = exp.EQ(this=node.copy(), expression=_literal(stored[0], dialect))
        node.replace(exp.Case(ifs=[exp.If(this=is_true, true=exp.Literal.number(1))], default=exp.Literal.number(0)))
    elif isinstance(use, exp.Where | exp.And | exp.Or | exp.Not | exp.Having) and not column.is_boolean:
        if isinstance(stored[0], str) or dialect == "postgres":
            node.replace(exp.EQ(this=node.copy(), expression=_literal(stored[0], dialect)))
    elif isinstance(use, exp.EQ | exp.NEQ | exp.In | exp.Is):
        for literal in _others(node):
            if isinstance(literal, exp.Literal | exp.Boolean):
                _spell_literal(literal, column, dialect)
        if isinstance(use, exp.Is) and isinstance(use.expression, exp.Literal):
            use.replace(exp.EQ(this=node.copy(), expression=use.expression.copy()))


def _spell_literal(literal: exp.Expr, column: Column, dialect: str) -> None:
    said = str(literal.this) if isinstance(literal, exp.Boolean) else literal.name
    stored = column.profile.stored_flag(said)
    if stored is not None and not (isinstance(stored, str) and literal == exp.Literal.string(said) and said == stored):
        literal.replace(_literal(stored, dialect))


def _literal(stored: str | float | bool, dialect: str) -> exp.Expr:
    if isinstance(stored, bool):
        return exp.Boolean(this=stored) if dialect != "mysql" else exp.Literal.number(int(stored))
    return exp.Literal.string(stored) if isinstance(stored, str) else exp.Literal.number(int(stored))
