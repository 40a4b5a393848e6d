"""SQL into the compact language: how gold queries become what the model learns to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.llm.compact.derived_tables import PLACE, fold
from coderag_app.llm.compact.encode_expressions import CannotEncodeError, ExpressionEncoder, Scopes
from coderag_app.llm.compact.encode_sources import Pair, SourceEncoder
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.said_literals import Literal
from coderag_app.sql.parsing import parse_one

_SET_OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Union: "union",
    exp.Intersect: "intersect",
    exp.Except: "except",
}


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
        tree = parse_one(sql.strip().rstrip(";"), dialect=names.schema.dialect)
    except (SqlglotError, RecursionError) as error:
        raise CannotEncodeError("does not parse") from error
    return "<sql> " + _Encoder(names, literals).query(tree, ())


class _Encoder:
    """Walks one query; ``scopes`` holds, innermost first, the tables of each enclosing SELECT by alias."""

    def __init__(self, names: SchemaNames, literals: Sequence[Literal]) -> None:
        self.expressions = ExpressionEncoder(names, literals, self.query)
        self.sources = SourceEncoder(names, self.expressions)

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
        tree = fold(tree)
        for part in ("with_", "windows", "qualify", "laterals", "hint"):
            if tree.args.get(part):
                raise CannotEncodeError(part)
        sources = self.sources.read(tree, outer)
        wanted, unjoined = self.sources.join_conditions(tree, sources)
        text = self.sources.counted(self.clauses(tree, (sources, *outer), unjoined), sources)
        return f"{self.sources.said(wanted, sources, text, nested=bool(outer))} {text}".strip()

    def clauses(self, tree: exp.Select, scopes: Scopes, unjoined: Sequence[Pair]) -> str:
        """The query from SELECT to LIMIT; ``unjoined`` column pairs join its conditions."""
        aliases = {item.alias.lower(): item.this for item in tree.expressions if isinstance(item, exp.Alias)}
        clauses = {name: tree.args.get(name) for name in ("where", "group", "having", "order", "limit", "offset")}
        for name in ("group", "having", "order"):
            clause = clauses[name]
            if clause is not None:
                clauses[name] = _without_aliases(clause, aliases, tree.expressions)
        place = next((item.this for item in tree.expressions if item.alias == PLACE), None)
        items = [item.unalias() for item in tree.expressions if item.alias != PLACE]
        distinct = "distinct " if tree.args.get("distinct") else ""
        body = [f"select {distinct}{self.expressions.comma(items, scopes)}"]
        conditions = [" = ".join(self.expressions.column_text(side) for side in sorted(pair)) for pair in unjoined]
        if clauses["where"] is not None:
            conditions.append(self.expressions.expression(_in_brackets(clauses["where"].this, conditions), scopes))
        if conditions:
            body.append("where " + " and ".join(conditions))
        if clauses["group"] is not None:
            body.append("group by " + self.expressions.comma(clauses["group"].expressions, scopes))
        if clauses["having"] is not None:
            body.append("having " + self.expressions.expression(clauses["having"].this, scopes))
        return " ".join((*body, *self.end(place if place is not None else tree, clauses, scopes)))

    def end(self, ordered: exp.Expr, clauses: Mapping[str, exp.Expr | None], scopes: Scopes) -> Iterator[str]:
        """ORDER BY and LIMIT; ``ordered`` is the query, or the window that ranks the rows of each group."""
        order, limit = clauses["order"] if isinstance(ordered, exp.Select) else ordered.args["order"], clauses["limit"]
        if order is not None:
            yield "order by " + self.expressions.comma(order.expressions, scopes)
        if limit is not None:
            yield "limit " + self.expressions.expression(limit.expression, scopes)
        if (offset := clauses["offset"]) is not None:
            yield "offset " + self.expressions.expression(offset.expression, scopes)
        if isinstance(ordered, exp.Window):
            yield "per " + self.expressions.comma(ordered.args["partition_by"], scopes)


def _in_brackets(condition: exp.Expr, others: Sequence[str]) -> exp.Expr:
    """The condition as it may stand behind AND."""
    return exp.paren(condition) if others and isinstance(condition, exp.Or) else condition


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
