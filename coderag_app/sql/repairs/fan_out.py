"""Aggregate each row once: a join to several rows must not multiply what is summed or counted.

The total of the invoices with a certain service is a sum over invoices, yet a join to their lines repeats an invoice
for each line. Where the lines only filter, the condition becomes EXISTS; where they are grouped by too, each invoice
counts once in each group. Counts follow the noun of the question: "how many clients" counts clients, joined or not.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.name_words import content_words, singular
from coderag_app.schema.tables import Table, identifier
from coderag_app.sql.join_tree import JoinTree, join_trees
from coderag_app.sql.repairs.conditions import conditions, uses_positions
from coderag_app.sql.repairs.context import RepairContext

_IMMUNE = (exp.Min, exp.Max)
_COUNTS = (("how", "many"), ("number", "of"), ("count", "of"), ("count",))
_BEFORE_NUMBER = frozenset(
    "a and any average by count exact find get give greatest highest in is largest least list lowest maximum minimum "
    "most or same show smallest the their total what whose with".split()
)
_ONCE = "counted_once"


def aggregate_once(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Rewrite sums, averages and counts whose rows a join multiplies.

    Args:
        tree: A query; it is changed.
        context: Its schema, and the question, whose noun says what is counted.
    """
    for joined in join_trees(tree, context.schema):
        aggregated = aggregated_source(joined, context)
        branches = joined.multiplied(aggregated) if aggregated is not None else []
        if aggregated is None or not branches:
            continue
        if _only_counts_rows(joined):
            _count_keys(joined, aggregated, context)
        elif joined.plain and all(_only_filters(joined, behind) for _, _, behind in branches):
            _filter_by_exists(joined, aggregated, context)
        elif joined.plain:
            _group_distinct_rows(joined, aggregated, context)
    return tree


def multiplied_aggregates(joined: JoinTree, context: RepairContext) -> Iterator[str]:
    """What a join still multiplies, in a few words for the user."""
    for source in sorted(_aggregated_sources(joined, context) - {None}, key=str):
        branches = joined.multiplied(str(source))
        if branches:
            many = ", ".join(joined.tables[first].name for _, first, _ in branches)
            yield f"rows of {joined.tables[str(source)].name} may count several times: they are joined to {many}"


def aggregated_source(joined: JoinTree, context: RepairContext) -> str | None:
    """The source whose rows all aggregates of the SELECT are over; None where they differ or none can be told."""
    found = _aggregated_sources(joined, context)
    return found.pop() if len(found) == 1 else None


def _aggregated_sources(joined: JoinTree, context: RepairContext) -> set[str | None]:
    """The sources whose rows aggregates are over, None for an aggregate where none can be told."""
    return {
        _source_of(aggregate, joined, context)
        for aggregate in _aggregates(joined.select)
        if not isinstance(aggregate, _IMMUNE) and not isinstance(aggregate.this, exp.Distinct)
    }


def _aggregates(select: exp.Select) -> Iterator[exp.AggFunc]:
    """The aggregates of the SELECT itself, without those of nested queries and of windows."""
    for node in select.find_all(exp.AggFunc):
        window = isinstance(node.parent, exp.Window)
        if not window and node.find_ancestor(exp.Select) is select:
            yield node


def _source_of(aggregate: exp.AggFunc, joined: JoinTree, context: RepairContext) -> str | None:
    """The source whose rows an aggregate adds up: of several, the one that has the others' rows beside its own."""
    if isinstance(aggregate, exp.Count):
        counted = _counted_source(joined, context)
        return None if counted is None or _is_grouped_by_key(joined, counted) else counted
    columns = list(aggregate.find_all(exp.Column))
    sources = {joined.source_of(column) for column in columns}
    if not sources or None in sources:
        return None
    for source in sources:
        many = {name for _, _, behind in joined.multiplied(source or "") for name in behind}
        if source is not None and not (sources & many):
            return source
    return None


def _counted_source(joined: JoinTree, context: RepairContext) -> str | None:
    """The source whose noun the question counts: "how many clients"."""
    words = [word.folded for word in context.question.words]
    for start in range(len(words)):
        phrase = next((each for each in _COUNTS if tuple(words[start : start + len(each)]) == each), ())
        if not phrase or (phrase[0] != "how" and start and words[start - 1] not in _BEFORE_NUMBER):
            continue  # "the phone number of clients" counts nothing
        after = words[start + len(phrase) :][:5]
        found = [name for name, table in joined.tables.items() if _begins_with(after, table, context)]
        if len(found) == 1:
            return found[0]
    return None


def _begins_with(words: list[str], table: Table, context: RepairContext) -> bool:
    """Whether the words say a table's noun, after one adjective or "different" at most."""
    noun = list(content_words(context.schema.words(table)))
    singulars = list(map(singular, words))
    for start in range(2):
        end = start + len(noun)
        if noun and singulars[start:end] == noun:
            modifies = words[end - 1] == singulars[end - 1] and words[end : end + 1] != singulars[end : end + 1]
            return not modifies  # "how many movie reviews" counts no movies
    return False


def _only_counts_rows(joined: JoinTree) -> bool:
    """Whether each aggregate that a join can multiply is a COUNT."""
    found = [each for each in _aggregates(joined.select) if not isinstance(each, _IMMUNE)]
    return all(isinstance(each, exp.Count) for each in found)


def _count_keys(joined: JoinTree, source: str, context: RepairContext) -> None:
    """Count a table's keys, each once, in place of the join's rows."""
    key = _key(joined.tables[source])
    if key is None:
        return
    for count in _aggregates(joined.select):
        counts_rows = isinstance(count.this, exp.Star) or _is_key_of(count.this, joined, source, key)
        if isinstance(count, exp.Count) and counts_rows:
            column = _column(joined, source, key, context)
            count.replace(exp.Count(this=exp.Distinct(expressions=[column]), big_int=True))


def _is_key_of(node: exp.Expr, joined: JoinTree, source: str, key: str) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == key.lower() and joined.source_of(node) == source


def _is_grouped_by_key(joined: JoinTree, source: str) -> bool:
    """Whether each group holds one row of a source, so that something else is counted."""
    group, key = joined.select.args.get("group"), _key(joined.tables[source])
    return key is not None and group is not None and any(_is_key_of(e, joined, source, key) for e in group.expressions)


def _key(table: Table) -> str | None:
    keys = [column.name for column in table.columns if column.primary_key]
    return keys[0] if len(keys) == 1 else None


def _column(joined: JoinTree, source: str, name: str, context: RepairContext) -> exp.Column:
    dialect = context.dialect
    return exp.column(identifier(name, dialect), identifier(joined.names[source], dialect))


def _only_filters(joined: JoinTree, behind: frozenset[str]) -> bool:
    """Whether the sources are read by the WHERE clause and their own joins alone."""
    select = joined.select
    if any(isinstance(item, exp.Star) for item in select.expressions):
        return False
    others = [*select.expressions, *(select.args.get(name) for name in ("group", "having", "order", "qualify"))]
    return not any(joined.sources(node) & behind for node in others if node is not None)


def _filter_by_exists(joined: JoinTree, source: str, context: RepairContext) -> None:
    """Move what multiplies the source's rows into one EXISTS after the other."""
    found: JoinTree | None = joined
    while found is not None and (branches := found.multiplied(source)):
        _, first, behind = branches[0]
        _to_exists(found, first, behind)
        found = JoinTree.of_select(found.select, context.schema)


def _to_exists(joined: JoinTree, first: str, behind: frozenset[str]) -> None:
    """Move sources, with the conditions that read them, into an EXISTS."""
    select = joined.select
    start, joins = select.args["from_"], select.args["joins"]
    relations = {each.this.alias_or_name.lower(): each.this for each in (start, *joins)}
    on: dict[str, list[exp.Expr]] = {name: [] for name in relations}
    moved: list[exp.Expr] = []
    kept = [name for name in relations if name not in behind]
    for a, c, b, d in joined.pairs:
        equality = _equality(joined, a, c, b, d)
        if {a, b} & behind and not {a, b} <= behind:
            moved.append(equality)
        else:
            on[_later(relations, kept if a not in behind else _ordered(joined, first, behind), a, b)].append(equality)
    inner_order = _ordered(joined, first, behind)
    where = conditions(select)
    inside = [each for each in where if joined.sources(each) & behind]
    outside = [each for each in where if not joined.sources(each) & behind]
    inner = _selected(relations, on, inner_order).select(exp.Literal.number(1), copy=False)
    inner.set("where", exp.Where(this=exp.and_(*(each.copy() for each in (*moved, *inside)), copy=False)))
    rest = _selected(relations, on, kept)
    select.set("from_", rest.args["from_"])
    select.set("joins", rest.args.get("joins") or [])
    exists = exp.Exists(this=inner)
    select.set("where", exp.Where(this=exp.and_(*(each.copy() for each in outside), exists, copy=False)))


def _ordered(joined: JoinTree, first: str, sources: frozenset[str]) -> list[str]:
    """Sources in an order in which each is compared with one before it."""
    order = [first]
    for name in order:
        order += [other for other in joined.neighbours(name) if other in sources and other not in order]
    return order


def _later(relations: dict[str, exp.Table], order: list[str], first: str, second: str) -> str:
    return max(first, second, key=order.index)


def _selected(relations: dict[str, exp.Table], on: dict[str, list[exp.Expr]], order: list[str]) -> exp.Select:
    """A SELECT of nothing yet from sources, each joined by its conditions."""
    built = exp.select().from_(relations[order[0]].copy())
    for name in order[1:]:
        built = built.join(relations[name].copy(), on=exp.and_(*on[name], copy=False), copy=False)
    return built


def _equality(joined: JoinTree, a: str, c: str, b: str, d: str) -> exp.EQ:
    """The comparison of a pair, as the query spells it."""
    for join in joined.select.args["joins"]:
        for equality in join.args["on"].find_all(exp.EQ):
            sides = [(joined.source_of(each), each.name.lower()) for each in (equality.left, equality.right)]
            if sides == [(a, c), (b, d)]:
                copied: exp.EQ = equality.copy()
                return copied
    raise LookupError(f"no comparison of {a}.{c} and {b}.{d}")


def _group_distinct_rows(joined: JoinTree, source: str, context: RepairContext) -> None:
    """Aggregate distinct rows of the source and the groups, where the groups are of the rows that multiply it."""
    select, key = joined.select, _key(joined.tables[source])
    group = select.args.get("group")
    groups = list(group.expressions) if group is not None else []
    aggregates = list(_aggregates(select))
    if key is None or not groups or uses_positions(select) or select.args.get("having") is not None:
        return
    if any(isinstance(each, exp.Count) or isinstance(each.this, exp.Distinct) for each in aggregates):
        return
    names: dict[str, str] = {}
    for number, node in enumerate([*groups, *(each.this for each in aggregates)]):
        plain = node.name if isinstance(node, exp.Column) else f"value_{number}"
        names.setdefault(node.sql(), plain if plain not in names.values() else f"{plain}_{number}")
    shown = [node for node in (*select.expressions, select.args.get("order")) if node is not None]
    if any(not _is_made_of(node, names) for node in shown):
        return
    dialect = context.dialect
    items: list[exp.Expr] = [_column(joined, source, key, context).as_(identifier("row_key", dialect))]
    for text, name in names.items():
        node = next(each for each in (*groups, *(a.this for a in aggregates)) if each.sql() == text)
        items.append(node.copy().as_(identifier(name, dialect)))
    inner = exp.Select(
        expressions=items,
        distinct=exp.Distinct(),
        from_=select.args["from_"].copy(),
        joins=[join.copy() for join in select.args["joins"]],
        where=select.args["where"].copy() if select.args.get("where") is not None else None,
    )
    for node in (*shown, group):
        _renamed(node, names, dialect)
    source_table = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(_ONCE)))
    select.set("from_", exp.From(this=source_table))
    select.set("joins", [])
    select.set("where", None)


def _is_made_of(node: exp.Expr, names: dict[str, str]) -> bool:
    """Whether each column of an expression lies in one of the named expressions."""
    for column in node.find_all(exp.Column):
        each: exp.Expr | None = column
        while each is not None and each is not node.parent and each.sql() not in names:
            each = each.parent
        if each is None or each is node.parent:
            return False
    return True


def _renamed(node: exp.Expr | None, names: dict[str, str], dialect: str) -> None:
    """Replace the named expressions by the columns of the derived table."""
    if node is None:
        return
    for each in list(node.find_all(exp.Expression)):
        name = names.get(each.sql()) if isinstance(each, exp.Expression) else None
        if name is not None and each.parent is not None and each.find_ancestor(exp.Select) is not None:
            each.replace(exp.column(identifier(name, dialect), identifier(_ONCE, dialect)))
