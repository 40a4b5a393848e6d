"""Leave out tables that a query joins only to compare a value which a column of the asked table stores itself.

"How many closed jobs are there?" filters on ``jobs.status``, not on the status of an account that has the same owner. A
model that saw both columns often takes the first, and the join repeats or loses rows. What the question names by its
noun or by a column's own word stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from coderag_app.schema.name_words import identifier_words, singular, stem
from coderag_app.schema.tables import Column, Schema, Table, identifier
from coderag_app.sql.join_tree import JoinTree, join_trees, key_pairs
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.type_errors import is_key

_NO_NOUNS = frozenset("info information data detail details list record records table".split())  # border_info, t_list


def leave_stray_tables(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Compare the asked table's own column, and drop the tables that are then joined for nothing.

    Args:
        tree: A query; it is changed.
        context: Its schema and values, and the question, without which the query stays as it is.
    """
    if not context.question.words:
        return tree
    for joined in join_trees(tree, context.schema):
        if joined.plain and not any(item.is_star for item in joined.select.expressions):
            _Strays(joined, context).drop()
    return tree


def noun_of(table: Table, schema: Schema) -> str:
    """The stem of a table's noun: the last word of its name that says something, whatever the module before it."""
    words = [word for word in schema.words(table).split() if not word.isdigit()]
    nouns = [word for word in words if word not in _NO_NOUNS] or words
    return _stem(nouns[-1]) if nouns else ""


def says_noun(table: Table, context: RepairContext) -> bool:
    """Whether the question says the noun of a table."""
    return noun_of(table, context.schema) in {word.stem for word in context.question.words}


def joins_no_key(first: Table, c: str, second: Table, d: str, schema: Schema) -> bool:
    """Whether two columns that are joined are keys in neither table: each value may stand in many rows of both."""
    return (c, d) not in key_pairs(first, second) and not (_is_one(first, c, schema) or _is_one(second, d, schema))


def _is_one(table: Table, name: str, schema: Schema) -> bool:
    column = table.column(name)
    only = [each.name.lower() for each in table.columns if each.primary_key] == [name]
    target = any(
        key.ref_table.lower() == table.name.lower() and [each.lower() for each in key.ref_columns] == [name]
        for other in schema.tables
        for key in other.foreign_keys
    )
    return only or target or (column is not None and column.profile.is_unique)


def _stem(word: str) -> str:
    return stem(singular(word))


class _Strays:
    """The sources of one SELECT that the question does not name."""

    def __init__(self, joined: JoinTree, context: RepairContext) -> None:
        self.joined = joined
        self.context = context
        self.said = {word.stem for word in context.question.words}
        self.named = {source for source, table in joined.tables.items() if says_noun(table, context)}

    def drop(self) -> None:
        """Move the conditions of each stray source to the only named one, and leave it out."""
        asked = [name for name, table in self.joined.tables.items() if name in self.named]
        left = dict(self.joined.tables)
        for source in list(left):
            uses = self._uses(source)
            if len(asked) != 1 or source in self.named or uses is None or not self._is_leaf(source, left):
                continue
            moved = [(condition, self._moved(condition, asked[0])) for condition in uses]
            if not all(column is not None for _, column in moved) or not (moved or self._is_loose(source)):
                continue
            for condition, column in moved:
                condition.set("this", column)
            self._leave_out(source, left)

    def _uses(self, source: str) -> list[exp.Expr] | None:
        """The conditions that alone read a source beside its join; None where something else does, too."""
        select = self.joined.select
        joins = select.args.get("joins") or ()
        own: list[exp.Expr] = [each for each in conditions(select) if isinstance(each, exp.EQ | exp.NEQ)]
        own = [each for each in own if isinstance(each.this, exp.Column) and self.joined.source_of(each.this) == source]
        within = {id(column) for node in (*own, *joins) for column in node.find_all(exp.Column)}
        for column in select.find_all(exp.Column):
            if id(column) not in within and self.joined.source_of(column) in (source, None):
                return None
        return own

    def _is_leaf(self, source: str, left: dict[str, Table]) -> bool:
        return len(left) > 1 and len(set(self.joined.neighbours(source)) & set(left)) == 1

    def _is_loose(self, source: str) -> bool:
        """Whether it is joined by columns that are keys in neither table."""
        tables = self.joined.tables
        return all(
            joins_no_key(tables[a], c, tables[b], d, self.context.schema)
            for a, c, b, d in self.joined.pairs
            if source in (a, b)
        )

    def _moved(self, condition: exp.Expr, asked: str) -> exp.Column | None:
        """The column of the asked source that stores what a stray one is compared with; None unless there is one."""
        literal, table = condition.expression, self.joined.tables[asked]
        if not isinstance(literal, exp.Literal) or not literal.is_string:
            return None
        found = [column for column in table.columns if self._stores(table, column, literal.name)]
        same = [column for column in found if column.name.lower() == condition.this.name.lower()]
        column = next(iter(same or found), None)
        if column is None or (len(found) > 1 and not same) or self._speaks_of(condition.this, column):
            return None
        names = (column.name, self.joined.names[asked])
        return exp.column(*(identifier(name, self.context.dialect) for name in names))

    def _stores(self, table: Table, column: Column, text: str) -> bool:
        values = self.context.values.values_of(table.name, column.name)
        return not is_key(table, column) and text.casefold() in {value.casefold() for value in values}

    def _speaks_of(self, compared: exp.Column, column: Column) -> bool:
        """Whether the question says a word of the compared column that the other one's name has not."""
        other = set(map(_stem, identifier_words(column.name).split()))
        own = set(map(_stem, identifier_words(compared.name).split()))
        return bool((own - other) & self.said)

    def _leave_out(self, source: str, left: dict[str, Table]) -> None:
        """Drop a source, and the unnamed ones that only led to it."""
        neighbours = [name for name in self.joined.neighbours(source) if name in left]
        del left[source]
        leave_out_source(self.joined.select, source)
        for name in neighbours:
            if name not in self.named and self._uses(name) == [] and self._is_leaf(name, left):
                self._leave_out(name, left)


def leave_out_source(select: exp.Select, source: str) -> None:
    """Drop a source that one join connects; where it stands in FROM, the one that it is joined to takes its place."""
    joins = list(select.args.get("joins") or ())
    start = select.args["from_"].this
    if start.alias_or_name.lower() != source:
        select.set("joins", [join for join in joins if join.this.alias_or_name.lower() != source])
        return
    first = next(join for join in joins if source in _qualifiers(join))
    select.set("from_", exp.From(this=first.this.copy()))
    select.set("joins", [join for join in joins if join is not first])


def _qualifiers(join: exp.Join) -> Iterator[str]:
    on = join.args.get("on")
    yield from (column.table.lower() for column in on.find_all(exp.Column)) if on is not None else ()
