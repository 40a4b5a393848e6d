"""Compare with every spelling in which a column stores one value: 'DHL', 'dhl' and 'Dhl ' are one courier. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from coderag_app.schema.tables import Column
from coderag_app.schema.value_index import MAX_VALUES_PER_COLUMN, without_accents
from coderag_app.sql.literals import column_places, declared_column
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.type_errors import is_key

_MOST_LISTED = 6  # spellings; more are compared by LOWER and TRIM
_SHORTEST = 2  # letters: a and A may be two grades


def compare_all_spellings(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Let comparisons with a text find the other spellings that the column stores: by case, spaces or accents.

    Values of keys stay as they are: there, two spellings are two things.

    Args:
        tree: A query; it is changed.
        context: Its schema and values.
    """
    for node in list(tree.find_all(exp.EQ, exp.NEQ, exp.In)):
        literals = node.expressions if isinstance(node, exp.In) else [node.expression]
        if literals and all(isinstance(each, exp.Literal) and each.is_string for each in literals):
            column = _text_column(node.this, context)
            if column is not None:
                _compare(node, [each.name for each in literals], column, context)
    return tree


def spellings_said(tree: exp.Expr) -> Iterator[str]:
    """Say which spellings a query compares as one value, a sentence for each column and value."""
    for node in tree.find_all(exp.In):
        column = node.find(exp.Column)
        groups: dict[str, list[str]] = {}
        for each in node.expressions:
            if isinstance(each, exp.Literal) and each.is_string:
                groups.setdefault(_folded(each.name), []).append(f"'{each.name}'")
        for forms in groups.values():
            if column is not None and len(forms) > 1:
                yield f"{', '.join(forms[:-1])} and {forms[-1]} of {column.name} were taken for one value"


def _text_column(node: exp.Expr, context: RepairContext) -> Column | None:
    """The schema's column of texts that a query compares; None for keys and flags."""
    found = declared_column(node, context.schema) if isinstance(node, exp.Column) else None
    if found is None or is_key(*found) or found[1].profile.flag is not None:
        return None
    return found[1]


def _compare(node: exp.Expr, texts: list[str], column: Column, context: RepairContext) -> None:
    """Compare with all spellings of the texts; in lowercase where more may be stored than was read."""
    (place,) = column_places(node.this)
    stored = context.values.values_of(*place)
    forms = list(dict.fromkeys(form for text in texts for form in (text, *_others(text, stored))))
    if len(forms) == len(texts) and not column.profile.spaced:
        return
    if column.profile.spaced:
        node.set("this", exp.Trim(this=node.this))
    if len(forms) > _MOST_LISTED or len(stored) >= MAX_VALUES_PER_COLUMN:
        node.set("this", exp.Lower(this=node.this))
        forms = list(dict.fromkeys(form.strip().lower() for form in forms))
    if len(forms) > 1:
        found = exp.In(this=node.this.copy(), expressions=list(map(exp.Literal.string, forms)))
        node.replace(exp.not_(found) if isinstance(node, exp.NEQ) else found)


def _others(text: str, stored: Sequence[str]) -> list[str]:
    """What else is stored for a text, where there are several spellings."""
    folded = _folded(text)
    if len(folded) < _SHORTEST or not any(letter.isalpha() for letter in folded):
        return []
    same = [value for value in stored if _folded(value) == folded]
    return same if len(same) > 1 else []


def _folded(text: str) -> str:
    return " ".join(without_accents(text).split())
