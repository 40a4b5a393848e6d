"""Changes to the syntax tree of a query: conditions, groups, order, limit, columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.chat.follow_ups.scope import Place, QueryScope, Step
from coderag_app.errors import CodeRAGError
from coderag_app.schema.tables import Schema, needs_quotes
from coderag_app.sql.literals import column_places
from coderag_app.sql.parsing import parse_one

Condition = Callable[[exp.Expr], exp.Expr]


class CannotEditError(CodeRAGError):
    """A follow-up cannot be answered by changing the query."""


class QueryEdit:
    """A query that is being changed. ``root`` is its outermost SELECT; other queries are wrapped into one.

    Args:
        sql: SQL that the guard has accepted.
        schema: The database's schema.

    Raises:
        CannotEditError: The SQL cannot be read.
    """

    def __init__(self, sql: str, schema: Schema) -> None:
        self.schema = schema
        self.dialect = schema.dialect
        try:
            tree = parse_one(sql, dialect=self.dialect)
        except (SqlglotError, RecursionError) as error:
            raise CannotEditError(f"The query cannot be read: {str(error).splitlines()[0]}") from error
        while isinstance(tree, exp.Subquery):
            tree = tree.this
        if isinstance(tree, exp.SetOperation):
            tree = self._wrapped(tree)
        if not isinstance(tree, exp.Select) or not tree.expressions:
            raise CannotEditError("The SQL is no SELECT with columns.")
        self.root: exp.Select = tree

    @property
    def sql(self) -> str:
        """The changed query."""
        return self.root.sql(dialect=self.dialect)

    @property
    def scope(self) -> QueryScope:
        """What the outermost SELECT can use now."""
        return QueryScope(self.root, self.schema)

    @property
    def aggregates(self) -> list[exp.Expr]:
        """The outputs that hold an aggregate."""
        return [output for output in self.root.expressions if has_aggregate(output)]

    @property
    def is_grouped(self) -> bool:
        """Whether rows are put together: by GROUP BY or by an aggregate."""
        return self.root.args.get("group") is not None or bool(self.aggregates)

    def wrap(self) -> None:
        """Make the query so far a table of a new SELECT."""
        self.root = self._wrapped(self.root)

    def column(self, place: Place) -> exp.Column:
        """The column at a place, after the joins to it have been made. Only joins that meet each row once are made."""
        if place.multiplies:
            raise CannotEditError(f"Joining {place.table.name} would repeat rows.")
        alias = place.source
        for step in place.path:
            alias = self._joined(alias, step)
        qualified = len(list(self.relations())) > 1
        return self.named(place.column.name, alias if qualified else "")

    def add_condition(self, place: Place, condition: Condition) -> None:
        """Keep only rows that meet a condition on a column; joins that could repeat rows become nested queries."""
        made = self.condition_on(place, condition) if place.multiplies else condition(self.column(place))
        self.root.where(made, append=True, copy=False)

    def condition_on(self, place: Place, condition: Condition) -> exp.Expr:
        """A condition on a column without any further join: ``key IN (SELECT ...)`` along a path."""
        several = len(list(self.relations())) > 1
        source = place.source if several else ""
        made = condition(self.named(place.column.name, "" if place.path else source))
        for number in range(len(place.path) - 1, -1, -1):
            step = place.path[number]
            inner = exp.select(self.named(step.ref_column)).from_(exp.Table(this=self._identifier(step.table.name)))
            made = exp.In(this=self.named(step.column, "" if number else source), query=inner.where(made).subquery())
        return made

    def replace_conditions(self, table: str, column: str, condition: Condition | None) -> bool:
        """Put a condition in the place of those on a column, wherever they stand; None takes them away.

        Returns:
            Whether there was one.
        """
        replaced = False
        for select in list(self.root.find_all(exp.Select)):
            kept: list[exp.Expr] = []
            found = False
            for conjunct in conjuncts(select):
                compared = _only_column(conjunct)
                if compared is None or (table.lower(), column.lower()) not in column_places(compared):
                    kept.append(conjunct)
                    continue
                if condition is not None and not replaced:
                    kept.append(condition(compared.copy()))
                found = replaced = True
            if found:
                set_where(select, kept)
        return replaced

    def named(self, name: str, table: str = "") -> exp.Column:
        """A column, quoted where the dialect needs it."""
        qualifier = self._identifier(table) if table else None
        return exp.Column(this=self._identifier(name), table=qualifier)

    def ordered(self, expression: exp.Expr, descending: bool) -> exp.Ordered:
        """A sort key as the dialect writes it, without words on where NULL goes."""
        direction = " DESC" if descending else ""
        key = parse_one(f"SELECT 1 ORDER BY x{direction}", dialect=self.dialect).args["order"].expressions[0]
        key.set("this", expression)
        return key

    def _wrapped(self, query: exp.Query) -> exp.Select:
        return exp.select("*").from_(query.subquery("previous_answer"))

    def _identifier(self, name: str) -> exp.Identifier:
        return exp.to_identifier(name, quoted=needs_quotes(name, self.dialect))

    def relations(self) -> Iterator[exp.Expr]:
        """What the outermost SELECT reads: tables and nested queries."""
        start = self.root.args.get("from_")
        if start is not None:
            yield start.this
        yield from (join.this for join in self.root.args.get("joins") or ())

    def _joined(self, alias: str, step: Step) -> str:
        """Join one more table; returns its alias."""
        taken = {relation.alias_or_name.lower() for relation in self.relations()}
        name = step.table.name
        target = name if name.lower() not in taken else f"{name}_{len(taken)}"
        self._qualify_all()
        on = exp.EQ(this=self.named(step.column, alias), expression=self.named(step.ref_column, target))
        table = exp.Table(this=self._identifier(name))
        relation = table if target == name else exp.alias_(table, target, table=True)
        self.root.join(relation, on=on, copy=False)
        return target

    def _qualify_all(self) -> None:
        """Name the table of every bare column before another table joins: its columns may have the same names."""
        scope = self.scope
        if len(scope.sources) != 1 or len(list(self.relations())) != 1:
            return
        alias, table = next(iter(scope.sources.items()))
        outputs = {output.alias.lower() for output in self.root.expressions if isinstance(output, exp.Alias)}
        for column in list(self.root.find_all(exp.Column)):
            inside = column.find_ancestor(exp.Select) is self.root
            known = table.column(column.name) is not None and column.name.lower() not in outputs
            if inside and known and not column.table:
                column.set("table", self._identifier(alias))


def has_aggregate(node: exp.Expr) -> bool:
    """Whether an output holds an aggregate of its own SELECT that is not a window."""
    nearest = (found.find_ancestor(exp.Window, exp.Subquery) for found in node.find_all(exp.AggFunc))
    return any(ancestor is None for ancestor in nearest)


def conjuncts(select: exp.Select) -> list[exp.Expr]:
    """The conditions of a WHERE clause that all must hold."""
    where = select.args.get("where")
    return list(_flat(where.this)) if where is not None else []


def set_where(select: exp.Select, kept: list[exp.Expr]) -> None:
    """Make these conditions the whole WHERE clause."""
    select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def _flat(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.And):
        yield from _flat(node.this)
        yield from _flat(node.expression)
    elif isinstance(node, exp.Paren) and isinstance(node.this, exp.And):
        yield from _flat(node.this)
    else:
        yield node


def _only_column(conjunct: exp.Expr) -> exp.Column | None:
    """The column of a condition that compares one column with literals."""
    columns = list(conjunct.find_all(exp.Column))
    names = {column.sql().lower() for column in columns}
    if len(names) != 1 or conjunct.find(exp.Query) is not None or conjunct.find(exp.Literal) is None:
        return None
    return columns[0]
