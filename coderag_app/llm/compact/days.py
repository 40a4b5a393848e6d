"""Days between two dates: ``days ( <c1> , <c2> )`` in the compact language, with ``today`` for the current date."""

from __future__ import annotations

from sqlglot import exp

_JULIAN, _DAYS, _TODAY = "julianday", "days", "today"


def days_between(node: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """The later and the earlier date of a difference of Julian days, as SQLite counts days; None for anything else."""
    match node:
        case exp.Sub(this=exp.Anonymous() as later, expression=exp.Anonymous() as earlier):
            dates = [call.expressions[0] for call in (later, earlier) if _is_call(call, _JULIAN, 1)]
            return (dates[0], dates[1]) if len(dates) == 2 else None
    return None


def is_today(date: exp.Expr) -> bool:
    """Whether this is the current date."""
    return isinstance(date, exp.CurrentDate) or (isinstance(date, exp.Literal) and date.this.lower() == "now")


def write_days(tree: exp.Expr, dialect: str) -> None:
    """Replace ``days ( later , earlier )`` in a decoded query by what the dialect has for it.

    Args:
        tree: The query; it is changed.
        dialect: The dialect it will be written in.
    """
    for call in list(tree.find_all(exp.Anonymous)):
        if not _is_call(call, _DAYS, 2):
            continue
        if dialect == "sqlite":  # with the fraction of a day, which sqlglot's own form cuts off
            julian = [exp.func(_JULIAN.upper(), _date(date, "'now'")) for date in call.expressions]
            call.replace(exp.Paren(this=exp.Sub(this=julian[0], expression=julian[1])))
        else:
            later, earlier = (_date(date, "CURRENT_DATE") for date in call.expressions)
            call.replace(exp.DateDiff(this=later, expression=earlier, unit=exp.var("DAY")))


def _date(date: exp.Expr, today: str) -> exp.Expr:
    is_word = isinstance(date, exp.Column) and not date.table and date.name == _TODAY
    return exp.maybe_parse(today) if is_word else date.copy()


def _is_call(call: exp.Anonymous, name: str, arguments: int) -> bool:
    return call.name.lower() == name and len(call.expressions) == arguments
