"""Compare the column that a number's unit or noun names, where a query counts rows or compares a key instead.

"Vehicles with more than 50,000 km" speaks of ``odometer_km``, not of 50,000 rows, and "rooms with at least 4 beds" of
``beds``. A unit names the columns that are kept in it, or else those whose names say what it measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.question.read_question import Word
from coderag_app.schema.name_words import identifier_words, singular, stem
from coderag_app.schema.row_names import row_names
from coderag_app.schema.tables import Column, identifier
from coderag_app.sql.literals import declared_column, select_tables
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.stray_tables import says_noun
from coderag_app.sql.type_errors import is_key
from coderag_app.sql.unit_conversion import factor, said_amounts, unit_of_column

_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ)


@dataclass(frozen=True, slots=True)
class _Measure:
    """A number of the question and the word behind it; ``is_unit`` says whether that is a unit of measure."""

    number: str
    word: Word
    is_unit: bool


def compare_measures(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Put the only column that a number can measure in the place of a count of rows, or of a key.

    Args:
        tree: A query; it is changed.
        context: Its schema with profiles, and the question, without which the query stays as it is.
    """
    for measure in _said(context):
        for select in tree.find_all(exp.Select):
            _compare(select, measure, context)
    return tree


def _said(context: RepairContext) -> Iterator[_Measure]:
    units = {(amount.number, amount.unit) for amount in said_amounts(context.question)}
    for number in context.question.numbers:
        behind = next((word for word in context.question.words if word.start >= number.end), None)
        if behind is not None and not context.question.text[number.end : behind.start].strip():
            yield _Measure(number.text, behind, (number.text, behind.folded) in units)


def _compare(select: exp.Select, measure: _Measure, context: RepairContext) -> None:
    for comparison in (*_having(select), *conditions(select)):
        left, right = comparison.args.get("this"), comparison.args.get("expression")
        if not isinstance(comparison, _ORDERS) or not isinstance(right, exp.Literal) or right.name != measure.number:
            continue
        counted = isinstance(left, exp.Count) and (left.this is None or isinstance(left.this, exp.Star | exp.Column))
        if not counted and not (isinstance(left, exp.Column) and _is_no_measure(left, context)):
            continue
        column = _measured(select, measure, context)
        if column is None:
            continue
        wanted = type(comparison)(this=column, expression=right.copy())
        if counted:
            _filter_rows(select, comparison, wanted)
            _show_names(select, context)
        else:
            comparison.replace(wanted)


def _having(select: exp.Select) -> list[exp.Expr]:
    having = select.args.get("having")
    if having is None:
        return []
    return list(having.this.flatten()) if isinstance(having.this, exp.And) else [having.this]


def _filter_rows(select: exp.Select, counted: exp.Expr, wanted: exp.Expr) -> None:
    """Turn a condition on groups into one on rows; groups that nothing else needs go with it."""
    kept = [each for each in _having(select) if each is not counted]
    select.set("having", exp.Having(this=exp.and_(*kept, copy=False)) if kept else None)
    aggregates = [*select.expressions, select.args.get("having"), select.args.get("order")]
    if not any(part is not None and part.find(exp.AggFunc) for part in aggregates):
        select.set("group", None)
    select.where(wanted, copy=False)


def _show_names(select: exp.Select, context: RepairContext) -> None:
    """Show what people know the rows by beside their number, which the groups were made of."""
    shown = select.expressions[0]
    found = declared_column(shown, context.schema) if isinstance(shown, exp.Column) else None
    if found is None or len(select.expressions) > 1 or not (found[1].primary_key and found[1].is_numeric):
        return
    table, key = found
    texts = [column.name for column in table.columns if column.profile.is_unique and not column.holds_numbers]
    names = [name for name in row_names(table) if name != key.name] or texts
    if len(names) <= 2 and (names != texts or len(texts) == 1):
        for name in names:
            select.append("expressions", exp.column(identifier(name, context.dialect), shown.args.get("table")))


def _is_no_measure(column: exp.Column, context: RepairContext) -> bool:
    found = declared_column(column, context.schema)
    return found is not None and (is_key(*found) or not found[1].holds_numbers)


def _measured(select: exp.Select, measure: _Measure, context: RepairContext) -> exp.Column | None:
    """The only column of the query's tables, those that the question names first, that a number can measure."""
    sources = list(select_tables(select))
    tables = [(source, table) for source in sources if (table := context.schema.table(source.name)) is not None]
    named = [each for each in tables if says_noun(each[1], context)] or tables
    if not measure.is_unit and any(_says(context.schema.words(table), measure) for table in context.schema.tables):
        return None  # "more than 2 stops" counts the rows of stops
    for fits in (_is_called, _is_in_unit, _is_of_dimension):
        found = [
            (source, column)
            for source, table in named
            for column in table.columns
            if column.holds_numbers and not is_key(table, column) and fits(column, measure)
        ]
        if found:
            source, column = found[0]
            names = (column.name, source.alias_or_name) if len(sources) > 1 or source.alias else (column.name,)
            only = len(found) == 1
            return exp.column(*(identifier(name, context.dialect) for name in names)) if only else None
    return None


def _says(name: str, measure: _Measure) -> bool:
    return measure.word.stem in {stem(singular(word)) for word in name.split()[-1:]}


def _is_called(column: Column, measure: _Measure) -> bool:
    words = {stem(singular(word)) for word in identifier_words(column.name).split()}
    return measure.word.stem in words or measure.word.folded in identifier_words(column.name).split()


def _is_in_unit(column: Column, measure: _Measure) -> bool:
    stored = unit_of_column(column)
    return measure.is_unit and bool(stored) and factor(stored, measure.word.folded) is not None


def _is_of_dimension(column: Column, measure: _Measure) -> bool:
    """Whether a column that says no unit is called after what the unit measures: mileage, of km."""
    if not measure.is_unit or unit_of_column(column):
        return False
    words = set(identifier_words(column.name).split())
    return any(words & names and factor(unit, measure.word.folded) is not None for unit, names in _dimensions().items())


@cache
def _dimensions() -> dict[str, frozenset[str]]:
    read = yaml_beside(__file__, "said_measures.yaml")["dimensions"]
    return {unit: frozenset(words.split()) for unit, words in read.items()}
