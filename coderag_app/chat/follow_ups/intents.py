"""What a follow-up can ask for. Pure values."""

from __future__ import annotations

from dataclasses import dataclass

from coderag_app.question.periods.period import FromToday


@dataclass(frozen=True, slots=True)
class Filter:
    """Only the rows that a phrase names by stored values: ``only in France``.

    Attributes:
        text: The phrase, e.g. ``France and Spain``.
        negated: All but these: ``except France``.
        added: These beside the ones there are: ``also Spain``.
    """

    text: str
    negated: bool = False
    added: bool = False


@dataclass(frozen=True, slots=True)
class Dates:
    """Only a stretch of time.

    Attributes:
        start: The first day, as an ISO date or counted from today, if there is one.
        end: The day behind the last one, if there is one.
        label: How it is called in the answer.
        column: Which date, if the follow-up says so.
    """

    start: str | FromToday | None
    end: str | FromToday | None
    label: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Compare:
    """Only rows whose number is above, below or at a limit; ``column`` may be empty."""

    column: str
    operator: str
    number: str


@dataclass(frozen=True, slots=True)
class Group:
    """One row for each value of a column; ``added``: beside the grouping there is."""

    column: str
    added: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """Another order; an empty column means the measure there is, ``newest`` and ``oldest`` a date."""

    column: str
    descending: bool | None = None


@dataclass(frozen=True, slots=True)
class Reverse:
    """The order turned round."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The first rows, by the highest or lowest of a column where one is named; ``count`` 0 lifts the limit."""

    count: int
    column: str = ""
    descending: bool | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A total, average, highest or lowest: ``function`` is SUM, AVG, MAX or MIN; ``column`` may be empty."""

    function: str
    column: str


@dataclass(frozen=True, slots=True)
class OtherColumns:
    """Other columns: ``change`` is add, only or drop; ``theirs``: of the rows before ("their names")."""

    names: tuple[str, ...]
    change: str
    theirs: bool = False


@dataclass(frozen=True, slots=True)
class Distinct:
    """Each row once."""


@dataclass(frozen=True, slots=True)
class Unfilter:
    """Without the conditions there are, or without those on one column."""

    column: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a value is not among the rows."""

    text: str


@dataclass(frozen=True, slots=True)
class Did:
    """Only rows with an event: ``who of them has ordered in 2024``; ``negated``: only those without one."""

    verb: str
    during: Dates | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AsPercentage:
    """The numbers as percentages of their sum."""


@dataclass(frozen=True, slots=True)
class OtherYear:
    """The same days of another year beside those there are: a ``year``, or so many years ``before``."""

    year: int = 0
    before: int = 1


@dataclass(frozen=True, slots=True)
class RowsBehind:
    """The rows that were counted or summed; ``noun`` is what they are called, ``rows`` where nothing is said."""

    noun: str = "rows"


Intent = (
    Filter
    | Dates
    | Compare
    | Group
    | Sort
    | Reverse
    | Limit
    | Count
    | Aggregate
    | OtherColumns
    | Distinct
    | Unfilter
    | Missing
    | Did
    | AsPercentage
    | OtherYear
    | RowsBehind
)
