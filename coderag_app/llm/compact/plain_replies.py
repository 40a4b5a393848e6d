"""Replies that are one plain query: their parts, and the columns that they can mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.periods.date_columns import is_date
from coderag_app.schema.name_words import shares_a_word
from coderag_app.schema.tables import Column

AGGREGATES = frozenset("count sum avg max min".split())
_NOT_PLAIN = frozenset("none without other per or union intersect except".split())
_BEHIND_WHERE = frozenset("group having order limit".split())


def is_plain(tokens: Sequence[str]) -> bool:
    """Whether the words of a reply are one query without nested ones, alternatives and words of two queries."""
    return tokens.count("select") == 1 and "from" not in tokens[1:] and _NOT_PLAIN.isdisjoint(tokens)


def end_of_where(tokens: Sequence[str]) -> int:
    """Where the first clause behind WHERE begins, outside parentheses."""
    depth = 0
    for place, word in enumerate(tokens):
        depth += (word == "(") - (word == ")")
        if word in _BEHIND_WHERE and not depth:
            return place
    return len(tokens)


def only_date(tokens: Sequence[str], names: SchemaNames) -> str:
    """The id of the amount's date, or of the only date of the reply's tables, or the only one named as its table is."""
    if names.amount is not None and names.column_ids[names.amount.place] in tokens:
        return names.column_ids.get(names.amount.date, "") if names.amount.date is not None else ""
    dates = dates_of(tokens, names)
    named = {item: date for item, date in dates.items() if shares_a_word(names.column_by_id[item][0], date.name)}
    meant = list(dates if len(dates) == 1 else named)
    return meant[0] if len(meant) == 1 else ""


def dates_of(tokens: Sequence[str], names: SchemaNames) -> dict[str, Column]:
    """The dates of the reply's tables, by id."""
    return columns_of(tokens, names, is_date)


def columns_of(tokens: Sequence[str], names: SchemaNames, fits: Callable[[Column], bool]) -> dict[str, Column]:
    """The fitting columns of the reply's tables, by id."""
    used = tables_of(tokens, names)
    places = {item: place for item, place in names.column_by_id.items() if place[0] in used}
    columns = {item: names.schema.column(*place) for item, place in places.items()}
    return {item: column for item, column in columns.items() if column is not None and fits(column)}


def tables_of(tokens: Sequence[str], names: SchemaNames) -> set[str]:
    """The tables whose ids, or whose columns' ids, a reply has."""
    columns = {names.column_by_id[word][0] for word in tokens if word in names.column_by_id}
    return columns | {names.table_by_id[word] for word in tokens if word in names.table_by_id}
