"""Doubtful joins of a query: columns that no key connects, rows that are counted several times. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.sql.join_tree import JoinTree, join_trees, key_pairs
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.fan_out import multiplied_aggregates
from coderag_app.sql.repairs.stray_tables import joins_no_key, says_noun


def doubtful_joins(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each join on columns that are no key, and each aggregate whose rows a join repeats.

    Args:
        tree: The query, after its repairs.
        context: The schema, and the question, whose noun says what is counted.
    """
    for joined in join_trees(tree, context.schema):
        yield from _no_keys(joined, context)
        yield from multiplied_aggregates(joined, context)


def _no_keys(joined: JoinTree, context: RepairContext) -> Iterator[str]:
    """Joins of two tables' own keys, or of columns called differently, where no key says that they belong together.

    So are columns called alike that are keys in neither table, unless the question speaks of both.
    """
    for a, c, b, d in joined.pairs:
        first, second = joined.tables[a], joined.tables[b]
        if (c, d) in key_pairs(first, second) or first is second:
            continue
        both_keys = all(column is not None and column.primary_key for column in (first.column(c), second.column(d)))
        both_unique = all(
            column is not None and column.profile.is_unique for column in (first.column(c), second.column(d))
        )  # two tables' own keys called alike, such as two "id" of rows that have nothing in common
        unasked = joins_no_key(first, c, second, d, context.schema) and not (
            says_noun(first, context) and says_noun(second, context)
        )
        if both_keys or both_unique or c != d or (context.question.words and unasked):
            yield f"{first.name}.{c} and {second.name}.{d} are joined, and no key says that they belong together"
