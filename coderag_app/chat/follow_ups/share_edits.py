"""Follow-ups about the numbers just shown: as shares of their sum, beside another year, and the rows behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from coderag_app.chat.follow_ups.date_edits import date_place
from coderag_app.chat.follow_ups.intents import OtherYear, RowsBehind
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit, conjuncts, set_where
from coderag_app.chat.follow_ups.scope import Place
from coderag_app.schema.name_words import content_words
from coderag_app.sql.date_units import unit_sql
from coderag_app.sql.literals import column_places
from coderag_app.sql.parsing import parse_one

_SUMMED = (exp.Count, exp.Sum)
_ANY_ROWS = frozenset("row record entry data detail one item result case line underlying raw original single".split())
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_LOWER, _UPPER = (exp.GTE, exp.GT), (exp.LT, exp.LTE)


def apply_share(edit: QueryEdit) -> str:
    """Turn counts or totals into percentages: of groups each of the sum, of one number that of all rows.

    Raises:
        CannotEditError: The query shows no count or total, or several, or one of all rows.
    """
    outputs = edit.aggregates
    if len(outputs) != 1 or not isinstance(outputs[0].unalias(), _SUMMED):
        raise CannotEditError("The query does not show one count or total whose parts could be shares.")
    amount = outputs[0].unalias()
    if edit.root.args.get("group") is None:
        return _share_of_all(edit, outputs[0], amount)
    if amount.find(exp.Distinct) is not None or edit.root.args.get("having") is not None:
        raise CannotEditError("Groups that share rows, or are left out, have no shares of a whole.")
    whole = exp.Window(this=exp.Sum(this=amount.copy()))
    order = edit.root.args.get("order")
    name = outputs[0].alias.lower()
    for key in order.expressions if order is not None else ():
        if name and key.this.name.lower() == name:
            key.set("this", amount.copy())
    outputs[0].replace(exp.alias_(_percent(amount.copy(), whole, edit.dialect), "percentage"))
    return "as percentages of their sum"


def _share_of_all(edit: QueryEdit, output: exp.Expr, amount: exp.Expr) -> str:
    """One number beside the same number without the query's conditions."""
    kept = conjuncts(edit.root)
    if not kept or amount.find(exp.Distinct) is not None:
        raise CannotEditError("The number is that of all rows already.")
    counted = isinstance(amount, exp.Count) and isinstance(amount.this, exp.Star)
    inner = exp.Literal.number(1) if counted else amount.this.copy()
    condition = exp.and_(*(each.copy() for each in kept), copy=False)
    part = type(amount)(this=exp.Case(ifs=[exp.If(this=condition, true=inner)]))
    set_where(edit.root, [])
    output.replace(exp.alias_(_percent(part, amount.copy(), edit.dialect), "percentage"))
    return "as a percentage of all rows"


def _percent(part: exp.Expr, whole: exp.Expr, dialect: str) -> exp.Expr:
    """A division as the dialect reads it: built from nodes, it would be written with casts."""
    made: exp.Expr = parse_one("SELECT 100.0 * part / NULLIF(whole, 0)", dialect=dialect).expressions[0]
    for column in list(made.find_all(exp.Column)):
        column.replace(part if column.name == "part" else whole)
    return made


def apply_rows(edit: QueryEdit, intent: RowsBehind) -> str:
    """Show the rows that a number was made of, with all columns of their table.

    Raises:
        CannotEditError: The query cuts, nests or filters groups, or the noun is none of its tables.
    """
    named = set(content_words(intent.noun)) - _ANY_ROWS
    tables = edit.scope.sources
    sources = [s for s, table in tables.items() if not named or named & set(content_words(table.name))]
    if not tables or not sources or len(tables) < len(list(edit.relations())):
        raise CannotEditError(f"The query reads no table of {intent.noun}.")
    if any(edit.root.args.get(clause) for clause in ("having", "limit", "offset", "with_")) or not edit.is_grouped:
        raise CannotEditError("The query shows rows, or some of its groups only.")
    keys = [key.copy() for key in (edit.root.args["group"].expressions if edit.root.args.get("group") else ())]
    for clause in ("group", "order", "distinct"):
        edit.root.set(clause, None)
    shown = sources if named else list(tables)
    everything = len(tables) == 1
    edit.root.set(
        "expressions",
        [exp.Star()] if everything else [exp.Column(this=exp.Star(), table=exp.to_identifier(name)) for name in shown],
    )
    if keys and all(isinstance(key, exp.Column) for key in keys):
        edit.root.set("order", exp.Order(expressions=[edit.ordered(key, descending=False) for key in keys]))
    return "the rows behind it"


def unaggregated(edit: QueryEdit) -> bool:
    """Take away the count or other aggregate of a query of one row, for the columns that a follow-up asks for.

    Returns:
        Whether there was one; then the query has no outputs, and is distinct where distinct things were counted.
    """
    if edit.root.args.get("group") is not None or not edit.aggregates:
        return False
    # The column beside a highest or lowest is that of one row, not of all: the model is asked for it.
    plain = all(isinstance(output.unalias(), exp.Count | exp.Sum | exp.Avg) for output in edit.root.expressions)
    if not plain or any(edit.root.args.get(clause) for clause in ("having", "offset")):
        return False
    distinct = any(output.find(exp.Distinct) is not None for output in edit.aggregates)
    edit.root.set("order", None)
    edit.root.set("limit", None)
    edit.root.set("expressions", [])
    if distinct:
        edit.root.set("distinct", exp.Distinct())
    return True


def apply_other_year(edit: QueryEdit, intent: OtherYear) -> str:
    """Put the same days of another year beside those that the query keeps, one row for each year.

    Raises:
        CannotEditError: The query has no aggregate, or keeps no stretch of time within one year.
    """
    if not edit.aggregates or edit.root.find(exp.Window) is not None:
        raise CannotEditError("The query shows no number to compare.")
    place = date_place(edit)
    if place is None or place.path:
        raise CannotEditError("The query's tables hold no date.")
    span = _kept_days(edit, place)
    year = int(span.start[:4])
    other = intent.year or year - intent.before
    if other == year:
        raise CannotEditError("The query keeps that year already.")
    spans = sorted([span, span.in_year(other)], key=lambda each: each.start)

    def either(column: exp.Expr) -> exp.Expr:
        return exp.or_(*(each.condition(column) for each in spans), copy=False)

    if not edit.replace_conditions(place.table.name, place.column.name, either):
        raise CannotEditError("The query keeps no stretch of time.")
    key = unit_sql("year", edit.column(place), edit.dialect)
    outputs = edit.root.expressions
    edit.root.set("expressions", [exp.alias_(key, "year"), *outputs])
    group = edit.root.args.get("group")
    edit.root.set("group", exp.Group(expressions=[key.copy(), *(group.expressions if group is not None else ())]))
    if edit.root.args.get("limit") is None:
        edit.root.set("order", exp.Order(expressions=[edit.ordered(key.copy(), descending=False)]))
    return f"{year} beside {other}"


@dataclass(frozen=True, slots=True)
class _Days:
    """From the first day on, before the second; ISO dates."""

    start: str
    end: str

    def in_year(self, year: int) -> _Days:
        """The same days of another year; the 29th of February is its last day then."""
        move = year - int(self.start[:4])
        return _Days(
            *(f"{int(day[:4]) + move:04d}{day[4:].replace('-02-29', '-02-28')}" for day in (self.start, self.end))
        )

    def condition(self, column: exp.Expr) -> exp.Expr:
        first = exp.GTE(this=column.copy(), expression=exp.Literal.string(self.start))
        last = exp.LT(this=column.copy(), expression=exp.Literal.string(self.end))
        return exp.paren(exp.and_(first, last, copy=False), copy=False)


def _kept_days(edit: QueryEdit, place: Place) -> _Days:
    """The days that the conditions on a date keep: an ISO day from which, and one before which, within a year."""
    wanted = (place.table.name.lower(), place.column.name.lower())
    bounds: dict[str, str] = {}
    for conjunct in conjuncts(edit.root):
        if not any(wanted in column_places(column) for column in conjunct.find_all(exp.Column)):
            continue
        for side, kinds in (("start", _LOWER[:1]), ("end", _UPPER[:1])):
            plain = isinstance(conjunct, kinds) and isinstance(conjunct.this, exp.Column)
            day = next((literal.name for literal in conjunct.find_all(exp.Literal) if _ISO.fullmatch(literal.name)), "")
            if plain and day and side not in bounds:
                bounds[side] = day
                break
        else:
            raise CannotEditError("The query keeps days in a way that cannot be moved to another year.")
    if len(bounds) != 2 or not 0 <= int(bounds["end"][:4]) - int(bounds["start"][:4]) <= 1:
        raise CannotEditError("The query keeps no stretch of time within one year.")
    return _Days(bounds["start"], bounds["end"])
