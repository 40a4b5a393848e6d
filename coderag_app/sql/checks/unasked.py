"""What a query does that nothing in the question asks for. Pure.

"The notes for 6:31.16" answered by ``WHERE time <> '6:31.16'`` or by an average runs, and is wrong. A negation, a
count, a sum or an average needs a word of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlglot import exp

from coderag_app.files import yaml_beside
from coderag_app.schema.profile import ColumnProfile
from coderag_app.sql.checks.coverage import (
    SIMILAR,
    content_words_of,
    operations_of,
    says_a_name,
    similarity,
    words_of_name,
)
from coderag_app.sql.literals import declared_column, outer_selects
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.self_references import said_relations

_AGGREGATES: dict[str, tuple[str, type[exp.Expr]]] = {
    "count": ("a count", exp.Count),
    "average": ("an average", exp.Avg),
    "total": ("a total", exp.Sum),
}


def unasked_operations(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Negations, ranks, and shown counts, sums and averages, that no word of the question asks for.

    Args:
        tree: The query.
        context: With the question; of none nothing is said.
    """
    words = [word.folded for word in context.question.words]
    if not words:
        return
    negated = next(_negations(tree), None)
    if negated is not None and not _asks("negation", words):
        yield f"Nothing in the question excludes anything: {negated.sql(context.dialect)}"
    yield from _empty_columns(tree, context)
    ranks = tree.find(exp.Rank, exp.DenseRank, exp.RowNumber)
    if ranks is not None and not _asks("rank", words) and not any("extreme" in operations_of(word) for word in words):
        yield "Nothing in the question asks for the first of each group"
    shown = [expression for select in outer_selects(tree) for expression in select.expressions]
    for kind, (name, aggregate) in _AGGREGATES.items():
        found = next((each for expression in shown for each in expression.find_all(aggregate)), None)
        if found is not None and not _asks(kind, words):
            yield f"Nothing in the question asks for {name}: {found.sql(context.dialect)}"


def _empty_columns(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Conditions on whether a column is empty: those that never hold, and those that no word speaks of."""
    for node in tree.find_all(exp.Is):
        if not isinstance(node.this, exp.Column) or not isinstance(node.expression, exp.Null):
            continue
        found = declared_column(node.this, context.schema)
        wanted = not isinstance(node.parent, exp.Not) and not _is_outer_joined(node)
        if wanted and found is not None and _is_never_empty(found[1].profile):
            yield f"{found[0].name}.{found[1].name} is never empty"
        uses = [column for column in tree.find_all(exp.Column) if column.name.lower() == node.this.name.lower()]
        if len(uses) == 1 and not _is_spoken_of(node.this.name, context):
            yield f"Nothing in the question speaks of {node.this.name}, which the query wants empty or filled"


def _is_never_empty(profile: ColumnProfile) -> bool:
    return profile.whole and profile.rows > 0 and not profile.nulls


def _is_outer_joined(node: exp.Expr) -> bool:
    """Whether rows that an outer join fills up may be meant."""
    select = node.find_ancestor(exp.Select)
    return select is not None and any(join.side for join in select.args.get("joins") or ())


def _is_spoken_of(name: str, context: RepairContext) -> bool:
    names = sorted(words_of_name(name))
    if any(column.lower() == name.lower() for *_, column in said_relations(context)):
        return True
    return any(
        says_a_name(word, names) or similarity(word.folded, names) >= SIMILAR
        for word in content_words_of(context.question)
    )


def _negations(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Comparisons that exclude a value which the query spells out."""
    for node in tree.find_all(exp.NEQ, exp.Not):
        if isinstance(node, exp.NEQ):
            spelled_out = isinstance(node.expression, exp.Literal) and bool(node.expression.name)
        else:
            spelled_out = isinstance(node.this, exp.EQ | exp.Like | exp.In) and node.find(exp.Literal) is not None
        if spelled_out:
            yield node


def _asks(kind: str, words: list[str]) -> bool:
    said, beginnings = _words()[kind]
    return any(word in said or word.endswith(("n't", "n’t")) or word.startswith(beginnings) for word in words)


@cache
def _words() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    read = {kind: words.split() for kind, words in yaml_beside(__file__, "unasked.yaml").items()}
    return {
        kind: (frozenset(words), tuple(word.removesuffix("-") for word in words if word.endswith("-")))
        for kind, words in read.items()
    }
