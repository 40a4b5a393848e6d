"""Whether a query shows what the question asks to see. Pure.

"What home team scored 23.17?" answered by ``SELECT home_team_score ... WHERE home_team_score = '23.17'`` runs, and
tells what the person knew. "How many songs does it have?" wants a number, "when" a date, "which country" the country.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.question.function_words import interrogatives
from coderag_app.question.periods.date_columns import is_date
from coderag_app.question.read_question import NamedItem, Question
from coderag_app.schema.name_words import identifier_words, singular, stem
from coderag_app.schema.profile import Kind
from coderag_app.schema.row_names import NAME_WORDS, row_names
from coderag_app.schema.tables import Column
from coderag_app.sql.literals import declared_column, outer_selects
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.stray_tables import says_noun


def shows_what_was_said(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """A query that shows only columns which its own conditions hold at one value; "is there a ..." may ask for that."""
    first = next((word.folded for word in context.question.words), "")
    if first in _words()["whether"]:
        return
    for select in outer_selects(tree):
        shown = [expression.unalias() for expression in select.expressions]
        fixed = _fixed_columns(select)
        if shown and fixed and all(_name_of(expression) in fixed for expression in shown):
            names = dict.fromkeys(name for _, name in map(_name_of, shown))
            yield f"It shows only what the question says: {', '.join(names)}"
            return


def shows_another_kind(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """A query that shows no number for "how many", no time for "when", or not the column that "which" asks for."""
    selects = list(outer_selects(tree))
    words = [word.folded for word in context.question.words]
    if not selects or not words:
        return
    shown = [expression.unalias() for expression in selects[0].expressions]
    if any(expression.is_star for expression in shown):
        return
    columns = [_declared(expression, context) for expression in shown]
    if words[:2] == ["how", "many"] and not any(map(_is_number, columns)):
        yield "The question asks how many, and the query shows no number"
    elif words[0] == "when" and not interrogatives() & set(words[1:]) and not any(map(_is_time, columns)):
        yield "The question asks when, and the query shows no date"
    else:
        yield from _asked_column(context, selects[0], shown)
        yield from _numbers_for_names(context, shown)


def _asked_column(context: RepairContext, select: exp.Select, shown: list[exp.Expr]) -> Iterator[str]:
    """The column that a question asks for first, where the query reads its table and shows another."""
    asked = _directly_asked(context.question)
    if not asked or any(expression.find(exp.AggFunc, exp.Window) for expression in shown):
        return
    tables = {table.name.lower() for table in select.find_all(exp.Table)}
    items = [item for item in asked if item.table.lower() in tables]
    if items and all(not item.column for item in items):
        yield from _unspoken_column(context, items[0].table, shown)
    if not items or any(item.column.lower() in ("", *_words()["generic"]) for item in items):
        return  # by a name, any column may be meant
    names = {column.name.lower() for expression in shown for column in expression.find_all(exp.Column)}
    if not names & {item.column.lower() for item in items}:
        yield f"The question asks for {items[0].column}, which the query does not show"


def _numbers_for_names(context: RepairContext, shown: list[exp.Expr]) -> Iterator[str]:
    """Numbers that only refer to rows of another table, where the question asks for these by their noun."""
    if _words()["numbers"] & {word.folded for word in context.question.words}:
        return
    found = [declared_column(each, context.schema) for each in shown if isinstance(each, exp.Column)]
    tables = {table.name for table, _ in filter(None, found)}
    for table, column in filter(None, found):
        keys = [key for key in table.foreign_keys if key.columns == (column.name,)]
        target = context.schema.table(keys[0].ref_table) if keys and column.is_numeric else None
        if target is None or target.name in tables - {table.name}:
            continue
        if row_names(target) and row_names(target) != keys[0].ref_columns and says_noun(target, context):
            yield f"It shows {table.name}.{column.name}, a number for a row of {target.name}"


def _unspoken_column(context: RepairContext, asked: str, shown: list[exp.Expr]) -> Iterator[str]:
    """The one column shown for the rows of a table, where it neither names them nor is spoken of."""
    found = declared_column(shown[0], context.schema) if len(shown) == 1 and isinstance(shown[0], exp.Column) else None
    if found is None or found[0].name != asked:
        return
    table, column = found
    words = set(identifier_words(column.name).split())
    said = {word.stem for word in context.question.words}
    spoken = any(stem(singular(word)) in said for word in words)
    names = column.name in row_names(table) or bool(words & NAME_WORDS)
    if not (spoken or column.primary_key or names):
        yield f"The question asks for {table.name}, and the query shows their {column.name}"


def _directly_asked(question: Question) -> list[NamedItem]:
    """What is named first behind "which", "what is the" or "list all" at the beginning of a question."""
    words = list(question.words)
    if not words:
        return []
    if words[0].text.isdigit() or words[0].folded == "top":  # "top 5 oldest ships": what is named within four words
        starts = {item.start for item in question.names}
        start = next((word.start for word in words[1:5] if word.start in starts), -1)
    elif words[0].folded in _words()["openings"]:
        start = next((word.start for word in words[1:] if word.folded not in _words()["skipped"]), -1)
    else:
        return []
    items = [item for item in question.names if item.start == start]
    longest = max((item.end for item in items), default=0)
    return [item for item in items if item.end == longest]


@cache
def _words() -> dict[str, frozenset[str]]:
    return {kind: frozenset(words.split()) for kind, words in yaml_beside(__file__, "shown.yaml").items()}


def _fixed_columns(select: exp.Select) -> set[tuple[str, str]]:
    """The columns that the conditions of a SELECT hold at one literal, each with its qualifier, in lowercase."""
    return {
        _name_of(condition.this)
        for condition in (each.unnest() for each in conditions(select))
        if isinstance(condition, exp.EQ)
        and isinstance(condition.this, exp.Column)
        and isinstance(condition.expression, exp.Literal)
    }


def _name_of(expression: exp.Expr) -> tuple[str, str]:
    inner = expression.unnest()
    return (inner.table.lower(), inner.name.lower()) if isinstance(inner, exp.Column) else ("", "")


def _declared(expression: exp.Expr, context: RepairContext) -> Column | None:
    """The schema's column that an expression shows; None for anything else."""
    inner = expression.unnest()
    found = declared_column(inner, context.schema) if isinstance(inner, exp.Column) else None
    return found[1] if found is not None else None


def _is_number(column: Column | None) -> bool:
    return column is None or column.profile.kind is not Kind.TEXT and (column.holds_numbers or not _is_text(column))


def _is_text(column: Column) -> bool:
    return any(word in column.type.upper() for word in ("CHAR", "TEXT", "CLOB", "STRING"))


def _is_time(column: Column | None) -> bool:
    if column is None or is_date(column) or column.profile.kind is Kind.CLOCK or "YEAR" in column.type.upper():
        return True
    return bool(_words()["times"] & set(identifier_words(column.name).split()))
