"""Whether a query is about the things that a question asks for. Pure.

"How many passengers flew?" answered by counting airlines, "total sales" by counting orders, and "albums by Iron Maiden"
by the albums of that title, run, and answer another question.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.row_names import row_names
from coderag_app.schema.tables import Table
from coderag_app.sql.checks.coverage import (
    content_words_of,
    says_a_name,
    similarity,
    used_places,
    words_of_name,
)
from coderag_app.sql.literals import declared_column, outer_selects
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.stray_tables import says_noun

_AS_GOOD_AS_SAID = 0.7


def asked_things(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Counts of other things than those asked for, counts for totals, and names compared with who made a thing.

    Args:
        tree: The query, after its repairs.
        context: With the question; of none nothing is said.
    """
    if context.question.words:
        yield from _counts_others(tree, context)
        yield from _counts_for_totals(tree, context)
        yield from _made_by(tree, context)


def _counts_others(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Rows are counted, and nothing that the query names is called like what "how many" stands before."""
    words = context.question.words
    if [word.folded for word in words[:2]] != ["how", "many"]:
        return
    counted = [select for select in outer_selects(tree) if select.find(exp.Count)]
    content = content_words_of(context.question)[:2]
    if not counted or not content or content[0] is not words[2]:
        return
    names = {part for place in used_places(tree) for name in place for part in words_of_name(name)}
    names |= {part for literal in tree.find_all(exp.Literal) for part in literal.name.casefold().split()}
    if any(says_a_name(word, names) for word in content):
        return
    if similarity(content[0].folded, sorted(names)) < _AS_GOOD_AS_SAID:
        tables = " and ".join(sorted({table.name for table in counted[0].find_all(exp.Table)}))
        yield f"It counts rows of {tables}, and nothing says that they are {content[0].text}"


def _counts_for_totals(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """A count for "total sales" where nothing is added up."""
    words = [word.folded for word in context.question.words]
    if "total" not in words or {"number", "count", "many", "numbers", "counts"} & set(words):
        return
    for select in outer_selects(tree):
        if select.find(exp.Count) and not select.find(exp.Sum):
            yield "The question asks for a total, and the query counts rows"
            return


def _made_by(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """The name of a thing is compared with what "by" stands before, and another table has a row of that name."""
    text = context.question.text.casefold()
    for select in tree.find_all(exp.Select):
        for condition in conditions(select):
            if not isinstance(condition, exp.EQ) or not isinstance(condition.expression, exp.Literal):
                continue
            said = condition.expression.name
            if not said or f" by {said.casefold()}" not in text.replace("'", "").replace('"', ""):
                continue
            found = declared_column(condition.this, context.schema) if isinstance(condition.this, exp.Column) else None
            if found is None or found[1].name not in row_names(found[0]) or not says_noun(found[0], context):
                continue
            others = (table for table in context.schema.tables if table is not found[0])
            other = next((table for table in others if _names(table, said, context)), None)
            if other is not None:
                yield f"'{said}' is the name of a row of {other.name}, too"


def _names(table: Table, text: str, context: RepairContext) -> bool:
    return any(
        context.values.stored_form(table.name.lower(), name.lower(), text) is not None for name in row_names(table)
    )
