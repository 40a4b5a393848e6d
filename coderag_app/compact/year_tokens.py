"""The years and months of a question in a reply: of the date that is meant, compared as is said, and not left out.

"The top 3 customers by revenue since 2021" is much to say for a model of a few million parameters. The year is what it
forgets, and it takes the date of a store for that of an order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from coderag_app.compact.amounts import is_date
from coderag_app.compact.name_items import shares_a_word, stem
from coderag_app.compact.names import SchemaNames
from coderag_app.compact.question import Literal
from coderag_app.name_words import name_words
from coderag_app.schema import Column

_OPERATORS = {"in": "=", "during": "=", "since": ">=", "after": ">", "before": "<", "until": "<=", "till": "<="}
_LASTING = frozenset("over within for of".split())
_NOT_PLAIN = frozenset("none without other per or union intersect except".split())
_COMPARISONS = frozenset("= != < > <= >=".split())
_OF_ANY_DATE = frozenset("date time day year on at of in".split())
_BEHIND_WHERE = frozenset("group having order limit".split())


def read_years(tokens: Sequence[str], names: SchemaNames, literals: Sequence[Literal], question: str = "") -> list[str]:
    """The tokens of a reply that asks for the question's years and months as the question does.

    Args:
        tokens: The reply's words.
        names: The words of the schema's identifiers.
        literals: The question's literals.
        question: As asked; without it the tokens stay as they are.
    """
    years = {f"<v{number}>": literal for number, literal in enumerate(literals, 1) if literal.is_year}
    if not question or not years:
        return list(tokens)
    asked = {stem(word) for word in name_words(question).split()}
    read = list(tokens)
    for place in range(len(tokens) - 1, 1, -1):
        if tokens[place] in years and tokens[place - 1] in _COMPARISONS:
            start = place - 5 if tokens[place - 2] == ")" else place - 2  # of "year ( <c1> ) =" or "<c1> ="
            date = _meant_date(tokens, tokens[start : place - 1], names, asked)
            read[start:place] = [*date, _as_said(tokens[place - 1], years[tokens[place]])]
    if len(years) == 1 and years.keys().isdisjoint(read) and _is_plain(read):
        return _with_year(read, names, *years.popitem())
    return read


def _as_said(operator: str, literal: Literal) -> str:
    """What the question says: "since 2021" is not 2021 alone, and "over the last year" asks for nothing larger."""
    if literal.period is not None and operator != "!=":
        return _OPERATORS.get(literal.preposition, "=" if literal.preposition in _LASTING else operator)
    return _OPERATORS.get(literal.preposition, operator) if operator == "=" else operator


def _meant_date(
    tokens: Sequence[str], compared: Sequence[str], names: SchemaNames, asked: Collection[str]
) -> Sequence[str]:
    """What to compare with a year: the only date that the question speaks of, if it does not speak of the one there.

    Args:
        tokens: The reply's words.
        compared: Those on the left of the comparison; what is added up is no date, and gives way to the only one.
        names: The words of the schema's identifiers.
        asked: The stems of the question's words.
    """
    column, dates = compared[-2 if len(compared) > 1 else 0], _dates(tokens, names)
    if column not in dates:
        return (_is_added_up(column, tokens) and _only_date(tokens, names, whole_years=True)) or compared
    said = [item for item in dates if _is_said(dates[item], asked)]
    return [said[0] if word == column else word for word in compared] if len(said) == 1 else compared


def _is_added_up(column: str, tokens: Sequence[str]) -> bool:
    text = " ".join(tokens)
    return f"sum ( {column} )" in text or f"avg ( {column} )" in text


def _is_said(date: Column, asked: Collection[str]) -> bool:
    return any(stem(word) in asked for word in name_words(date.name).split() if word not in _OF_ANY_DATE)


def _with_year(tokens: list[str], names: SchemaNames, year: str, literal: Literal) -> list[str]:
    """The tokens with a condition on the year, where just one date can be meant."""
    operator = _OPERATORS.get(literal.preposition, "=" if literal.period is not None else None)
    date = _only_date(tokens, names, whole_years=literal.period is None)
    if operator is None or not date:
        return tokens
    end = _end_of_where(tokens)
    joint = "and" if "where" in tokens[:end] else "where"
    return [*tokens[:end], joint, *date, operator, year, *tokens[end:]]


def _is_plain(tokens: Sequence[str]) -> bool:
    return tokens.count("select") == 1 and "from" not in tokens[1:] and _NOT_PLAIN.isdisjoint(tokens)


def _end_of_where(tokens: Sequence[str]) -> int:
    """Where the first clause behind WHERE begins, outside parentheses."""
    depth = 0
    for place, word in enumerate(tokens):
        depth += (word == "(") - (word == ")")
        if word in _BEHIND_WHERE and not depth:
            return place
    return len(tokens)


def _only_date(tokens: Sequence[str], names: SchemaNames, *, whole_years: bool) -> list[str]:
    """The year of the amount's date, or of the only date of the reply's tables, or their only column of years."""
    if names.amount is not None and names.column_ids[names.amount.place] in tokens:
        dates = [names.column_ids[names.amount.date]] if names.amount.date in names.column_ids else []
        return _year(dates)
    dates, years = list(_dates(tokens, names)), list(_columns(tokens, names, _is_year))
    if not dates and whole_years and len(years) == 1:
        return years
    return _year([item for item in dates if shares_a_word(*names.column_by_id[item])] if len(dates) > 1 else dates)


def _dates(tokens: Sequence[str], names: SchemaNames) -> dict[str, Column]:
    return _columns(tokens, names, is_date)


def _columns(tokens: Sequence[str], names: SchemaNames, fits: Callable[[Column], bool]) -> dict[str, Column]:
    """The fitting columns of the reply's tables, by id."""
    used = {names.column_by_id[word][0] for word in tokens if word in names.column_by_id}
    used |= {names.table_by_id[word] for word in tokens if word in names.table_by_id}
    places = {item: place for item, place in names.column_by_id.items() if place[0] in used}
    columns = {item: names.schema.column(*place) for item, place in places.items()}
    return {item: column for item, column in columns.items() if column is not None and fits(column)}


def _year(dates: Sequence[str]) -> list[str]:
    return ["year", "(", dates[0], ")"] if len(dates) == 1 else []


def _is_year(column: Column) -> bool:
    return column.is_numeric and name_words(column.name).split()[-1:] == ["year"]
