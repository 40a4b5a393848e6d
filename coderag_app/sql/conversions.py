"""Values that are stored in a form of their own, as numbers and dates in each dialect. Pure.

Money in text becomes ``CAST(REPLACE(...) AS REAL)``, seconds since 1970 ``DATETIME(x, 'unixepoch')``, and a date in
text such as ``31/12/2023`` what the dialect has for it. In SQLite a date is its ISO text. What is no such value becomes
NULL where the dialect can say so.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sqlglot import exp

from coderag_app.schema.profile import COMPACT, EPOCH, EPOCH_MS, ISO, ISO_TIME, ColumnProfile, Kind, NumberForm
from coderag_app.sql.parsing import parse_one

_VALUE = "stored_value"  # the column's place in the templates
_NUMBERS = {
    "sqlite": "CAST({} AS REAL)",
    "duckdb": "TRY_CAST(TRIM({}) AS DOUBLE)",
    "postgres": "CAST(TRIM({}) AS NUMERIC)",
    "mysql": "CAST(TRIM({}) AS DECIMAL(30, 6))",
}
_MOMENTS = {
    EPOCH: {
        "sqlite": "DATETIME({}, 'unixepoch')",
        "duckdb": "MAKE_TIMESTAMP(CAST({} AS BIGINT) * 1000000)",
        "postgres": "TO_TIMESTAMP({}) AT TIME ZONE 'UTC'",
        "mysql": "DATE_ADD(TIMESTAMP('1970-01-01'), INTERVAL {} SECOND)",
    },
    EPOCH_MS: {
        "sqlite": "DATETIME({} / 1000, 'unixepoch')",
        "duckdb": "MAKE_TIMESTAMP(CAST({} AS BIGINT) * 1000)",
        "postgres": "TO_TIMESTAMP({} / 1000.0) AT TIME ZONE 'UTC'",
        "mysql": "DATE_ADD(TIMESTAMP('1970-01-01'), INTERVAL {} / 1000 SECOND)",
    },
}
_CAST_TYPES = {"duckdb": "VARCHAR", "postgres": "TEXT", "mysql": "CHAR"}
_MONTHS = "'janfebmaraprmayjunjulaugsepoctnovdec'"
_POSTGRES = {
    "%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%b": "Mon", "%B": "FMMonth", "%H": "HH24", "%M": "MI",
    "%S": "SS",
}  # fmt: skip
_MYSQL = {"%M": "%i", "%S": "%s", "%B": "%M"}


def converted(column: exp.Expr, profile: ColumnProfile, dialect: str) -> exp.Expr | None:
    """The number or the date that a column's values spell; None where the dialect has no short way to it.

    >>> amount = ColumnProfile(Kind.NUMBER, number=NumberForm(",", ".", ("€",), "€"))
    >>> converted(exp.column("price"), amount, "sqlite").sql("sqlite")
    "CAST(REPLACE(REPLACE(REPLACE(price, '€', ''), '.', ''), ',', '.') AS REAL)"
    >>> converted(exp.column("paid"), ColumnProfile(Kind.DATE, "%d/%m/%Y"), "postgres").sql("postgres")
    "TO_DATE(paid, 'DD/MM/YYYY')"
    """
    form = (profile.form, profile.has_time, profile.padded)
    template = _template(profile.kind, *form, profile.number, profile.blanks, dialect)
    if template is None:
        return None
    if isinstance(template, exp.Column):
        return column.copy()  # ISO text is SQLite's date as it stands
    tree = template.copy()
    for place in [node for node in tree.find_all(exp.Column) if node.name == _VALUE]:
        place.replace(column.copy())
    return tree


def is_comparable_date(profile: ColumnProfile, dialect: str) -> bool:
    """Whether it holds dates that SQL can compare with ISO dates, as they are or converted."""
    if profile.kind is not Kind.DATE:
        return False
    return not profile.is_converted or converted(exp.column(_VALUE), profile, dialect) is not None


@lru_cache(maxsize=256)
def _template(
    kind: Kind,
    form: str,
    has_time: bool,
    padded: bool,
    number: NumberForm | None,
    blanks: tuple[str, ...],
    dialect: str,
) -> exp.Expr | None:
    value = _VALUE
    for blank in blanks:
        value = f"NULLIF({value}, {_text(blank, dialect)})"
    if number is not None:
        sql: str | None = _NUMBERS[dialect].format(_plain_digits(value, number, dialect))
    elif kind is not Kind.DATE or not form:
        return None
    elif form in _MOMENTS:
        sql = _MOMENTS[form][dialect].format(value)
    elif dialect == "sqlite":
        sql = _sqlite_date(value, form, has_time, padded)
    else:
        sql = _typed_date(value, form, has_time, dialect)
    return parse_one(sql, dialect=dialect) if sql is not None else None


def _plain_digits(value: str, number: NumberForm, dialect: str) -> str:
    """The text without signs and marks, with a decimal point."""
    replaced = [(sign, "") for sign in number.signs]
    replaced += [(number.thousands, "")] if number.thousands else []
    replaced += [(number.decimal, ".")] if number.decimal != "." else []
    replaced += [("(", "-"), (")", "")] if number.parentheses else []
    for old, new in replaced:
        value = f"REPLACE({value}, {_text(old, dialect)}, {_text(new, dialect)})"
    return value


def _sqlite_date(value: str, form: str, has_time: bool, padded: bool) -> str | None:
    """The ISO text of a date; ``DATE`` makes NULL of what is none."""
    if form in (ISO, ISO_TIME):
        return value
    if form == "%Y-%m":
        return f"DATE({value} || '-01')"
    if form == COMPACT:
        parts = [f"SUBSTR({value}, {start}, {length})" for start, length in ((1, 4), (5, 2), (7, 2))]
        return f"DATE({' || '.join(_between(parts))})"
    separator = form[2]
    if form in ("%d-%b-%Y", "%d %b %Y") and padded:
        month = f"SUBSTR('0' || ((INSTR({_MONTHS}, LOWER(SUBSTR({value}, 4, 3))) + 2) / 3), -2)"
        return f"DATE({' || '.join(_between([f'SUBSTR({value}, 8, 4)', month, f'SUBSTR({value}, 1, 2)']))})"
    order = re.fullmatch(rf"%([dmY]){re.escape(separator)}%([dm]){re.escape(separator)}%([dmY])(?: .*)?", form)
    if order is None or (has_time and not padded):
        return None
    function, rest = ("DATETIME", f" || SUBSTR({value}, 11)") if has_time else ("DATE", "")
    found = dict(zip(order.groups(), _parts(value, separator, order[1] == "Y", padded), strict=True))
    return f"{function}({' || '.join(_between([found['Y'], found['m'], found['d']]))}{rest})"


def _parts(value: str, separator: str, year_first: bool, padded: bool) -> list[str]:
    """The three parts of a date; those of one or two digits have a zero in front."""
    if padded:
        places = ((1, 4), (6, 2), (9, 2)) if year_first else ((1, 2), (4, 2), (7, 4))
        return [f"SUBSTR({value}, {start}, {length})" for start, length in places]
    mark = _text(separator, "sqlite")
    after = f"SUBSTR({value}, INSTR({value}, {mark}) + 1)"
    parts = [
        f"SUBSTR({value}, 1, INSTR({value}, {mark}) - 1)",
        f"SUBSTR({after}, 1, INSTR({after}, {mark}) - 1)",
        f"SUBSTR({after}, INSTR({after}, {mark}) + 1)",
    ]
    short = (1, 2) if year_first else (0, 1)
    return [f"SUBSTR('0' || {part}, -2)" if place in short else part for place, part in enumerate(parts)]


def _between(parts: list[str]) -> list[str]:
    """Year, month and day with hyphens between them."""
    year, month, day = parts
    return [year, "'-'", month, "'-'", day]


def _typed_date(value: str, form: str, has_time: bool, dialect: str) -> str | None:
    """A date or a time stamp of the dialect's own type."""
    kind = "TIMESTAMP" if has_time else "DATE"
    if form in (ISO, ISO_TIME):
        return f"CAST({value} AS {'DATETIME' if has_time and dialect == 'mysql' else kind})"
    if form == "%Y-%m":
        day = f"CONCAT({value}, '-01')"
        return f"CAST({day} AS DATE)"
    text = f"CAST({value} AS {_CAST_TYPES[dialect]})" if form == COMPACT else value
    if dialect == "duckdb":
        return f"CAST(TRY_STRPTIME({text}, '{form}') AS {kind})"
    if dialect == "mysql":
        return f"STR_TO_DATE({text}, '{re.sub('%.', lambda part: _MYSQL.get(part[0], part[0]), form)}')"
    pattern = re.sub("%.", lambda part: _POSTGRES[part[0]], form)
    return f"CAST(TO_TIMESTAMP({text}, '{pattern}') AS TIMESTAMP)" if has_time else f"TO_DATE({text}, '{pattern}')"


def _text(text: str, dialect: str) -> str:
    return exp.Literal.string(text).sql(dialect=dialect)
