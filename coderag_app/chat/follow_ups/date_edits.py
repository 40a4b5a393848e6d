"""Follow-ups that keep a stretch of time, and which date of a query they mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from sqlglot import exp

from coderag_app.chat.follow_ups.intents import Dates, Did
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit
from coderag_app.chat.follow_ups.scope import Place
from coderag_app.question.periods.date_columns import is_date, is_year
from coderag_app.question.periods.day_sql import day_sql
from coderag_app.question.periods.period import FromToday
from coderag_app.schema.name_words import content_words, name_words
from coderag_app.schema.profile import Kind
from coderag_app.schema.tables import Column
from coderag_app.sql.conversions import is_comparable_date
from coderag_app.sql.literals import column_places

_LIFE = frozenset("birth born birthday dob death died".split())
_NOUNS = {"born": "birth", "died": "death", "left": "leaving", "bought": "purchase", "sold": "sale"}
_STEM = 4  # letters that a verb and the name of its date share
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}.*")


def apply_dates(edit: QueryEdit, dates: Dates) -> str:
    """Keep the rows of a stretch of time."""
    place = date_place(edit, dates.column)
    if place is None:
        raise CannotEditError("The query's tables hold no such date.")
    if is_year(place.column) and not all(_begins_a_year(day) for day in (dates.start, dates.end) if day):
        raise CannotEditError(f"{place.column.name} holds years alone.")

    def conditioned(column: exp.Expr) -> exp.Expr:
        if is_year(place.column):
            return _within_years(column, dates)
        return _within(column, dates, partial(day_sql, dialect=edit.dialect))

    if not edit.replace_conditions(place.table.name, place.column.name, conditioned):
        edit.add_condition(place, conditioned)
    return f"only {place.table.name}.{place.column.name} {dates.label}"


def apply_did(edit: QueryEdit, intent: Did) -> str:
    """Keep the rows that have, or lack, an event of a table that refers to them: customers who ordered.

    Raises:
        CannotEditError: No such table is called like the verb, or it has no date of the period asked for.
    """
    for place in edit.scope.all_columns():
        if not place.multiplies or len(place.path) != 1 or not _begins_alike(intent.verb, place.table.name):
            continue
        days = intent.during
        if days is None:
            if place.column.name.lower() != place.path[0].ref_column.lower():
                continue
        elif not _is_time(place.column, edit.dialect) or is_year(place.column):
            continue

        def happened(column: exp.Expr, days: Dates | None = days) -> exp.Expr:
            if days is None:
                return exp.Not(this=exp.Is(this=column, expression=exp.Null()))
            return _within(column, days, partial(day_sql, dialect=edit.dialect))

        made = edit.condition_on(place, happened)
        if intent.negated:
            inner = made.args["query"].this
            key = edit.named(place.path[0].ref_column)
            if days is not None:  # a NULL among the keys would leave no row
                inner.where(exp.Not(this=exp.Is(this=key, expression=exp.Null())), append=True, copy=False)
            made = exp.Not(this=made)
        edit.root.where(made, append=True, copy=False)
        with_or_without = "without" if intent.negated else "with"
        return f"only {with_or_without} {place.table.name} {days.label if days is not None else ''}".rstrip()
    raise CannotEditError(f"No table of events is called like {intent.verb!r}.")


def _begins_a_year(day: str | FromToday) -> bool:
    return isinstance(day, str) and day.endswith("-01-01")


def _within(column: exp.Expr, dates: Dates, bound: Callable[[str | FromToday], exp.Expr]) -> exp.Expr:
    bounds = ((dates.start, exp.GTE), (dates.end, exp.LT))
    conditions = [kind(this=column.copy(), expression=bound(day)) for day, kind in bounds if day]
    return exp.and_(*conditions, copy=False)


def _within_years(column: exp.Expr, dates: Dates) -> exp.Expr:
    """Compared as numbers; a single year is equal."""
    years = [int(day[:4]) for day in (dates.start, dates.end) if isinstance(day, str)]
    if len(years) == 2 and years[0] + 1 == years[1]:
        return exp.EQ(this=column, expression=exp.Literal.number(years[0]))
    return _within(column, dates, lambda day: exp.Literal.number(str(day)[:4]))


def date_place(edit: QueryEdit, phrase: str = "") -> Place | None:
    """The date that the query speaks of: one it uses, else the first of its tables, else of one it can join.

    A phrase such as ``joined`` names the column by the beginning of a word; dates of birth come last without one.
    """
    used = {place for column in edit.root.find_all(exp.Column) for place in column_places(column)}
    places = (
        place for place in edit.scope.all_columns() if not place.multiplies and _is_time(place.column, edit.dialect)
    )
    # A year of a joined table says too little of the rows: a date does.
    fitting = [place for place in places if not (place.path and is_year(place.column))]
    if phrase:
        fitting = [place for place in fitting if _begins_alike(phrase, place.column.name)]
    return min(
        fitting,
        key=lambda p: (
            (p.table.name.lower(), p.column.name.lower()) not in used,
            len(p.path),
            bool(_LIFE & set(name_words(p.column.name).split())),
            is_year(p.column),
        ),
        default=None,
    )


def _begins_alike(phrase: str, name: str) -> bool:
    """Whether a word of the phrase and one of the name begin alike: released and release_year."""
    words = content_words(phrase)
    words += tuple(_NOUNS[word] for word in words if word in _NOUNS)
    pairs = ((said, own) for said in words for own in content_words(name))
    return any(said[:_STEM] == own[:_STEM] and min(len(said), len(own)) >= _STEM for said, own in pairs)


def _is_time(column: Column, dialect: str) -> bool:
    """Whether SQL can compare the column with days, or with years."""
    if column.profile.kind is not Kind.UNKNOWN:
        return is_comparable_date(column.profile, dialect) or is_year(column)
    return is_year(column) if column.is_numeric else is_date(column) and all(map(_ISO_DAY.fullmatch, column.samples))
