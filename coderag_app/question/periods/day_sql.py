"""Days as SQL, also those that depend on the current date."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.question.periods.period import FromToday

_SQLITE_BEGINS = {
    "day": (),
    "week": ("'weekday 0'", "'-6 days'"),  # on Monday, as in the other dialects
    "month": ("'start of month'",),
    "quarter": ("'start of month'", "'-' || ((CAST(STRFTIME('%m', 'now') AS INTEGER) - 1) % 3) || ' months'"),
    "year": ("'start of year'",),
}
_SQLITE_UNITS = {"week": (7, "day"), "quarter": (3, "month")}


def day_sql(day: str | FromToday, dialect: str) -> exp.Expr:
    """A day; the database counts one that depends on today, since the query may be kept and asked again.

    >>> day_sql("2021-06-01", "sqlite").sql()
    "'2021-06-01'"
    >>> day_sql(FromToday("month", -1), "sqlite").sql("sqlite")
    "DATE('now', 'start of month', '-1 months')"
    >>> day_sql(FromToday("week", -2, begins=False), "postgres").sql("postgres")
    "CURRENT_DATE - INTERVAL '2 WEEK'"
    """
    if isinstance(day, str):
        return exp.Literal.string(day)
    if dialect == "sqlite":
        times, unit = _SQLITE_UNITS.get(day.unit, (1, day.unit))
        modifiers = ["'now'", *(_SQLITE_BEGINS[day.unit] if day.begins else ())]
        modifiers += [f"'{times * day.shift:+} {unit}s'"] if day.shift else []
        return exp.maybe_parse(f"DATE({', '.join(modifiers)})", dialect="sqlite")
    begin = f"DATE_TRUNC('{day.unit}', CURRENT_DATE)" if day.begins and day.unit != "day" else "CURRENT_DATE"
    shift = f" {'-' if day.shift < 0 else '+'} INTERVAL '{abs(day.shift)} {day.unit}'" if day.shift else ""
    return exp.maybe_parse(begin + shift, dialect="postgres")
