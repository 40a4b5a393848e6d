"""Doubtful joins of a query: columns that no key connects, rows that are counted several times. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.profile import ColumnProfile
from coderag_app.schema.tables import Table
from coderag_app.sql.checks.coverage import SIMILAR, content_words_of, relatives, similarity, words_of_name
from coderag_app.sql.join_tree import JoinTree, join_trees, key_pairs
from coderag_app.sql.literals import declared_column
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.fan_out import multiplied_aggregates
from coderag_app.sql.repairs.stray_tables import joins_no_key, says_noun

_ENOUGH_ROWS = 1_000  # that have no value twice, of a table too large to be looked at as a whole


def doubtful_joins(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each join on columns that are no key, and each aggregate whose rows a join repeats.

    Args:
        tree: The query, after its repairs.
        context: The schema, and the question, whose noun says what is counted.
    """
    for joined in join_trees(tree, context.schema):
        for a, c, b, d in joined.pairs:
            if not (c == d and _share_a_key(joined, a, b)):
                yield from _no_key(joined.tables[a], c, joined.tables[b], d, context)
        yield from _half_keys(joined)
        yield from _joined_for_nothing(joined, context)
        yield from multiplied_aggregates(joined, context)
    for first, c, second, d in _compared_with_subqueries(tree, context):
        yield from _no_key(first, c, second, d, context)


def _no_key(first: Table, c: str, second: Table, d: str, context: RepairContext) -> Iterator[str]:
    """A join of two tables' own keys, or of columns called differently, where no key says that they belong together.

    So are columns called alike that are keys in neither table, unless the question speaks of both.
    """
    if (c, d) in key_pairs(first, second) or first is second:
        return
    columns = (first.column(c), second.column(d))
    both_keys = all(column is not None and column.primary_key for column in columns)
    # two tables' own keys called alike, such as two "id" of rows that have nothing in common
    both_unique = all(column is not None and _repeats_nothing(column.profile) for column in columns)
    unasked = joins_no_key(first, c, second, d, context.schema) and not (
        says_noun(first, context) and says_noun(second, context)
    )
    if both_keys or both_unique or c != d or (context.question.words and unasked):
        yield f"{first.name}.{c} and {second.name}.{d} are joined, and no key says that they belong together"


def _repeats_nothing(profile: ColumnProfile) -> bool:
    """Whether each value is unique in the rows that were looked at."""
    return profile.is_unique or profile.distinct == profile.rows - profile.nulls >= _ENOUGH_ROWS


def _share_a_key(joined: JoinTree, a: str, b: str) -> bool:
    """Whether two sources are joined by all columns of a key that has several."""
    between = [pair for pair in joined.pairs if {pair[0], pair[2]} == {a, b}]
    return len(between) > 1 and (joined.is_one(a, b) or joined.is_one(b, a))


def _half_keys(joined: JoinTree) -> Iterator[str]:
    """Two tables that share the columns of a key and are joined by a part of it, so that rows of both repeat."""
    for a, b in dict.fromkeys((a, b) for a, _, b, _ in joined.pairs):
        if joined.is_one(a, b) or joined.is_one(b, a):
            continue
        first, second = joined.tables[a], joined.tables[b]
        by = {c for start, c, end, _ in joined.pairs if (start, end) == (a, b)}
        keys = {column.name.lower() for table in (first, second) for column in table.columns if column.primary_key}
        left = sorted(name for name in keys - by if first.column(name) and second.column(name))
        if first is not second and by <= keys and left:
            yield f"{first.name} and {second.name} are joined by {', '.join(sorted(by))} without {', '.join(left)}"


def _joined_for_nothing(joined: JoinTree, context: RepairContext) -> Iterator[str]:
    """A table at the end of a join that the question doesn't speak of and the query reads nothing of."""
    on = {id(column) for join in joined.select.args.get("joins") or () for column in join.find_all(exp.Column)}
    read = {joined.source_of(each) for each in joined.select.find_all(exp.Column) if id(each) not in on}
    content = [word.folded for word in content_words_of(context.question)]
    if not content or None in read or any(item.is_star for item in joined.select.expressions):
        return
    for source, table in joined.tables.items():
        if source in read or len(joined.neighbours(source)) > 1 or says_noun(table, context):
            continue
        words = list(words_of_name(table.name))
        if not any(
            similarity(word, words) >= SIMILAR or any(relatives(word, name) for name in words) for word in content
        ):
            yield f"{table.name} is joined, and nothing in the question speaks of it"


def _compared_with_subqueries(tree: exp.Expr, context: RepairContext) -> Iterator[tuple[Table, str, Table, str]]:
    """The columns of two tables that EXISTS or IN compares, as a join does."""
    compared = [(node.this, _only_shown(node.args.get("query"))) for node in tree.find_all(exp.In)]
    for exists in tree.find_all(exp.Exists):
        inner = exists.this.unnest() if isinstance(exists.this, exp.Expr) else None
        equal = (
            [each for each in conditions(inner) if isinstance(each, exp.EQ)] if isinstance(inner, exp.Select) else []
        )
        compared += [(each.this, each.expression) for each in equal]
    for one, other in compared:
        if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
            continue
        first, second = declared_column(one, context.schema), declared_column(other, context.schema)
        if first is not None and second is not None:
            yield first[0], first[1].name.lower(), second[0], second[1].name.lower()


def _only_shown(query: exp.Expr | None) -> exp.Expr | None:
    select = query.unnest() if query is not None else None
    shown = select.expressions if isinstance(select, exp.Select) else []
    return shown[0] if len(shown) == 1 else None
