"""The groups that a question asks for, put into a reply that leaves them out or takes something else for a date.

"The monthly number of orders", "how many orders did each employee handle in 1997": where a question says much, a model
of a few million parameters counts all orders, or groups by the month of a monthly salary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coderag_app.llm.compact.encode_expressions import DATE_PARTS
from coderag_app.llm.compact.plain_replies import AGGREGATES, columns_of, end_of_where, is_plain, only_date, tables_of
from coderag_app.llm.compact.question import MarkedQuestion
from coderag_app.llm.compact.schema_names import SchemaNames

_PARTS = {
    "year": re.compile(r"\b(?:(?:per|by|each|every) year|yearly|annual)\b", re.IGNORECASE),
    "yearmonth": re.compile(r"\b(?:(?:per|by|each|every) month|monthly)\b", re.IGNORECASE),
    "": re.compile(r"\b(?:(?:per|by|each|every) day|daily)\b", re.IGNORECASE),
}
_DATE_WORDS = frozenset(DATE_PARTS.values())


def read_groups(tokens: Sequence[str], names: SchemaNames, marked: MarkedQuestion) -> list[str]:
    """The tokens of a reply, with groups if it shows aggregates of all rows and the question those of each group.

    Args:
        tokens: The reply's words.
        names: The words of the schema's identifiers.
        marked: The question.
    """
    read = list(tokens)
    if not is_plain(read):
        return read
    read = _grouped_as_shown(_parts_of_dates(read, names))
    if "group" in read or not _shows_aggregates(read):
        return read
    keys = each_part(only_date(read, names), marked.asked) or _each(read, names, marked.each)
    if not keys:
        return read
    start, end = read.index("select") + 1, end_of_where(read)
    return [*read[:start], *keys, ",", *read[start:end], "group", "by", *keys, *read[end:]]


def _grouped_as_shown(tokens: list[str]) -> list[str]:
    """The tokens, with the groups of a date that are shown: a month is no group of a year."""
    if "group" not in tokens:
        return tokens
    group = tokens.index("group")
    end_of_shown = tokens.index("where") if "where" in tokens else group
    places = _places_of_parts(tokens)
    for place in (place for place in places if place > group):
        shown = {tokens[other - 2] for other in places if other < end_of_shown and tokens[other] == tokens[place]}
        if len(shown) == 1:
            tokens[place - 2] = shown.pop()
    return tokens


def _places_of_parts(tokens: Sequence[str]) -> list[int]:
    """Where a column stands whose year, month or day is asked for."""
    return [place for place in range(2, len(tokens)) if tokens[place - 1] == "(" and tokens[place - 2] in _DATE_WORDS]


def _parts_of_dates(tokens: list[str], names: SchemaNames) -> list[str]:
    """The tokens, with the only date where a part of a number is asked for."""
    places = _places_of_parts(tokens)
    numbers = {tokens[place] for place in places} & columns_of(
        tokens, names, lambda column: column.holds_numbers
    ).keys()
    date = only_date([word for word in tokens if word not in numbers], names) if numbers else ""
    for place in places:
        if date and tokens[place] in numbers:
            tokens[place] = date
    return tokens


def each_part(date: str, question: str) -> list[str]:
    """The year, month or day of a date as the words of a reply, if the question asks for each."""
    part = next((part for part, asked in _PARTS.items() if asked.search(question)), None)
    if part is None or not date:
        return []
    return [part, "(", date, ")"] if part else [date]


def _shows_aggregates(tokens: Sequence[str]) -> bool:
    """Whether everything shown is an aggregate, of rows and not of groups."""
    start = tokens.index("select") + 1
    end = tokens.index("where") if "where" in tokens else end_of_where(tokens)
    depth, outside = 0, list[str]()
    for word in tokens[start:end]:
        depth -= word == ")"
        outside += [] if depth or word in "()" else [word]
        depth += word == "("
    of_groups = "by" in tokens[start:end]
    return bool(outside) and not of_groups and AGGREGATES.issuperset(word for word in outside if word != ",")


def _each(tokens: Sequence[str], names: SchemaNames, each: Sequence[str]) -> list[str]:
    """The only column that is meant by what stands behind "each", or what names the rows of the table that is."""
    if each and each[0] in names.table_by_id:
        keys = list(names.links.naming(each[0]))
    else:
        used = tables_of(tokens, names)
        keys = [item for item in each if item in names.column_by_id and names.column_by_id[item][0] in used]
        keys = keys if len(keys) == 1 else []
    return [part for item in keys for part in (item, ",")][:-1] if not set(keys) & set(tokens) else []
