"""FROM clauses and joins that a query leaves out, written along the keys of the schema.

``SELECT singer.name, COUNT(concert) WHERE concert.year = 2014 GROUP BY singer.name`` says which rows are wanted; how
the tables hang together is the schema's business. A table counts as read if a column names it, or if it is counted.
Complete SQL comes back unchanged, so that any model's reply may pass here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from coderag_app.schema.joins import JoinGraph, JoinStep
from coderag_app.schema.tables import Schema, Table, identifier


class CannotCompleteError(ValueError):
    """The tables that a query names are joined by no keys; the message names them."""


def complete_joins(tree: exp.Expr, schema: Schema, joins: JoinGraph) -> exp.Expr:
    """Write the FROM clauses and joins that the query leaves out.

    A nested query without FROM reads the tables that it names itself. Inside one with FROM, a table that only the
    query around it reads is that query's row.

    Args:
        tree: A query, which is changed.
        schema: The tables that it may read.
        joins: The schema's keys.

    Returns:
        The query.

    Raises:
        CannotCompleteError: No keys lead from one of the tables to another.
    """
    ctes = frozenset(cte.alias.lower() for cte in tree.find_all(exp.CTE))
    for select in list(tree.find_all(exp.Select)):  # the outer ones first: their tables decide what is correlated
        _SelectCompletion(select, schema, joins, ctes).run()
    return tree


def own_nodes(select: exp.Select) -> Iterator[exp.Expr]:
    """The nodes of a SELECT in the order of the text, without those of queries nested in it."""
    stack: list[exp.Expr] = [select]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query) and node is not select:
            continue
        yield node
        stack.extend(reversed(list(node.iter_expressions())))


def sources_of(select: exp.Select) -> list[exp.Expr]:
    """What stands in the FROM clause and the joins of a SELECT."""
    from_ = select.args.get("from_")
    first = [from_.this] if from_ is not None else []
    return [*first, *(join.this for join in select.args.get("joins") or ())]


class _SelectCompletion:
    """Completes one SELECT."""

    def __init__(self, select: exp.Select, schema: Schema, joins: JoinGraph, ctes: frozenset[str]) -> None:
        self.select = select
        self.schema = schema
        self.joins = joins
        self.ctes = ctes
        self.sources = sources_of(select)
        self.named = {source.alias_or_name.lower() for source in self.sources}

    def run(self) -> None:
        used = list(dict.fromkeys(self._used_tables()))
        if not self.sources:
            if used:
                self._write(used)
            return
        missing = [table for table in used if table not in self.named]
        bare = [source for source in self.sources if isinstance(source, exp.Table) and not source.alias]
        listed = [source.name.lower() for source in bare if self.schema.table(source.name) is not None]
        if self._is_bare_list() and len(listed) == len(self.sources):
            if missing or len(listed) > 1:
                self._write(list(dict.fromkeys((*listed, *missing))))
        else:
            for table in missing:
                self._append(table)

    def _used_tables(self) -> Iterator[str]:
        """Tables in the order in which the query names them, by a column or by counting them."""
        outer = self._outer_names() if self.sources else frozenset()
        aliases = {item.alias.lower() for item in self.select.expressions if isinstance(item, exp.Alias)}
        for column in [node for node in own_nodes(self.select) if isinstance(node, exp.Column)]:
            name = column.table.lower()
            if name:
                if name not in outer and name not in self.ctes and self.schema.table(name) is not None:
                    yield name
                continue
            if (counted := self._counted(column)) is not None:
                yield counted
            elif column.name.lower() not in aliases and not self.sources:
                yield from self._only_holder(column)

    def _outer_names(self) -> frozenset[str]:
        """The names of the sources of the queries around this one."""
        names: set[str] = set()
        around = self.select.parent_select
        while around is not None:
            names.update(source.alias_or_name.lower() for source in sources_of(around))
            around = around.parent_select
        return frozenset(names)

    def _counted(self, column: exp.Column) -> str | None:
        """The table in ``COUNT(table)``, which becomes ``COUNT(*)``; with DISTINCT, its key is counted."""
        table = self.schema.table(column.name)
        distinct = isinstance(column.parent, exp.Distinct)
        count = column.parent.parent if distinct and column.parent is not None else column.parent
        if table is None or not isinstance(count, exp.Count) or self._is_column_of_source(column.name):
            return None
        key = next((each.name for each in table.columns if each.primary_key), None)
        if distinct and key is not None:
            column.replace(self._column(table.name.lower(), key.lower()))
        else:
            count.set("this", exp.Star())
        return table.name.lower()

    def _is_column_of_source(self, name: str) -> bool:
        return any(self.schema.column(source.name, name) for source in self.sources if isinstance(source, exp.Table))

    def _only_holder(self, column: exp.Column) -> Iterator[str]:
        """The one table of the schema that has a column written without its table."""
        holders = [table.name.lower() for table in self.schema.tables if table.column(column.name)]
        if len(holders) == 1:
            yield holders[0]

    def _is_bare_list(self) -> bool:
        """Whether the tables are only listed: ``FROM a JOIN b`` without a condition, which sqlglot reads as TRUE.

        It reads ``FROM a, b`` as a cross join, which may be meant.
        """
        joins = self.select.args.get("joins") or ()
        said = ("using", "method", "side", "kind")
        return all(
            join.args.get("on") in (None, exp.true()) and not any(join.args.get(part) for part in said)
            for join in joins
        )

    def _write(self, tables: Sequence[str]) -> None:
        steps = self.joins.connect(tables)
        if steps is None:
            raise CannotCompleteError(f"No keys join the tables {', '.join(tables)}.")
        self.select.set("from_", exp.From(this=self._table(steps[0].table)))
        self.select.set("joins", [self._join(step, {}) for step in steps[1:]] or None)

    def _append(self, table: str) -> None:
        """Join a further table to those that the query joins itself, by the shortest path."""
        joined = {source.name.lower(): source.alias_or_name for source in self.sources if isinstance(source, exp.Table)}
        paths = [path for name in joined if self.schema.table(name) and (path := self.joins.connect([name, table]))]
        if not paths:
            raise CannotCompleteError(f"No keys join the table {table} to {', '.join(joined) or 'the others'}.")
        steps = [step for step in min(paths, key=len)[1:] if step.table not in joined]
        for step in steps:
            self.select.append("joins", self._join(step, joined))
            self.sources.append(self.select.args["joins"][-1].this)
        self.named.update(step.table for step in steps)

    def _join(self, step: JoinStep, names: dict[str, str]) -> exp.Join:
        pairs = (
            exp.EQ(this=self._column(*left, names), expression=self._column(*right, names)) for left, right in step.on
        )
        return exp.Join(this=self._table(step.table), on=exp.and_(*pairs))

    def _table(self, name: str) -> exp.Table:
        return exp.Table(this=identifier(self._found(name).name, self.schema.dialect))

    def _column(self, table: str, column: str, names: dict[str, str] | None = None) -> exp.Column:
        found = self._found(table)
        spelled = found.column(column)
        return exp.Column(
            this=identifier(spelled.name if spelled is not None else column, self.schema.dialect),
            table=identifier((names or {}).get(table, found.name), self.schema.dialect),
        )

    def _found(self, name: str) -> Table:
        table = self.schema.table(name)
        if table is None:
            raise CannotCompleteError(f"The schema has no table {name}.")
        return table
