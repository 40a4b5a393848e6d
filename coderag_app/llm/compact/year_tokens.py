"""The years and months of a question in a reply: of the date that is meant, compared as is said, and not left out.

"The top 3 customers by revenue since 2021" is much to say for a model of a few million parameters. The year is what it
forgets, and it takes the date of a store for that of an order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from coderag_app.llm.compact.plain_replies import columns_of, dates_of, end_of_where, is_plain, only_date
from coderag_app.llm.compact.question import MarkedQuestion
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.periods.date_columns import is_called_year, is_date, is_year
from coderag_app.question.said_literals import Literal
from coderag_app.schema.name_words import name_words, stem
from coderag_app.schema.tables import Column

_OPERATORS = {"in": "=", "during": "=", "since": ">=", "after": ">", "before": "<", "until": "<=", "till": "<="}
_OF_TIME = frozenset("in during since".split())
_LASTING = frozenset("over within for of".split())
_COMPARISONS = frozenset("= != < > <= >=".split())
_OF_ANY_DATE = frozenset("date time day year on at of in".split())


def read_years(tokens: Sequence[str], names: SchemaNames, marked: MarkedQuestion) -> list[str]:
    """The tokens of a reply that asks for the question's years and months as the question does.

    Args:
        tokens: The reply's words.
        names: The words of the schema's identifiers.
        marked: The question.
    """
    years = {f"<v{number}>": literal for number, literal in enumerate(marked.literals, 1) if literal.is_year}
    asked = {stem(word) for word in name_words(marked.asked).split()}
    read = list(tokens)
    for place in range(len(tokens) - 1, 1, -1):
        if tokens[place] in years and tokens[place - 1] in _COMPARISONS:
            start = place - 5 if tokens[place - 2] == ")" else place - 2  # of "year ( <c1> ) =" or "<c1> ="
            date = _meant_date(tokens, slice(start, place - 1), names, asked, years[tokens[place]])
            read[start:place] = [*date, _as_said(tokens[place - 1], years[tokens[place]])]
    if len(years) == 1 and years.keys().isdisjoint(read) and is_plain(read):
        return _with_year(read, names, *years.popitem())
    return read


def _as_said(operator: str, literal: Literal) -> str:
    """What the question says: "since 2021" is not 2021 alone, and "over the last year" asks for nothing larger."""
    if literal.period is not None and operator != "!=":
        return _OPERATORS.get(literal.preposition, "=" if literal.preposition in _LASTING else operator)
    return _OPERATORS.get(literal.preposition, operator) if operator == "=" else operator


def _meant_date(
    tokens: Sequence[str], left: slice, names: SchemaNames, asked: Collection[str], year: Literal
) -> Sequence[str]:
    """What to compare with a year: the only date that the question speaks of, if it does not speak of the one there.

    What cannot be a date, or is added up, gives way to the only one: no salary is "in 2021", no name "since 2021".

    Args:
        tokens: The reply's words.
        left: Where the left side of the comparison is.
        names: The words of the schema's identifiers.
        asked: The stems of the question's words.
        year: The year, or what is read as one; then no column of years can be meant.
    """
    compared, others = tokens[left], [*tokens[: left.start], *tokens[left.stop :]]
    column, whole_year = compared[-2 if len(compared) > 1 else 0], year.period is None
    dates = columns_of(tokens, names, lambda column: is_date(column) or (whole_year and is_year(column)))
    if column not in dates:
        is_no_date = column in columns_of(tokens, names, partial(_is_no_date, preposition=year.preposition))
        if not is_no_date and not _is_added_up(column, tokens):
            return compared
        found = (_year_of(words, names, whole_years=whole_year) for words in (others, tokens))
        return next(filter(None, found), compared)
    said = [item for item in dates if _is_said(dates[item], asked)]
    if column in said or len(said) != 1:
        return compared
    return [said[0]] if is_year(dates[said[0]]) else ["year", "(", said[0], ")"]


def _is_no_date(column: Column, preposition: str) -> bool:
    """Whether a column cannot hold what is "in 2021" or "since 2021"; text may be a season or a date that is."""
    in_time = column.holds_numbers and preposition in _OF_TIME
    return in_time or (preposition == "since" and not is_called_year(column))


def _is_added_up(column: str, tokens: Sequence[str]) -> bool:
    text = " ".join(tokens)
    return f"sum ( {column} )" in text or f"avg ( {column} )" in text


def _is_said(date: Column, asked: Collection[str]) -> bool:
    return any(stem(word) in asked for word in name_words(date.name).split() if word not in _OF_ANY_DATE)


def _with_year(tokens: list[str], names: SchemaNames, year: str, literal: Literal) -> list[str]:
    """The tokens with a condition on the year, where just one date can be meant."""
    operator = _OPERATORS.get(literal.preposition, "=" if literal.period is not None else None)
    date = _year_of(tokens, names, whole_years=literal.period is None)
    if operator is None or not date:
        return tokens
    end = end_of_where(tokens)
    joint = "and" if "where" in tokens[:end] else "where"
    return [*tokens[:end], joint, *date, operator, year, *tokens[end:]]


def _year_of(tokens: Sequence[str], names: SchemaNames, *, whole_years: bool) -> list[str]:
    """The year of the only date that can be meant, or else the only column of years."""
    date = only_date(tokens, names)
    years = list(columns_of(tokens, names, is_year)) if whole_years and not dates_of(tokens, names) else []
    return ["year", "(", date, ")"] if date else years if len(years) == 1 else []
