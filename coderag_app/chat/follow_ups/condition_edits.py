"""Follow-ups that keep other rows: by stored values, by time, by a limit on a number."""

from __future__ import annotations

import re

from sqlglot import exp

from coderag_app.chat.follow_ups.date_edits import apply_dates
from coderag_app.chat.follow_ups.intents import Filter, Unfilter
from coderag_app.chat.follow_ups.period_edits import read_period
from coderag_app.chat.follow_ups.query_edit import CannotEditError, Condition, QueryEdit, conjuncts, set_where
from coderag_app.chat.follow_ups.scope import Place
from coderag_app.question.periods.period import YEAR
from coderag_app.schema.name_words import content_words
from coderag_app.schema.value_index import StoredValue, ValueIndex, ValueMatch
from coderag_app.sql.literals import column_places

_FILLERS = frozenset(
    "and or the a an in from for of at on only just ones one those these with is are who which that to city country "
    "value values".split()
)
_YEAR = re.compile(YEAR)


def apply_filter(edit: QueryEdit, intent: Filter, values: ValueIndex, marked: bool = True) -> str:
    """Keep the rows that a phrase names by stored values; returns what was done, in words.

    Args:
        edit: The query to change.
        intent: The phrase.
        values: The database's stored texts.
        marked: Whether the words before the phrase show that it goes on; only then may it name the query's tables.

    Raises:
        CannotEditError: The phrase holds anything else, or nothing of it is stored.
    """
    matches = values.find(intent.text)
    rest = intent.text
    for match in reversed(matches):
        rest = f"{rest[: match.start]} {rest[match.end :]}"
    years = _YEAR.findall(rest)
    rest = _YEAR.sub(" ", rest)
    chosen: list[tuple[ValueMatch | None, tuple[Place, str]]] = [
        (match, choose_place(edit, match, intent.text)) for match in matches
    ]
    if not chosen and not years:
        chosen = _in_filtered_columns(edit, intent.text, values)
        rest = "" if chosen else rest
    named = {word for _, (place, _) in chosen for word in content_words(place.column.name)}
    if marked:
        named |= {word for table in edit.scope.sources.values() for word in content_words(table.name)}
    left = [word for word in content_words(rest) if word not in _FILLERS and word not in named]
    if left or not (chosen or years):
        raise CannotEditError(f"Not understood: {' '.join(left) or intent.text}.")
    done = _apply_values(edit, [item for _, item in chosen], intent)
    for year in years[:1]:
        period = read_period(year)
        if period is not None:
            done.append(apply_dates(edit, period))
    return " and ".join(done)


def _in_filtered_columns(
    edit: QueryEdit, text: str, values: ValueIndex
) -> list[tuple[ValueMatch | None, tuple[Place, str]]]:
    """The phrase as a value of a column that has a condition already: there, short words count in any case."""
    for table, column in sorted(_filtered_columns(edit)):
        stored = values.stored_form(table, column, text)
        if stored is not None:
            places = edit.scope.places(table, column)
            place = places[0] if places else _hidden_place(edit, StoredValue(table, column, stored))
            return [(None, (place, stored))]
    return []


def choose_place(edit: QueryEdit, match: ValueMatch, phrase: str) -> tuple[Place, str]:
    """Which of the columns that store a value is meant: one that is filtered already, else the nearest."""
    filtered = _filtered_columns(edit)
    words = set(content_words(phrase))
    best: tuple[tuple[float, ...], Place, str] | None = None
    for number, value in enumerate((*match.values, *match.linked)):
        for place in edit.scope.places(value.table, value.column)[:1]:
            merit = (
                float((value.table.lower(), value.column.lower()) not in filtered),
                float(not set(content_words(value.column)) & words),
                float(len(place.path)),
                float(value in match.linked),
                float(number),
            )
            if best is None or merit < best[0]:
                best = (merit, place, value.text)
    if best is None:
        stored = (*match.values, *match.linked)
        hidden = next((value for value in stored if (value.table.lower(), value.column.lower()) in filtered), None)
        if hidden is not None:
            return _hidden_place(edit, hidden), hidden.text
        raise CannotEditError(f"{match.values[0].text} is stored in no table that joins this query.")
    return best[1], best[2]


def _hidden_place(edit: QueryEdit, value: StoredValue) -> Place:
    """A column that only a nested query reads: its condition can be replaced where it stands."""
    table = edit.schema.table(value.table)
    column = table.column(value.column) if table is not None else None
    if table is None or column is None:
        raise CannotEditError(f"There is no column {value.table}.{value.column}.")
    return Place("", table, column)


def _filtered_columns(edit: QueryEdit) -> set[tuple[str, str]]:
    """The columns that conditions of the query compare with literals."""
    found: set[tuple[str, str]] = set()
    for select in edit.root.find_all(exp.Select):
        for conjunct in conjuncts(select):
            if conjunct.find(exp.Literal) is not None:
                for column in conjunct.find_all(exp.Column):
                    found.update(column_places(column))
    return found


def _apply_values(edit: QueryEdit, chosen: list[tuple[Place, str]], intent: Filter) -> list[str]:
    by_column: dict[tuple[str, str], tuple[Place, list[str]]] = {}
    for place, text in chosen:
        by_column.setdefault((place.table.name, place.column.name), (place, []))[1].append(text)
    done: list[str] = []
    for place, texts in by_column.values():
        shown = " or ".join(f"'{text}'" for text in texts)
        name = f"{place.table.name}.{place.column.name}"
        if intent.negated:
            edit.add_condition(place, _negated(_among(texts), texts))
            done.append(f"without {name} {shown}")
            continue
        if intent.added:
            texts = [*dict.fromkeys([*_present_texts(edit, place), *texts])]
            shown = " or ".join(f"'{text}'" for text in texts)
        if not edit.replace_conditions(place.table.name, place.column.name, _among(texts)):
            if intent.added or not place.source:
                raise CannotEditError(f"The query has no condition on {name}.")
            edit.add_condition(place, _among(texts))
        done.append(f"only where {name} is {shown}")
    return done


def _among(texts: list[str]) -> Condition:
    literals = [exp.Literal.string(text) for text in texts]

    def condition(column: exp.Expr) -> exp.Expr:
        if len(literals) == 1:
            return exp.EQ(this=column, expression=literals[0])
        return exp.In(this=column, expressions=literals)

    return condition


def _negated(condition: Condition, texts: list[str]) -> Condition:
    def negative(column: exp.Expr) -> exp.Expr:
        made = condition(column)
        return exp.NEQ(this=made.this, expression=made.expression) if len(texts) == 1 else exp.Not(this=made)

    return negative


def _present_texts(edit: QueryEdit, place: Place) -> list[str]:
    """The texts that the query compares a column with now."""
    wanted = (place.table.name.lower(), place.column.name.lower())
    return [
        literal.name
        for select in edit.root.find_all(exp.Select)
        for conjunct in conjuncts(select)
        if isinstance(conjunct, exp.EQ | exp.In)
        and any(wanted in column_places(column) for column in conjunct.find_all(exp.Column))
        for literal in conjunct.find_all(exp.Literal)
    ]


def apply_unfilter(edit: QueryEdit, intent: Unfilter) -> str:
    """Take conditions away: all of them, or those on one column."""
    if not intent.column:
        if not conjuncts(edit.root):
            raise CannotEditError("The query has no condition.")
        set_where(edit.root, [])
        return "without its conditions"
    place = edit.scope.resolve(intent.column)
    candidates = [place] if place is not None else []
    words = set(content_words(intent.column))
    filtered = [pair for pair in _filtered_columns(edit) if set(content_words(" ".join(pair))) & words]
    pairs = [*((p.table.name.lower(), p.column.name.lower()) for p in candidates), *filtered]
    for table, column in pairs:
        if edit.replace_conditions(table, column, None):
            return f"without the condition on {table}.{column}"
    raise CannotEditError(f"The query has no condition on {intent.column}.")
