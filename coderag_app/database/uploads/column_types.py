"""The type of each column of dropped text, decided by its profile, and what was decided in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coderag_app.database.sampling import quoted
from coderag_app.errors import ConfigurationError
from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.profile import ColumnProfile, Kind, may_be_two_days, text_profile

if TYPE_CHECKING:
    import duckdb

_READ_VALUES = 2_000  # distinct values of a column that decide how it is spelled; all of them must fit afterwards
_CHOICES = {"header": ("auto", "yes", "no"), "decimal": ("auto", ",", "."), "dates": ("auto", "day", "month")}
_OFFSET = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How dropped text is read where its values leave it open, or wherever it is told.

    Attributes:
        header: Whether the first line names the columns: ``yes``, ``no``, or ``auto`` to decide by the values.
        decimal: The decimal mark: ``,``, ``.`` or ``auto``.
        dates: What comes first in dates such as 03/04/2024: ``day``, ``month`` or ``auto``, which leaves them as texts.
    """

    header: str = "auto"
    decimal: str = "auto"
    dates: str = "auto"

    def __post_init__(self) -> None:
        """Refuse values that would be read as ``auto``."""
        for name, expected in _CHOICES.items():
            if getattr(self, name) not in expected:
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(expected)}.")


@dataclass(frozen=True, slots=True)
class _Decided:
    """The SQL of a column's values, and what to say about them; nothing where it is plain."""

    sql: str
    note: str = ""


def typed_columns(
    connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], options: ReadingOptions, comma: bool | None
) -> tuple[list[str], list[str]]:
    """Choose the narrowest type that every cell of each column fits; what fits none, or two ways, stays a text.

    Args:
        connection: Where the table is.
        table: A table of texts.
        names: Its columns.
        options: What the user told.
        comma: Whether numbers have a decimal comma where neither the user nor a column says so.

    Returns:
        The select list, and a sentence on each column that was more than plain.
    """
    columns = [_TextColumn(connection, table, name, options) for name in names]
    comma = {",": True, ".": False}.get(options.decimal, _comma_of(columns, comma))
    decided = [column.decided(comma) for column in columns]
    return [f"{each.sql} AS {quoted(name)}" for each, name in zip(decided, names, strict=True)], [
        f"{name}: {each.note}" for each, name in zip(decided, names, strict=True) if each.note
    ]


def _comma_of(columns: Sequence[_TextColumn], comma: bool | None) -> bool | None:
    """Whether the columns that are read in one way only have a decimal comma."""
    marks = set()
    for column in columns:
        pair = [text_profile(column.values, column.words, each).number for each in (False, True)]
        if pair[0] == pair[1] and pair[0] is not None and pair[0].is_seen(column.values):
            marks.add(pair[0].decimal)
    return comma if len(marks) != 1 else marks == {","}


class _TextColumn:
    """A column of texts whose type is to be found."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, name: str, options: ReadingOptions) -> None:
        self.connection = connection
        self.table = table
        self.options = options
        self.words = identifier_words(name)
        self.name = quoted(name)
        self.cell = f"nullif(trim({self.name}), '')"
        sql = f"SELECT DISTINCT {self.cell} AS cell FROM {table} WHERE {self.cell} IS NOT NULL LIMIT {_READ_VALUES}"  # noqa: S608
        self.values = [row[0] for row in connection.execute(sql).fetchall()]

    def decided(self, comma: bool | None) -> _Decided:
        """The type that all cells fit."""
        profile = text_profile(self.values, self.words, comma)
        if profile.number is not None and profile.is_converted and _has_marks(profile):
            found = self._number(profile)
        elif self.values and all(map(may_be_two_days, self.values)):
            found = self._day_or_month(profile)
        elif profile.kind is Kind.DATE and profile.is_converted:
            found = self._date(profile)
        else:
            found = self._plain()
        return found or _Decided(self.name)

    def _number(self, profile: ColumnProfile) -> _Decided | None:
        number = profile.number
        assert number is not None  # noqa: S101 - the caller has looked
        sql = self._converted(profile)
        if sql is None:
            return None
        (parts,) = self._counts(f"count(*) FILTER (({sql}) <> floor({sql}))", self.name)
        if parts == 0:
            sql = f"CAST({sql} AS BIGINT)"
        said = [f"the decimal mark {number.decimal!r}"] if number.is_seen(self.values) else []
        said += [f"{number.thousands!r} between thousands"] if number.thousands else []
        said += [f"without the sign {number.unit!r}"] if number.unit else []
        return _Decided(sql, f"numbers{' with ' * bool(said)}{_listed(said)}{_missing(profile)}")

    def _day_or_month(self, profile: ColumnProfile) -> _Decided | None:
        """Dates such as 03/04/2024, of which no value shows what comes first, or about which the user told."""
        example = self.values[0]
        first = self.options.dates
        if first in ("day", "month"):
            separator = next(char for char in example if not char.isdigit())
            parts = ("%d", "%m") if first == "day" else ("%m", "%d")
            profile = ColumnProfile(Kind.DATE, separator.join((*parts, "%Y")))
            return self._date(profile)
        return _Decided(self.name, f"left as text, since {example!r} may have the day or the month first")

    def _date(self, profile: ColumnProfile) -> _Decided | None:
        sql = self._converted(profile)
        order = {"%d": "the day", "%m": "the month", "%Y": "the year"}.get(profile.form[:2], "")
        return _Decided(sql, f"dates with {order} first{_missing(profile)}") if sql is not None else None

    def _converted(self, profile: ColumnProfile) -> str | None:
        """The converted cells, where every cell that is not missing gives a value."""
        from sqlglot import exp  # the command line's help must not wait for it

        from coderag_app.sql.conversions import converted

        missing = [blank.strip() for blank in profile.blanks]
        value = converted(exp.column("cell"), replace(profile, blanks=tuple(missing)), "duckdb")
        if value is None:
            return None
        sql = value.sql(dialect="duckdb")
        told = (
            f"cell NOT IN ({', '.join(exp.Literal.string(blank).sql('duckdb') for blank in missing)})"
            if missing
            else "true"
        )
        counts = self._counts(f"count(cell) FILTER ({told}), count({sql})", self.cell)
        if counts[0] != counts[1]:
            return None
        for column in list(value.find_all(exp.Column)):
            column.replace(exp.maybe_parse(self.cell, dialect="duckdb"))
        return value.sql(dialect="duckdb")

    def _plain(self) -> _Decided | None:
        """What begins with a zero stays a text, as codes do."""
        cell = self.cell
        code = f"coalesce(regexp_matches({cell}, '^[-+]?0\\d|^[-+]?\\d{{19,}}|[eE]|^nan$|inf'), false)"
        moment = f"CASE WHEN regexp_matches({cell}, '{_OFFSET}') THEN TRY_CAST({cell} AS TIMESTAMPTZ) END"
        forms = [
            f"CASE WHEN NOT {code} AND regexp_full_match({cell}, '[-+]?\\d+') THEN TRY_CAST({cell} AS BIGINT) END",
            f"CASE WHEN NOT {code} THEN TRY_CAST({cell} AS DOUBLE) END",
            f"CASE lower({cell}) WHEN 'true' THEN true WHEN 'false' THEN false END",
            f"CASE WHEN length({cell}) <= 10 THEN TRY_CAST({cell} AS DATE) END",
            f"make_timestamp(epoch_us({moment}))",
            f"TRY_CAST({cell} AS TIMESTAMP)",
        ]
        counts = self._counts(", ".join([f"count({cell})", *(f"count({form})" for form in forms)]), self.name)
        fitting = [form for form, count in zip(forms, counts[1:], strict=True) if count == counts[0] > 0]
        if not fitting:
            return None
        note = "times with an offset were turned into UTC" if fitting[0] == forms[4] else ""
        return _Decided(fitting[0], note)

    def _counts(self, measures: str, cell: str) -> Sequence[Any]:
        sql = f"SELECT {measures} FROM (SELECT {cell} AS cell, {self.name} FROM {self.table})"  # noqa: S608
        counts = self.connection.execute(sql).fetchone()
        assert counts is not None  # noqa: S101 - an aggregate always returns a row
        return counts


def _has_marks(profile: ColumnProfile) -> bool:
    number = profile.number
    return number is not None and bool(
        number.decimal != "." or number.thousands or number.signs or number.parentheses or profile.blanks
    )


def _missing(profile: ColumnProfile) -> str:
    shown = ", ".join(map(repr, profile.blanks[:3]))
    return f"; {shown} read as missing" if shown else ""


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), "".join(parts[-1:]))))
