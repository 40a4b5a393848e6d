"""Follow-ups that show the rows in another shape: grouped, sorted, cut, counted, with other columns."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.chat.follow_ups.date_edits import date_place
from coderag_app.chat.follow_ups.intents import Aggregate, Group, Limit, Sort
from coderag_app.chat.follow_ups.measure_edits import measure_output
from coderag_app.chat.follow_ups.outputs import output_name
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit, has_aggregate
from coderag_app.chat.follow_ups.scope import Place
from coderag_app.question.periods.date_columns import is_year
from coderag_app.schema.name_words import content_words
from coderag_app.sql.date_units import UNITS, unit_sql

_UNITS = {unit: unit for unit in UNITS} | {"day of week": "weekday", "day of the week": "weekday"}
_FUNCTIONS: dict[str, type[exp.AggFunc]] = {"SUM": exp.Sum, "AVG": exp.Avg, "MAX": exp.Max, "MIN": exp.Min}
_WORDS = {"SUM": "total", "AVG": "average", "MAX": "highest", "MIN": "lowest"}


def apply_group(edit: QueryEdit, intent: Group) -> str:
    """One row for each value of a column, with the aggregates there are, or a count."""
    if edit.root.find(exp.Window) is not None:
        raise CannotEditError("The query numbers its rows.")
    parts = [part for part in intent.column.replace(",", " and ").split(" and ") if part.strip()]
    former = _group_keys(edit) if intent.added else []
    aggregates = [output.copy() for output in edit.aggregates]
    was_list = not edit.is_grouped
    if was_list:
        edit.root.set("order", None)
        edit.root.set("limit", None)
    for clause in ("distinct", "group"):
        edit.root.set(clause, None)
    edit.root.set("expressions", [*former, *aggregates])
    keys: list[exp.Expr] = []
    shown: list[str] = []
    for part in parts:
        key, name, words = _group_key(edit, part.strip())
        keys.append(exp.alias_(key, name) if name else key)
        shown.append(words)
    if aggregates == [] and edit.aggregates == []:
        aggregates = [exp.alias_(exp.Count(this=exp.Star()), "count")]
    aggregates = [output for output in edit.root.expressions if has_aggregate(output)] or aggregates
    groups = [output for output in edit.root.expressions if not has_aggregate(output)]
    edit.root.set("expressions", [*groups, *keys, *aggregates])
    edit.root.set("group", exp.Group(expressions=[each.unalias().copy() for each in (*groups, *keys)]))
    _mend_order(edit, keys)
    return f"for each {' and '.join([*(each.sql(edit.dialect) for each in groups), *shown])}"


def _group_keys(edit: QueryEdit) -> list[exp.Expr]:
    return [output.copy() for output in edit.root.expressions if not has_aggregate(output)] if edit.is_grouped else []


def _group_key(edit: QueryEdit, phrase: str) -> tuple[exp.Expr, str, str]:
    """The expression to group by, its name where it needs one, and its words."""
    unit = _UNITS.get(" ".join(content_words(phrase)), "")
    dated = date_place(edit) if unit else None
    if dated is not None and not is_year(dated.column):
        key = unit_sql(unit, edit.column(dated), edit.dialect)
        return key, unit, f"{unit} of {dated.table.name}.{dated.column.name}"
    place = edit.scope.resolve(phrase)
    if place is None or place.multiplies:
        raise CannotEditError(f"There is no column for {phrase!r} in the query's tables or in tables that join them.")
    edit.replace_conditions(place.table.name, place.column.name, None)  # all its values, not one alone
    return edit.column(place), output_name(place), f"{place.table.name}.{place.column.name}"


def _mend_order(edit: QueryEdit, keys: list[exp.Expr]) -> None:
    """Keep the sort keys that still mean something; time comes in its own order."""
    order = edit.root.args.get("order")
    outputs = {output.alias_or_name.lower() for output in edit.root.expressions}
    kept = [
        key
        for key in (order.expressions if order is not None else ())
        if has_aggregate(key) or key.this.name.lower() in outputs
    ]
    if not kept and any(not isinstance(key.unalias(), exp.Column) for key in keys):
        kept = [edit.ordered(keys[0].unalias().copy(), descending=False)]
    edit.root.set("order", exp.Order(expressions=kept) if kept else None)
    if not kept:
        edit.root.set("limit", None)


def apply_sort(edit: QueryEdit, intent: Sort) -> str:
    """Put the rows in another order."""
    key, name = _sort_key(edit, intent)
    down = bool(intent.descending) if intent.descending is not None else False
    edit.root.set("order", exp.Order(expressions=[edit.ordered(key, down)]))
    return f"sorted by {name}, {'highest' if down else 'lowest'} first"


def _sort_key(edit: QueryEdit, intent: Sort) -> tuple[exp.Expr, str]:
    if intent.column == "alphabetically":
        texts = [output for output in edit.root.expressions if not has_aggregate(output)]
        if not texts or isinstance(texts[0].unalias(), exp.Star):
            raise CannotEditError("The query shows no text to sort by.")
        return _referred(texts[0]), texts[0].alias_or_name
    if intent.column == "newest":
        place = date_place(edit)
        if place is None or edit.is_grouped:
            raise CannotEditError("The query's tables hold no date to sort by.")
        return edit.column(place), place.column.name
    if not intent.column and (order := edit.root.args.get("order")) is not None:
        return order.expressions[0].this.copy(), order.expressions[0].this.sql(edit.dialect)
    output = measure_output(edit, intent.column)
    if output is not None:
        return _referred(output), output.alias_or_name or output.sql(edit.dialect)
    place = edit.scope.resolve(intent.column, reach=False) if intent.column else None
    if place is None or edit.is_grouped or edit.root.args.get("distinct") is not None:
        raise CannotEditError(f"There is no column {intent.column!r} to sort by.")
    return edit.column(place), f"{place.table.name}.{place.column.name}"


def _referred(output: exp.Expr) -> exp.Expr:
    """An output as a sort key: by its name where it has one, else by what it is."""
    if isinstance(output, exp.Alias):
        return exp.Column(this=output.args["alias"].copy())
    return output.copy()


def apply_reverse(edit: QueryEdit) -> str:
    """Turn the order round."""
    order = edit.root.args.get("order")
    if order is None:
        raise CannotEditError("The query has no order to reverse.")
    keys = [edit.ordered(key.this.copy(), not key.args.get("desc")) for key in order.expressions]
    edit.root.set("order", exp.Order(expressions=keys))
    return "in the opposite order"


def apply_limit(edit: QueryEdit, intent: Limit) -> str:
    """Show the first rows, by a column where one is named; 0 shows all."""
    if intent.count == 0:
        if edit.root.args.get("limit") is None:
            raise CannotEditError("The query has no limit.")
        edit.root.set("limit", None)
        edit.root.set("offset", None)
        return "all rows"
    done = ""
    if edit.aggregates and edit.root.args.get("group") is None:
        raise CannotEditError("The query returns one row.")
    order = edit.root.args.get("order")
    measured = measure_output(edit, "") is not None
    if intent.column or (order is None and intent.descending is not None and measured):
        down = intent.descending is not False
        done = apply_sort(edit, Sort(intent.column, down)) + ", "
    elif order is not None and intent.descending is False:
        done = apply_reverse(edit) + ", "
    edit.root.limit(intent.count, copy=False)
    edit.root.set("offset", None)
    return f"{done}the first {intent.count} rows"


def apply_count(edit: QueryEdit) -> str:
    """Count the rows."""
    alone = bool(edit.aggregates) and edit.root.args.get("group") is None  # one row of aggregates: count what it is of
    plain = (alone or not edit.is_grouped) and not any(
        edit.root.args.get(clause) for clause in ("distinct", "limit", "offset")
    )
    edit.root.set("order", edit.root.args.get("order") if edit.root.args.get("limit") is not None else None)
    if not plain:
        edit.wrap()
    edit.root.set("expressions", [exp.alias_(exp.Count(this=exp.Star()), "count")])
    return "the number of rows"


def apply_aggregate(edit: QueryEdit, intent: Aggregate) -> str:
    """Another aggregate over the same column, or one over the column that is named."""
    made = _FUNCTIONS[intent.function]
    word = _WORDS[intent.function]
    existing = edit.aggregates
    if existing and not intent.column:
        old = next(existing[-1].find_all(exp.AggFunc))
        if isinstance(old, exp.Count) or not isinstance(old.this, exp.Expr):
            raise CannotEditError("The query counts rows; name the column to work on.")
        old.replace(made(this=old.this.copy()))
        if isinstance(existing[-1], exp.Alias):
            existing[-1].replace(existing[-1].this.copy())
        return f"the {word} instead"
    place = edit.scope.resolve(intent.column, reach=False) if intent.column else _only_number(edit)
    if place is None or not place.column.holds_numbers:
        raise CannotEditError(f"There is no number called {intent.column!r} in the query's tables.")
    output = made(this=edit.column(place))
    if existing:
        existing[-1].replace(output)
    else:
        if any(edit.root.args.get(clause) for clause in ("limit", "distinct", "group")):
            raise CannotEditError("The query is cut or grouped.")
        edit.root.set("order", None)
        edit.root.set("expressions", [output])
    return f"the {word} {place.table.name}.{place.column.name}"


def _only_number(edit: QueryEdit) -> Place | None:
    output = measure_output(edit, "")
    return edit.scope.resolve(output.unalias().name, reach=False) if output is not None else None
