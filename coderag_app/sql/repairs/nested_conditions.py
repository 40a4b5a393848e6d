"""Look inside lists and objects: ``tags = 'vip'`` of a JSON array becomes what the dialect has for "contains".

No list equals one of its texts, and no object one of its fields' values. A value of the question that only such a
column stores also becomes a condition where the query leaves it out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.question.read_question import Question
from coderag_app.schema.tables import Column, Table, identifier
from coderag_app.schema.value_index import ValueMatch
from coderag_app.sql.literals import declared_column, select_tables
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext

_COMPARISONS = (exp.EQ, exp.NEQ, exp.Like, exp.ILike, exp.In)
_BEFORE = 3  # words before a value that may negate it: "not tagged as vip"


def look_inside(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Write comparisons with lists and objects as the dialect has them, and add those that the question asks for.

    Args:
        tree: A query; it is changed.
        context: Its schema with profiles, and its values; the question for what is added.
    """
    for comparison in list(tree.find_all(*_COMPARISONS)):
        found = declared_column(comparison.this, context.schema) if isinstance(comparison.this, exp.Column) else None
        if found is not None and found[1].profile.nested is not None:
            inside = _inside(comparison, *found, context)
            if inside is not None:
                comparison.replace(inside)
    left_out = sorted(_left_out(tree, context), key=lambda each: (each[0].name, each[1].name))
    for (table, column), said in groupby(left_out, key=lambda each: each[:2]):
        _add(tree, table, column, [match for _, _, match in said], context)
    return tree


def _inside(comparison: exp.Expr, table: Table, column: Column, context: RepairContext) -> exp.Expr | None:
    """The comparison of what is inside; None where no field stores a text of it, or several do."""
    options = comparison.expressions if isinstance(comparison, exp.In) else [comparison.expression]
    texts = [option.name.strip("%") for option in options if isinstance(option, exp.Literal) and option.is_string]
    if len(texts) != len(options) or not texts:
        return None
    stored = [text for text in texts if _stored(table, column.name, text, context) is not None]
    if isinstance(comparison, exp.Like | exp.ILike) and not stored:
        return None  # a part of a text
    shown = _qualified(comparison.this, context)
    found = [_holds(shown, table, column, text, context) for text in texts]
    held = [each for each in found if each is not None]
    if len(held) < len(found):
        return None
    either = _joined(held, exp.or_)
    return exp.not_(exp.paren(either)) if isinstance(comparison, exp.NEQ) else either


def _joined(held: Sequence[exp.Expr], join: Any) -> exp.Expr:
    return exp.paren(join(*held, copy=False)) if len(held) > 1 else held[0]


def _qualified(shown: exp.Column, context: RepairContext) -> exp.Column:
    """The column with its table: a table function has columns of its own, such as ``value`` and ``type``."""
    select = shown.find_ancestor(exp.Select)
    sources = list(select_tables(select)) if select is not None else []
    if shown.table or len(sources) != 1:
        return shown.copy()
    return exp.column(shown.this.copy(), identifier(sources[0].alias_or_name, context.dialect))


def _holds(shown: exp.Expr, table: Table, column: Column, text: str, context: RepairContext) -> exp.Expr | None:
    """The condition that the list has a text, or that the only field which stores it does."""
    nested = column.profile.nested
    if nested is None:
        return None
    if not nested.fields:
        stored = _stored(table, column.name, text, context)
        return _written("contains", shown, column, context, stored if stored is not None else text)
    fields = [(field, _stored(table, f"{column.name}.{field}", text, context)) for field in nested.fields]
    storing = [(field, stored) for field, stored in fields if stored is not None]
    if len(storing) != 1:
        return None
    value = _written("field", shown, column, context, field=storing[0][0])
    return exp.EQ(this=value, expression=exp.Literal.string(storing[0][1]))


def _stored(table: Table, column: str, text: str, context: RepairContext) -> str | None:
    values = context.values.values_of(table.name, column)
    return next((value for value in values if value.casefold() == text.casefold()), None)


def _written(
    what: str, shown: exp.Expr, column: Column, context: RepairContext, text: str = "", field: str = ""
) -> exp.Expr:
    """The dialect's expression for a column of this type, parsed."""
    dialect = context.dialect
    kinds = _data()[what][dialect]
    template = next(sql for kind, sql in kinds.items() if kind in column.type.upper())
    written, as_json = (exp.Literal.string(each).sql(dialect) for each in (text, json.dumps(text, ensure_ascii=False)))
    sql = template.format(c=shown.sql(dialect), v=written, j=as_json, f=field)
    return parse_one(f"SELECT {sql}", dialect=dialect).expressions[0].unalias()


def _left_out(tree: exp.Expr, context: RepairContext) -> Iterator[tuple[Table, Column, ValueMatch]]:
    """The values of the question that one list or object of the query's tables stores, and no literal of it says."""
    literals = {literal.name.strip("%\"'").casefold() for literal in tree.find_all(exp.Literal) if literal.is_string}
    read = {table.name.lower() for table in tree.find_all(exp.Table)}
    for match in context.question.values:
        texts = {value.text.casefold() for value in match.values}
        places = {(value.table, value.column) for value in match.values if "." not in value.column}
        if len(places) != 1 or texts & literals or _is_named(match.start, match.end, context.question):
            continue
        ((table_name, column_name),) = places
        table = context.schema.table(table_name)
        column = table.column(column_name) if table is not None else None
        if table is not None and column is not None and column.profile.nested and table_name.lower() in read:
            yield table, column, match


def _is_named(start: int, end: int, question: Question) -> bool:
    """Whether a name of the schema says the words, too: "press" may be a table."""
    return any(item.start <= start and end <= item.end for item in question.names)


def _is_negated(match: ValueMatch, question: Question) -> bool:
    before = [word.folded for word in question.words if word.end <= match.start][-_BEFORE:]
    return any(word in _data()["negations"].split() or word.endswith(("n't", "n’t")) for word in before)


def _add(tree: exp.Expr, table: Table, column: Column, matches: Sequence[ValueMatch], context: RepairContext) -> None:
    """Add the condition to the only SELECT from the table, in place of a rank by the column, which nobody asks for.

    Several values of one field, or with "or" between them, are alternatives; a list can hold all of them.
    """
    selects = [
        (select, source)
        for select in tree.find_all(exp.Select)
        for source in select_tables(select)
        if source.name.lower() == table.name.lower()
    ]
    negated = {_is_negated(match, context.question) for match in matches}
    if len(selects) != 1 or len(negated) > 1:
        return
    select, source = selects[0]
    shown = exp.column(*(identifier(name, context.dialect) for name in (column.name, source.alias_or_name)))
    found = [_holds(shown, table, column, match.values[0].text, context) for match in matches]
    held = [each for each in found if each is not None]
    if len(held) < len(found) or any(each in held for each in conditions(select)):
        return
    between = [word.folded for word in context.question.words if matches[0].end <= word.start < matches[-1].start]
    alternatives = "or" in between or bool(column.profile.nested and column.profile.nested.fields)
    wanted = _joined(held, exp.or_ if alternatives or negated == {True} else exp.and_)
    select.where(exp.not_(exp.paren(wanted.unnest())) if negated == {True} else wanted, copy=False)
    order = select.args.get("order")
    if order is not None and any(each.name.lower() == column.name.lower() for each in order.find_all(exp.Column)):
        select.set("order", None)
        select.set("limit", None)


@cache
def _data() -> Any:
    return yaml_beside(__file__, "nested_conditions.yaml")
