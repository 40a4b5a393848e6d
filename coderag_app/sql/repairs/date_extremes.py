"""Order by a date where a question asks for the oldest, newest, earliest or latest.

"Who is the oldest patient?" asks for a name, not for ``MAX(dob)``, and the oldest has the earliest date of birth. "The
latest payment date" is a date, never the largest key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from coderag_app.files import yaml_beside
from coderag_app.question.periods.date_columns import is_date
from coderag_app.question.read_question import Question
from coderag_app.schema.name_words import singular, stem
from coderag_app.schema.row_names import row_names
from coderag_app.schema.tables import Column, Table, identifier
from coderag_app.sql.conversions import converted
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.own_dates import births, event_dates
from coderag_app.sql.repairs.stored_forms import use_stored_forms
from coderag_app.sql.repairs.stray_tables import noun_of
from coderag_app.sql.type_errors import is_key

_NEAR = 2  # words behind "the oldest" among which its noun stands: "the oldest female patient"


@dataclass(frozen=True, slots=True)
class _Extreme:
    """Whether the first or the last by date is asked for, and the stems of the words behind that."""

    first: bool
    nouns: frozenset[str]

    @property
    def aggregate(self) -> type[exp.Min | exp.Max]:
        """What finds its date."""
        return exp.Min if self.first else exp.Max


def order_by_dates(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Turn the first or last by date around where a query has the other one, and ask for the row or the date as said.

    Args:
        tree: A query; it is changed.
        context: Its schema with profiles, and the question, without which the query stays as it is.
    """
    extreme = _said(context.question, {noun_of(table, context.schema) for table in context.schema.tables})
    if extreme is None:
        return tree
    kept = tree.copy()
    if isinstance(tree, exp.Select):
        _show_what_is_asked(tree, extreme, context)
        _order_by_date(tree, extreme, context)
    _turn_around(tree, extreme, context)
    return use_stored_forms(tree, context) if tree != kept else tree


def _said(question: Question, nouns: set[str]) -> _Extreme | None:
    """The only direction in which a question asks for an extreme date."""
    found = []
    for at, word in enumerate(question.words):
        behind = [each.stem for each in question.words[at + 1 : at + 1 + _NEAR]]
        before_noun = bool(nouns & set(behind[:1]))
        for first in (True, False):
            name = "first" if first else "last"
            if word.folded in _words()[name] or (before_noun and word.folded in _words()[f"{name}_of"]):
                found.append(_Extreme(first, frozenset(behind)))
    return found[0] if len({each.first for each in found}) == 1 else None


def _show_what_is_asked(select: exp.Select, extreme: _Extreme, context: RepairContext) -> None:
    """Show the date, or the row's name, in the place of the only thing that is shown: an extreme key or date."""
    shown = select.expressions[0].unalias() if len(select.expressions) == 1 else None
    parts = ("group", "order", "limit", "having", "distinct")
    if not isinstance(shown, exp.Max | exp.Min) or any(select.args.get(part) is not None for part in parts):
        return
    date = date_in(shown.this, context)
    column = date or (shown.this if isinstance(shown.this, exp.Column) else None)
    found = declared_column(column, context.schema) if column is not None else None
    if column is None or found is None or not _is_meant(found[0], extreme, context):
        return
    if date is None and not (found[1].primary_key and is_key(*found)):
        return
    by = date or _own_date(found[0], extreme, column, context)
    said = {word.folded for word in context.question.words}
    if by is None or said & _words()["parts"]:
        return
    if said & _words()["dates"]:
        if date is None:
            shown.replace(extreme.aggregate(this=by))
        return
    names = [_beside(column, name, context) for name in row_names(found[0])]
    if names:
        select.set("expressions", names)
        _rank(select, by, extreme, context)


def _order_by_date(select: exp.Select, extreme: _Extreme, context: RepairContext) -> None:
    """Order by the date of the rows where a query orders them by their key."""
    order = select.args.get("order")
    if order is None or len(order.expressions) > 1 or select.args.get("limit") is None or select.args.get("group"):
        return
    first = order.expressions[0].this
    found = declared_column(first, context.schema) if isinstance(first, exp.Column) else None
    if found is None:
        return
    if found[1].primary_key and _is_meant(found[0], extreme, context):
        by = _own_date(found[0], extreme, first, context)
        if by is not None:
            _rank(select, by, extreme, context)


def _is_meant(table: Table, extreme: _Extreme, context: RepairContext) -> bool:
    """Whether a word of a table's name stands behind the extreme: the patient of ``patient_master``."""
    return not {stem(singular(word)) for word in context.schema.words(table).split()}.isdisjoint(extreme.nouns)


def _rank(select: exp.Select, by: exp.Column, extreme: _Extreme, context: RepairContext) -> None:
    """Order by a date, whose missing values are neither the first nor the last."""
    found = declared_column(by, context.schema)
    if found is not None and (found[1].profile.nulls or found[1].profile.blanks):
        select.where(exp.Not(this=exp.Is(this=by.copy(), expression=exp.Null())), copy=False)
    select.set("order", exp.Order(expressions=[_direct(exp.Ordered(this=by.copy()), extreme, context)]))
    if select.args.get("limit") is None:
        select.limit(1, copy=False)


def _turn_around(tree: exp.Expr, extreme: _Extreme, context: RepairContext) -> None:
    """Take the other end of a date by which a query cuts or of which it takes an extreme."""
    for node in list(tree.find_all(exp.Max, exp.Min)):
        if not isinstance(node, extreme.aggregate) and date_in(node.this, context) is not None:
            node.replace(extreme.aggregate(this=node.this))
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        if order is not None and select.args.get("limit") is not None:
            ordered = order.expressions[0]
            if date_in(ordered.this, context) is not None:
                _direct(ordered, extreme, context)


def _direct(ordered: exp.Ordered, extreme: _Extreme, context: RepairContext) -> exp.Ordered:
    """Order by the end that is asked for, with NULLs where the dialect has them, which needs no words."""
    nulls = Dialect.get_or_raise(context.dialect).NULL_ORDERING
    ordered.set("desc", None if extreme.first else True)
    ordered.set("nulls_first", nulls != "nulls_are_last" and extreme.first == (nulls == "nulls_are_small"))
    return ordered


def date_in(node: exp.Expr, context: RepairContext) -> exp.Column | None:
    """The column of dates that an expression is, as it is stored or converted; None for ages and parts of dates."""
    column = node.find(exp.Column)
    found = declared_column(column, context.schema) if column is not None else None
    if column is None or found is None or not is_date(found[1]):
        return None
    return column if node in (column, converted(column, found[1].profile, context.dialect)) else None


def _own_date(table: Table, extreme: _Extreme, beside: exp.Column, context: RepairContext) -> exp.Column | None:
    """The only date by which rows of a table are old or new: that of a birth, or else of what happens."""
    said = {word.folded for word in context.question.words}
    dates: list[Column] = births(table) if said & {"oldest", "youngest", "eldest"} else []
    dates = dates or event_dates(table, {word.stem for word in context.question.words})
    return _beside(beside, dates[0].name, context) if len(dates) == 1 else None


def _beside(column: exp.Column, name: str, context: RepairContext) -> exp.Column:
    """Another column of a column's table."""
    return exp.column(identifier(name, context.dialect), column.args.get("table"))


@cache
def _words() -> dict[str, frozenset[str]]:
    return {kind: frozenset(words.split()) for kind, words in yaml_beside(__file__, "date_extremes.yaml").items()}
