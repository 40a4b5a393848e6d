"""What a question asks to be done and a query does not do: groups, a ranking by something that has an order. Pure.

"Average attendance per year" answered by one average, and "the longest songs" ordered by their titles, run, and are
wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.schema.name_words import singular
from coderag_app.schema.profile import Kind
from coderag_app.sql.checks.coverage import operations_of, words_of_name
from coderag_app.sql.literals import declared_column, outer_selects
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.type_errors import is_key
from coderag_app.sql.unit_conversion import asked_unit, factor, unit_of_column

_RANKS = (exp.Max, exp.Min)


def missing_operations(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Groups, an order or a unit that the question asks for and the query does not give.

    Args:
        tree: The query, after its repairs.
        context: With the question; of none nothing is said.
    """
    if context.question.words:
        yield from _missing_groups(tree, context)
        yield from _meaningless_ranks(tree, context)
        yield from _missing_unit(tree, context)


def _missing_groups(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Of "per year" and "monthly" in a query without groups, of "each year" beside a total of all rows."""
    if tree.find(exp.Group, exp.Window, exp.SetOperation, exp.Div) or _counts_inside(tree):
        return
    values = context.question.values
    words = [
        "" if any(value.start <= word.start < value.end for value in values) else word.folded  # Per Munk
        for word in context.question.words
    ]
    totals = any(select.find(exp.AggFunc) for select in outer_selects(tree))
    names = {word for column in tree.find_all(exp.Column) for word in words_of_name(column.name)}
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        groups = (word == "per" and singular(after) not in _words()["rates"]) or word in _words()["regular"]
        each = totals and word in _words()["each"] and before != "than"
        if (groups or each) and not {word, "per", f"per{after}"} & names:
            yield f"The question asks for groups, and the query has none: {word} {after}".rstrip()
            return


def _counts_inside(tree: exp.Expr) -> bool:
    """Whether a query shows what a query of its own counts for each row."""
    return any(item.find(exp.Subquery) for select in outer_selects(tree) for item in select.expressions)


def _meaningless_ranks(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """The highest, longest or latest by a text, or by a key that only names rows."""
    words = context.question.words
    if not any("extreme" in operations_of(word.folded) for word in words):
        return
    if any(word.folded.startswith(tuple(_words()["of_texts"])) for word in words):
        return
    for ranked in _ranked(tree):
        found = declared_column(ranked, context.schema)
        if found is None:
            continue
        table, column = found
        said = {word.folded for word in words} | {word.stem for word in words}
        if is_key(table, column) and column.primary_key and not said & set(words_of_name(column.name)):
            yield f"It ranks by {table.name}.{column.name}, which only names rows"
        elif column.profile.kind is Kind.TEXT and not column.profile.is_converted:
            yield f"It ranks by {table.name}.{column.name}, which holds texts"


def _ranked(tree: exp.Expr) -> Iterator[exp.Column]:
    """The columns that decide what comes first: those of MAX and MIN, and the first of an order that is cut."""
    for node in tree.find_all(*_RANKS):
        if isinstance(node.this, exp.Column):
            yield node.this
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        if order is not None and select.args.get("limit") is not None:
            first = order.expressions[0].this
            if isinstance(first, exp.Column):
                yield first


def _missing_unit(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """A unit that the question asks for, of a number that is shown as its column keeps it."""
    asked = asked_unit(context.question)
    if not asked or tree.find(exp.Mul, exp.Div):
        return
    for select in outer_selects(tree):
        for column in (each for item in select.expressions for each in item.find_all(exp.Column)):
            found = declared_column(column, context.schema)
            if found is None or found[1].profile.kind is not Kind.NUMBER or is_key(*found):
                continue
            stored = unit_of_column(found[1])
            if not stored:
                yield f"Nothing says that {found[0].name}.{found[1].name} is kept in {asked}"
            elif factor(stored, asked) != 1:
                yield f"{found[0].name}.{found[1].name} is kept in {stored}, not in {asked}"


@cache
def _words() -> dict[str, frozenset[str]]:
    return {kind: frozenset(words.split()) for kind, words in yaml_beside(__file__, "missing_operations.yaml").items()}
