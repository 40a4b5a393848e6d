"""The tables that a query reads, as the compact language says them: by their columns, and else behind ``from``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from coderag_app.llm.compact.encode_expressions import CannotEncodeError, ExpressionEncoder, Scopes
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.schema.joins import JoinStep, again, is_again, real_name

Pair = frozenset[tuple[str, str]]
Sources = dict[str, str]  # table name by alias, in lowercase; the name says where a table is read for the second time
_COUNTED = ["count", "(", "*"]


class SourceEncoder:
    """Writes the FROM clause, or leaves it out.

    Args:
        names: The words of the schema's identifiers.
        expressions: What resolves and writes columns.
    """

    def __init__(self, names: SchemaNames, expressions: ExpressionEncoder) -> None:
        self.names = names
        self.joins = names.joins
        self.expressions = expressions

    def read(self, tree: exp.Select, outer: Scopes) -> Sources:
        """Table name by alias, for the tables of one FROM clause.

        Raises:
            CannotEncodeError: A source that is no table of the schema, or a table read in a way the language lacks.
        """
        sources = self._oriented(tree, self._in_order(tree))
        for table in filter(is_again, sources.values()):
            if any(real_name(table) in around.values() for around in outer):
                raise CannotEncodeError("a table joined to itself inside a query that reads it")
        return sources

    def _in_order(self, tree: exp.Select) -> Sources:
        from_ = tree.args.get("from_")
        if from_ is None:
            raise CannotEncodeError("no FROM")
        sources: Sources = {}
        for source in (from_.this, *(join.this for join in tree.args.get("joins") or ())):
            if not isinstance(source, exp.Table) or source.name.lower() not in self.names.table_ids:
                raise CannotEncodeError("derived or unknown table")
            name = source.name.lower()
            if name in sources.values():
                name = again(name)
            if name in sources.values():
                raise CannotEncodeError("a table read three times")
            sources[source.alias_or_name.lower()] = name
        return sources

    def _oriented(self, tree: exp.Select, sources: Sources) -> Sources:
        """The sources such that the second reading of a table is the one that its keys lead to."""
        swapped = {alias: self._other_reading(table, sources) for alias, table in sources.items()}
        for candidate in (sources, swapped) if swapped != sources else ():
            steps = self.joins.connect(list(candidate.values()))
            if steps and _conditions(steps) == self._conditions_of_joins(tree, candidate):
                return candidate
        return sources

    def _other_reading(self, table: str, sources: Sources) -> str:
        if is_again(table):
            return real_name(table)
        return again(table) if again(table) in sources.values() else table

    def said(self, wanted: set[Pair], sources: Sources, body: str, *, nested: bool) -> str:
        """``from`` and the tables that the columns of the body leave unsaid; the conditions where no keys give them.

        At the top nothing is written where the columns say it all; a nested query always begins with ``from``.
        """
        ordered = list(sources.values())
        spoken = [table for table in self.spoken(body) if table in ordered]
        silent = [table for table in ordered if table not in spoken]
        for tables in (spoken or ordered[:1], ordered) if nested else ([], silent, ordered):
            candidate = [table for table in tables if not is_again(table)]
            steps = self.joins.connect(list(dict.fromkeys((*candidate, *spoken))))
            if steps and {s.table for s in steps} == set(ordered) and _conditions(steps) == wanted:
                return f"from {self._table_list(candidate)}" if candidate else ""
        if len(wanted) < len(ordered) - 1:
            raise CannotEncodeError("join without a condition")
        if any(map(is_again, ordered)):
            raise CannotEncodeError("a table joined to itself by other columns than its key")
        conditions = " and ".join(
            " = ".join(self.expressions.column_text(side) for side in sorted(pair))
            for pair in sorted(map(sorted, wanted))
        )
        return f"from {self._table_list(ordered)} on {conditions}"

    def spoken(self, body: str) -> list[str]:
        """The tables that a query's text says: by their columns, or as what it counts."""
        words = list(_own_words(body))
        found = []
        for place, word in enumerate(words):
            if word in self.names.column_by_id:
                table = self.names.column_by_id[word][0]
                found.append(again(table) if words[max(place - 1, 0)] == "other" else table)
            elif word in self.names.table_by_id and words[max(place - 2, 0) : place] == _COUNTED[:2]:
                found.append(self.names.table_by_id[word])
        return list(dict.fromkeys(found))

    def counted(self, body: str, sources: Sources) -> str:
        """``count ( <t1> )`` for ``count ( * )``: whose rows are counted is said where it is asked.

        Those of the table that no column speaks of, else of the one that refers to the others.
        """
        spoken, ordered = self.spoken(body), list(sources.values())
        silent = [table for table in ordered if table not in spoken and not is_again(table)]
        rows = silent[0] if len(silent) == 1 else self.joins.most_rows(ordered)
        words, own = body.split(), _own_places(body)
        for place in own:
            if words[place - 2 : place + 1] == _COUNTED:
                words[place] = self.names.table_ids[rows]
        return " ".join(words)

    def _table_list(self, tables: Sequence[str]) -> str:
        return " , ".join(self.names.table_ids[table] for table in tables)

    def join_conditions(self, tree: exp.Select, sources: Sources) -> tuple[set[Pair], list[Pair]]:
        """The column pairs that join the tables, and those that compare a second reading which no key leads to."""
        conditions = self._conditions_of_joins(tree, sources)
        steps = self.joins.connect(list(sources.values())) or ()
        if not any(is_again(step.table) and not step.on for step in steps):
            return conditions, []
        unjoined = {pair for pair in conditions if any(is_again(table) for table, _ in pair)}
        return conditions - unjoined, sorted(unjoined, key=sorted)

    def _conditions_of_joins(self, tree: exp.Select, sources: Sources) -> set[Pair]:
        conditions: set[Pair] = set()
        for join in tree.args.get("joins") or ():
            if join.side or join.kind in ("CROSS", "OUTER") or join.args.get("using") or join.args.get("method"):
                raise CannotEncodeError("join that is not inner")
            for equality in _conjuncts(join.args.get("on")):
                sides = (equality.this, equality.expression) if isinstance(equality, exp.EQ) else ()
                if not sides or not all(isinstance(side, exp.Column) for side in sides):
                    raise CannotEncodeError("join condition that is not column = column")
                conditions.add(frozenset(self.expressions.resolve(side, (sources,)) for side in sides))
        return conditions


def _own_words(body: str) -> Iterator[str]:
    """The words of a query's text outside its nested queries and its text literals."""
    words = body.split()
    return (words[place] for place in _own_places(body))


def _own_places(body: str) -> Iterator[int]:
    depth, nested_at, quoted = 0, None, False
    for place, word in enumerate(body.split()):
        quoted ^= word == "'"
        if quoted:
            continue
        depth += (word == "(") - (word == ")")
        if word == "from" and nested_at is None:
            nested_at = depth
        elif nested_at is None:
            yield place
        elif depth < nested_at:
            nested_at = None


def _conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    if condition is None:
        return []
    return [part.unnest() for part in (condition.flatten() if isinstance(condition, exp.And) else (condition,))]


def _conditions(steps: Sequence[JoinStep]) -> set[Pair]:
    return {frozenset(pair) for step in steps for pair in step.on}
