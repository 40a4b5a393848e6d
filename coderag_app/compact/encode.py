"""SQL into the compact language: how gold queries become what the model learns to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.compact.encode_expressions import CannotEncodeError, ExpressionEncoder, Scopes
from coderag_app.compact.joins import JoinStep
from coderag_app.compact.names import SchemaNames
from coderag_app.compact.question import Literal

_SET_OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Union: "union",
    exp.Intersect: "intersect",
    exp.Except: "except",
}
_COUNTED = ["count", "(", "*"]
_Pair = frozenset[tuple[str, str]]


def encode_sql(sql: str, names: SchemaNames, literals: Sequence[Literal] = ()) -> str:
    """Write a query in the compact language.

    Args:
        sql: One SELECT or set operation in the schema's dialect.
        names: The words of the schema's identifiers.
        literals: The question's literals, which become ``<v1>``, ``<v2>``, ...

    Returns:
        ``<sql> select count ( * ) where <c4> = <v1>``

    Raises:
        CannotEncodeError: Syntax, tables or joins outside the language; the message names the part.
    """
    try:
        tree = sqlglot.parse_one(sql.strip().rstrip(";"), read=names.schema.dialect)
    except (SqlglotError, RecursionError) as error:
        raise CannotEncodeError("does not parse") from error
    return "<sql> " + _Encoder(names, literals).query(tree, ())


class _Encoder:
    """Walks one query; ``scopes`` holds, innermost first, the tables of each enclosing SELECT by alias."""

    def __init__(self, names: SchemaNames, literals: Sequence[Literal]) -> None:
        self.names = names
        self.joins = names.joins
        self.expressions = ExpressionEncoder(names, literals, self.query)

    def query(self, tree: exp.Expr, scopes: Scopes) -> str:
        if isinstance(tree, exp.Subquery):
            return self.query(tree.this, scopes)
        for kind, word in _SET_OPERATIONS.items():
            if isinstance(tree, kind):
                if any(tree.args.get(part) for part in ("order", "limit", "with_")):
                    raise CannotEncodeError("ordered set operation")
                all_rows = "" if tree.args.get("distinct") else " all"
                return f"{self.query(tree.this, scopes)} {word}{all_rows} {self.query(tree.expression, scopes)}"
        if not isinstance(tree, exp.Select):
            raise CannotEncodeError(type(tree).__name__)
        return self.select(tree, scopes)

    def select(self, tree: exp.Select, outer: Scopes) -> str:
        for part in ("with_", "windows", "qualify", "offset", "laterals", "hint"):
            if tree.args.get(part):
                raise CannotEncodeError(part)
        sources = self.sources(tree)
        scopes = (sources, *outer)
        aliases = {item.alias.lower(): item.this for item in tree.expressions if isinstance(item, exp.Alias)}
        clauses = {name: tree.args.get(name) for name in ("where", "group", "having", "order", "limit")}
        for name in ("group", "having", "order"):
            clause = clauses[name]
            if clause is not None:
                clauses[name] = _without_aliases(clause, aliases, tree.expressions)
        items = [item.this if isinstance(item, exp.Alias) else item for item in tree.expressions]
        distinct = "distinct " if tree.args.get("distinct") else ""
        body = [f"select {distinct}{self.expressions.comma(items, scopes)}"]
        if clauses["where"] is not None:
            body.append("where " + self.expressions.expression(clauses["where"].this, scopes))
        if clauses["group"] is not None:
            body.append("group by " + self.expressions.comma(clauses["group"].expressions, scopes))
        if clauses["having"] is not None:
            body.append("having " + self.expressions.expression(clauses["having"].this, scopes))
        if clauses["order"] is not None:
            body.append("order by " + self.expressions.comma(clauses["order"].expressions, scopes))
        if clauses["limit"] is not None:
            body.append("limit " + self.expressions.expression(clauses["limit"].expression, scopes))
        text = self.counted(" ".join(body), sources)
        return f"{self.source(tree, sources, text, nested=bool(outer))} {text}".strip()

    def sources(self, tree: exp.Select) -> dict[str, str]:
        """Real table name by alias, for the tables of one FROM clause."""
        from_ = tree.args.get("from_")
        if from_ is None:
            raise CannotEncodeError("no FROM")
        sources: dict[str, str] = {}
        for source in (from_.this, *(join.this for join in tree.args.get("joins") or ())):
            if not isinstance(source, exp.Table) or source.name.lower() not in self.names.table_ids:
                raise CannotEncodeError("derived or unknown table")
            if source.name.lower() in sources.values():
                raise CannotEncodeError("self join")
            sources[source.alias_or_name.lower()] = source.name.lower()
        return sources

    def source(self, tree: exp.Select, sources: dict[str, str], body: str, *, nested: bool) -> str:
        """``from`` and the tables that the columns of the body leave unsaid; the conditions where no keys give them.

        At the top nothing is written where the columns say it all; a nested query always begins with ``from``.
        """
        wanted = self.join_conditions(tree, sources)
        ordered = list(sources.values())
        spoken = [table for table in self.spoken(body) if table in ordered]
        silent = [table for table in ordered if table not in spoken]
        for candidate in (spoken or ordered[:1], ordered) if nested else ([], silent, ordered):
            steps = self.joins.connect(list(dict.fromkeys((*candidate, *spoken))))
            if steps and {s.table for s in steps} == set(ordered) and _conditions(steps) == wanted:
                return f"from {self.table_list(candidate)}" if candidate else ""
        if len(wanted) < len(ordered) - 1:
            raise CannotEncodeError("join without a condition")
        conditions = " and ".join(
            " = ".join(self.names.column_ids[side] for side in sorted(pair)) for pair in sorted(map(sorted, wanted))
        )
        return f"from {self.table_list(ordered)} on {conditions}"

    def spoken(self, body: str) -> list[str]:
        """The tables that a query's text says: by their columns, or as what it counts."""
        words = list(_own_words(body))
        found = []
        for place, word in enumerate(words):
            if word in self.names.column_by_id:
                found.append(self.names.column_by_id[word][0])
            elif word in self.names.table_by_id and words[max(place - 2, 0) : place] == _COUNTED[:2]:
                found.append(self.names.table_by_id[word])
        return list(dict.fromkeys(found))

    def counted(self, body: str, sources: dict[str, str]) -> str:
        """``count ( <t1> )`` for ``count ( * )``: whose rows are counted is said where it is asked.

        Those of the table that no column speaks of, else of the one that refers to the others.
        """
        spoken, ordered = self.spoken(body), list(sources.values())
        silent = [table for table in ordered if table not in spoken]
        rows = silent[0] if len(silent) == 1 else self.joins.most_rows(ordered)
        words, own = body.split(), _own_places(body)
        for place in own:
            if words[place - 2 : place + 1] == _COUNTED:
                words[place] = self.names.table_ids[rows]
        return " ".join(words)

    def table_list(self, tables: Sequence[str]) -> str:
        return " , ".join(self.names.table_ids[table] for table in tables)

    def join_conditions(self, tree: exp.Select, sources: dict[str, str]) -> set[_Pair]:
        conditions: set[_Pair] = set()
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


def _conditions(steps: Sequence[JoinStep]) -> set[_Pair]:
    return {frozenset(pair) for step in steps for pair in step.on}


def _without_aliases(clause: exp.Expr, aliases: dict[str, exp.Expr], items: Sequence[exp.Expr]) -> exp.Expr:
    """The clause with select aliases and positions (ORDER BY 2) replaced by what they stand for."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in aliases:
            return aliases[node.name.lower()].copy()
        return node

    clause = clause.transform(replace)
    for entry in clause.expressions if isinstance(clause, exp.Group | exp.Order) else ():
        target = entry.this if isinstance(entry, exp.Ordered) else entry
        if isinstance(target, exp.Literal) and not target.is_string and 0 < int(target.this) <= len(items):
            target.replace(items[int(target.this) - 1].unalias().copy())
    return clause
