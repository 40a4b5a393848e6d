"""How much of what a question says by name or value a query leaves out. Pure.

"The public schools" asks for more than a list of schools where a column of schools stores "Public".
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.question.mentions import Mentions, Name
from coderag_app.sql.parsing import parse_one


@dataclass(frozen=True, slots=True)
class Unsaid:
    """How many values and how many names of the question a query leaves out."""

    values: int = 0
    names: int = 0


def unsaid(sql: str, mentions: Mentions, dialect: str) -> Unsaid:
    """What a query leaves out of the question.

    Args:
        sql: The query; of one that does not parse nothing is known, which counts as nothing left out.
        mentions: What the question says.
        dialect: The query's dialect.

    >>> school = Mentions((frozenset({"public"}),), (frozenset({("school", "")}), frozenset({("school", "founded")})))
    >>> unsaid("SELECT s.name FROM school AS s WHERE founded > 1850", school, "sqlite")
    Unsaid(values=1, names=0)
    """
    try:
        tree = parse_one(sql, dialect=dialect)
    except SqlglotError:
        return Unsaid()
    literals = [str(literal.this).casefold() for literal in tree.find_all(exp.Literal)]
    names = _names(tree)
    return Unsaid(
        sum(not any(spelling in text for spelling in value for text in literals) for value in mentions.values),
        sum(not names & name for name in mentions.names),
    )


def _names(tree: exp.Expr) -> set[Name]:
    """The tables and columns that a query uses; a column without its table counts for each table of the query."""
    tables = {table.alias_or_name.lower(): table.name.lower() for table in tree.find_all(exp.Table)}
    names = {(table, "") for table in tables.values()}
    for column in tree.find_all(exp.Column):
        qualifier = column.table.lower()
        owners = [tables.get(qualifier, qualifier)] if qualifier else list(tables.values())
        names.update((owner, column.name.lower()) for owner in owners)
    return names
