"""Show both names of a person where a question asks for people: "which customers" means first and last names.

Of 13 questions on Spider's training databases whose gold query shows one of the two names and which speak of neither,
all 13 show both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.name_words import identifier_words
from coderag_app.schema.tables import Schema, Table, identifier
from coderag_app.sql.literals import declared_column, outer_selects
from coderag_app.sql.repairs.conditions import uses_positions
from coderag_app.sql.repairs.context import RepairContext

_FIRST = frozenset(("first name", "given name", "forename", "firstname"))
_LAST = frozenset(("last name", "family name", "surname", "lastname"))
_SAYS_ONE = re.compile(r"\b(?:first|given|forenames?|last|family|surnames?)\b", re.IGNORECASE)


def show_whole_names(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Show a first name's last name too, and the other way round, where the question asks for neither.

    Args:
        tree: A query; it is changed.
        context: Its schema, and the question; where that speaks of a first or last name, the query stays as it is.
    """
    if not context.question.text or _SAYS_ONE.search(context.question.text):
        return tree
    missing = [(select, list(_missing(select, context.schema))) for select in outer_selects(tree)]
    if len({len(found) for _, found in missing}) > 1:
        return tree  # parts of a set operation show equally many columns
    if any(uses_positions(select) for select, found in missing if found):
        return tree  # another column would shift what ORDER BY 2 means
    for select, found in missing:
        for shown, other, comes_first in found:
            _put_beside(select, shown, other, comes_first)
    return tree


def _missing(select: exp.Select, schema: Schema) -> Iterator[tuple[exp.Column, exp.Column, bool]]:
    """Each shown name of a person with the other, which is not shown, and whether that comes first."""
    shown = [item for item in select.expressions if isinstance(item, exp.Column)]
    for item in select.expressions:
        found = declared_column(item, schema) if isinstance(item, exp.Column) else None
        if found is None:
            continue
        words = identifier_words(found[1].name)
        if words not in _FIRST | _LAST:
            continue
        name = _column_called(found[0], _LAST if words in _FIRST else _FIRST)
        other = exp.column(identifier(name, schema.dialect), item.args.get("table")) if name else None
        if other is not None and not any(_is_same(other, each) for each in shown):
            yield item, other, words in _LAST


def _is_same(first: exp.Column, second: exp.Column) -> bool:
    """Whether two columns of a query are one; it may be written with its table here and without it there."""
    tables = {column.table.lower() for column in (first, second)} - {""}
    return first.name.lower() == second.name.lower() and len(tables) < 2


def _column_called(table: Table, names: frozenset[str]) -> str:
    """The table's only column of these names, or nothing."""
    found = [column.name for column in table.columns if identifier_words(column.name) in names]
    return found[0] if len(found) == 1 else ""


def _put_beside(select: exp.Select, shown: exp.Column, other: exp.Column, comes_first: bool) -> None:
    """Show and group by the other name wherever the query shows or groups by the one."""
    for owner in (select, select.args.get("group")):
        if owner is not None and shown in owner.expressions:
            items = owner.expressions
            place = items.index(shown) + (not comes_first)
            owner.set("expressions", [*items[:place], other.copy(), *items[place:]])
