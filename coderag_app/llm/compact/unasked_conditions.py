"""Conditions that a small model writes and nobody asks for: a value that nobody named, ``c = 1``, ``c > 'Lyon'``.

A schema that shows a few values tempts it to filter on one of them. A larger model has reasons for such conditions, so
this is no repair of every model's SQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from coderag_app.question.said_literals import Literal
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.conditions import compared_column, equalities, is_elsewhere, leave_out
from coderag_app.sql.type_errors import Holds, misuses

_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_NUMBER = re.compile(r"\d+")
_SAID_AS = {
    "0": frozenset("0 no not zero none without never nothing nobody".split()),
    "1": frozenset("1 one once single sole only first 1st won winner winners".split()),
}


def equal_stored_text(tree: exp.Expr, schema: Schema, values: ValueIndex) -> None:
    """Replace ``city > 'Lyon'`` by ``city = 'Lyon'`` where the column stores that text.

    Args:
        tree: A query with its literals filled in; it is changed.
        schema: What it is a query of.
        values: The stored values.
    """
    for misuse in list(misuses(tree, schema, values)):
        use = misuse.node.parent
        if not isinstance(use, _ORDERS) or use.this is not misuse.node or misuse.holds is not Holds.TEXT:
            continue
        text = use.expression
        if not isinstance(text, exp.Literal) or not text.is_string or _NUMBER.fullmatch(text.name):
            continue
        if values.stored_form(misuse.table.name, misuse.column.name, text.name) is not None:
            use.replace(exp.EQ(this=misuse.node, expression=text))


def leave_out_invented(tree: exp.Expr, schema: Schema, literals: Sequence[Literal], values: ValueIndex) -> None:
    """Drop comparisons with text that neither the question nor the column holds.

    Args:
        tree: A query with its literals filled in; it is changed.
        schema: What it is a query of.
        literals: The question's literals.
        values: The stored values.
    """
    said = frozenset().union(*(literal.spellings for literal in literals))
    for select in list(tree.find_all(exp.Select)):
        invented = [
            each
            for each in equalities(select)
            if each.expression.name.casefold() not in said and is_elsewhere(each, schema, values)
        ]
        leave_out(select, invented)


def leave_out_numbers(tree: exp.Expr, schema: Schema, question: str) -> None:
    """Drop ``c = 1`` and ``c = 0`` that the question does not ask for, unless the column is a flag.

    Args:
        tree: A query with its literals filled in; it is changed.
        schema: What it is a query of.
        question: As asked.
    """
    words = frozenset(re.findall(r"\w+", question.lower()))
    for select in list(tree.find_all(exp.Select)):
        unasked = [each for each in equalities(select) if words.isdisjoint(_SAID_AS.get(each.expression.name, words))]
        leave_out(select, [each for each in unasked if not _is_flag(compared_column(each), schema)])


def _is_flag(column: exp.Column, schema: Schema) -> bool:
    found = declared_column(column, schema)
    return found is None or found[1].is_boolean or found[1].profile.is_bit
