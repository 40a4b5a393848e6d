"""Two periods side by side: "compare the revenue of 2022 and 2023" is asked for one and said of both."""

from __future__ import annotations

import re
from functools import partial

from sqlglot import exp

from coderag_app.llm.compact.rewordings.parts import PARTS, match_parts
from coderag_app.llm.compact.rewordings.rewording import Rewording
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.question.periods.moving import moved_date
from coderag_app.question.periods.period import Period
from coderag_app.question.periods.phrases import all_periods
from coderag_app.schema.tables import Schema
from coderag_app.sql.parsing import parse_one

_IN = r"(?:in|of|for|between|during|from)"
_WITH = r"(?:(?P<compared>vs\.?|versus|against|compared (?:to|with))|and|with|to)(?: (?:in|of|that of|that in))?"
_PERIODS = rf"{_IN} (?P<first>.+?) {_WITH} (?P<second>.+?)"
_FORM = re.compile(
    rf"(?P<compare>compare )?(?:the )?{PARTS} {_PERIODS}(?P<rest>(?: (?:by|per) .+)?)",
    re.IGNORECASE,
)


def comparisons_as_one(question: str, schema: Schema) -> Rewording | None:
    """The question about the first of two periods, where one compares them.

    >>> from coderag_app.sql.ddl import schema_from_ddl
    >>> orders = schema_from_ddl("CREATE TABLE orders (id INTEGER, ordered_on DATE)")
    >>> comparisons_as_one("Compare orders in March 2022 and March 2023", orders).question
    'number of orders in March 2022'
    """
    match, measure = match_parts(question, (_FORM,), schema)
    if match is None or not (match["compare"] or match["compared"]):
        return None
    first, second = (_period(match[name]) for name in ("first", "second"))
    if first is None or second is None:
        return None
    finish = partial(as_comparison, first=(match["first"], first), second=(match["second"], second))
    return Rewording(f"{measure}{match['rest']} in {match['first']}", finish)


def as_comparison(sql: str, dialect: str, *, first: tuple[str, Period], second: tuple[str, Period]) -> str:
    """A query about one period as one about two, the rows of each called by its name.

    Args:
        sql: The query.
        dialect: Its dialect.
        first: The period that it asks about, and what the question calls it.
        second: The other one.

    >>> from coderag_app.question.periods.period import plain_period
    >>> periods = {name: (year, plain_period(year)) for name, year in (("first", "2022"), ("second", "2023"))}
    >>> as_comparison("SELECT SUM(n) FROM t WHERE year = 2022", "sqlite", **periods)
    "SELECT '2022', SUM(n) FROM t WHERE year = 2022 UNION ALL SELECT '2023', SUM(n) FROM t WHERE year = 2023"

    Raises:
        CannotDecodeError: It does not ask about the first period.
    """
    one = parse_one(sql, dialect=dialect)
    where = one.args.get("where")
    if not isinstance(one, exp.Select) or where is None or one.args.get("order") or one.args.get("limit"):
        raise CannotDecodeError(f"two periods are compared, and this is not about one: {sql[:200]}")
    other = one.copy()
    moved = [_move(literal, first[1], second[1]) for literal in list(other.args["where"].find_all(exp.Literal))]
    if not any(moved):
        raise CannotDecodeError(f"{first[0]} is compared, and this does not ask for it: {sql[:200]}")
    for query, (name, _) in ((one, first), (other, second)):
        query.set("expressions", [exp.Literal.string(name), *query.expressions])
    return exp.union(one, other, distinct=False).sql(dialect=dialect)


def _period(text: str) -> Period | None:
    """The dates that all of a text names."""
    found = all_periods(text)
    whole = len(found) == 1 and (found[0][0], found[0][1]) == (0, len(text))
    return found[0][2] if whole and found[0][2] is not None and isinstance(found[0][2].start, str) else None


def _move(literal: exp.Literal, first: Period, second: Period) -> bool:
    """Say of the second period what a literal says of the first; returns whether it does."""
    meant = moved_date(literal.name, first, second)
    if isinstance(meant, str):
        literal.set("this", meant)
    return isinstance(meant, str)
