"""Values that a query compares a column with although the column is known not to store them. Pure.

"Patients in Berln" is right to return nothing, but the person should hear that there is no Berln, and that there is a
Berlin.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from sqlglot import exp

from coderag_app.schema.value_index import without_accents
from coderag_app.sql.literals import column_places
from coderag_app.sql.repairs.conditions import is_elsewhere
from coderag_app.sql.repairs.context import RepairContext

_MOST_NEAR = 2
_NEAR = 0.7  # difflib's ratio: "Berln" and "Berlin" have 0.91, "Bonn" and "Berlin" 0.4
_MOST_SHOWN = 40  # characters of a value


def values_not_stored(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each text that a column is compared with and does not store, with the nearest values that it does.

    Args:
        tree: The query.
        context: Its schema and values; of columns whose values are unknown nothing is said.
    """
    for literal in tree.find_all(exp.Literal):
        for equality in _equalities(literal):
            if is_elsewhere(equality, context.schema, context.values):
                yield _sentence(literal.name, equality.this, context)


def _equalities(literal: exp.Literal) -> Iterator[exp.EQ]:
    """The comparison of a literal with a column, written as one equality; a list of values is several."""
    use = literal.parent
    if literal.is_string and isinstance(use, exp.EQ | exp.In) and isinstance(use.this, exp.Column):
        equality = exp.EQ(this=use.this.copy(), expression=literal.copy())
        equality.parent = use.parent  # the column's table is found through its SELECT
        yield equality


def _sentence(text: str, column: exp.Column, context: RepairContext) -> str:
    places = column_places(column)
    stored = {without_accents(value): value for place in places for value in context.values.values_of(*place)}
    near = [stored[name] for name in get_close_matches(without_accents(text), list(stored), _MOST_NEAR, _NEAR)]
    table, name = places[0]
    declared = context.schema.column(table, name)
    place = f"{table}.{declared.name if declared is not None else name}"
    hint = f"; did you mean {' or '.join(map(_quoted, near))}?" if near else "."
    return f"There is no {_quoted(text)} in {place}{hint}"


def _quoted(text: str) -> str:
    shown = text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
    return f"'{shown}'"
