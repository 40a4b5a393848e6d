"""SQL into the compact language: how gold queries become what the model learns to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.compact.expressions import rich_expression
from coderag_app.compact.joins import JoinStep
from coderag_app.compact.names import SchemaNames
from coderag_app.compact.question import Literal

DATE_PARTS = {"%Y": "year", "%m": "month", "%d": "day"}
_BINARY: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.And: "and", exp.Or: "or",
}  # fmt: skip
_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max",
    exp.Lower: "lower", exp.Upper: "upper", exp.Length: "length", exp.Abs: "abs",
}  # fmt: skip
_SET_OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Union: "union",
    exp.Intersect: "intersect",
    exp.Except: "except",
}
_Pair = frozenset[tuple[str, str]]


class CannotEncodeError(ValueError):
    """The query uses something the compact language has no words for."""


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
        self.literals = literals
        self.joins = names.joins

    def query(self, tree: exp.Expr, scopes: tuple[dict[str, str], ...]) -> str:
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

    def select(self, tree: exp.Select, outer: tuple[dict[str, str], ...]) -> str:
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
        body = [f"select {distinct}{self.comma(items, scopes)}"]
        if clauses["where"] is not None:
            body.append("where " + self.expression(clauses["where"].this, scopes))
        if clauses["group"] is not None:
            body.append("group by " + self.comma(clauses["group"].expressions, scopes))
        if clauses["having"] is not None:
            body.append("having " + self.expression(clauses["having"].this, scopes))
        if clauses["order"] is not None:
            body.append("order by " + self.comma(clauses["order"].expressions, scopes))
        if clauses["limit"] is not None:
            body.append("limit " + self.expression(clauses["limit"].expression, scopes))
        text = " ".join(body)
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
        columns = (self.names.column_by_id.get(word) for word in _own_words(body))
        spoken = [table for table in dict.fromkeys(found[0] for found in columns if found) if table in ordered]
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
                conditions.add(frozenset(self.resolve(side, (sources,)) for side in sides))
        return conditions

    def resolve(self, column: exp.Column, scopes: tuple[dict[str, str], ...]) -> tuple[str, str]:
        """The (table, column) that a reference means, by the scoping rules of SQL."""
        name, qualifier = column.name.lower(), column.table.lower()
        for depth, sources in enumerate(scopes):
            tables = [sources[qualifier]] if qualifier in sources else [] if qualifier else list(sources.values())
            found = next((table for table in tables if (table, name) in self.names.column_ids), None)
            if found is not None:
                if any(found in inner.values() for inner in scopes[:depth]):
                    raise CannotEncodeError("outer table shadowed by an inner one")
                return found, name
        raise CannotEncodeError(f"unknown column {column.sql()}")

    def comma(self, items: Sequence[exp.Expr], scopes: tuple[dict[str, str], ...]) -> str:
        return " , ".join(self.expression(item, scopes) for item in items)

    def expression(self, node: exp.Expr, scopes: tuple[dict[str, str], ...]) -> str:  # noqa: C901 - one case a kind of node
        def inner(child: exp.Expr) -> str:
            return self.expression(child, scopes)

        if (rich := rich_expression(node, inner)) is not None:
            return rich
        if type(node) in _BINARY:
            left, right = self.operands(node, inner)
            return f"{left} {_BINARY[type(node)]} {right}"
        if type(node) in _FUNCTIONS:
            return f"{_FUNCTIONS[type(node)]} ( {inner(node.this)} )"
        match node:
            case exp.Column(this=exp.Star()) | exp.Star():
                return "*"
            case exp.Column():
                return self.column(node, scopes)
            case exp.Literal():
                return self.literal(node.this, node.is_string)
            case exp.Neg(this=exp.Literal()):
                return self.literal(f"-{node.this.this}", is_string=False)
            case exp.Paren():
                return f"( {inner(node.this)} )"
            case exp.Distinct():
                return f"distinct {self.comma(node.expressions, scopes)}"
            case exp.Ordered():
                return f"{inner(node.this)} {'desc' if node.args.get('desc') else 'asc'}"
            case exp.Subquery():
                return f"( {self.query(node.this, scopes)} )"
            case exp.Exists():
                return f"exists ( {self.query(node.this, scopes)} )"
            case exp.Not(this=exp.Paren(this=exp.Is() | exp.In() | exp.Like() | exp.Between()) as paren):
                return self.predicate(paren.this, inner, scopes, negated=True)
            case exp.Not(this=exp.Is() | exp.In() | exp.Like() | exp.Between() as predicate):
                return self.predicate(predicate, inner, scopes, negated=True)
            case exp.Not():
                return f"not ( {inner(node.this.unnest())} )"
            case exp.Is() | exp.In() | exp.Like() | exp.Between():
                return self.predicate(node, inner, scopes, negated=False)
            case exp.TimeToStr():
                return self.date_part(node, inner)
            case exp.TsOrDsToTimestamp():
                return inner(node.this)
        raise CannotEncodeError(type(node).__name__)

    def operands(self, node: exp.Expr, inner: Callable[[exp.Expr], str]) -> tuple[str, str]:
        """Both sides of a binary operator; a zero-padded month or day becomes the plain number it stands for."""
        left, right = node.this, node.expression
        if isinstance(left, exp.TimeToStr) and isinstance(right, exp.Literal) and right.this.isdigit():
            return inner(left), self.literal(str(int(right.this)), is_string=False)
        return inner(left), inner(right)

    def predicate(
        self,
        node: exp.Expr,
        inner: Callable[[exp.Expr], str],
        scopes: tuple[dict[str, str], ...],
        negated: bool,
    ) -> str:
        word = "not " if negated else ""
        match node:
            case exp.Is(expression=exp.Null()):
                return f"{inner(node.this)} is {word}null"
            case exp.Between():
                low, high = inner(node.args["low"]), inner(node.args["high"])
                return f"{inner(node.this)} {word}between {low} and {high}"
            case exp.In():
                subquery = node.args.get("query")
                inside = self.query(subquery.this, scopes) if subquery else self.comma(node.expressions, scopes)
                return f"{inner(node.this)} {word}in ( {inside} )"
            case exp.Like(expression=exp.Literal() | exp.Column(this=exp.Identifier(quoted=True))):
                pattern = node.expression.name
                core = pattern.strip("%")
                if not core or "%" in core or "_" in core:
                    raise CannotEncodeError("LIKE pattern")
                head, tail = "% " * pattern.startswith("%"), " %" * pattern.endswith("%")
                return f"{inner(node.this)} {word}like {head}{self.literal(core, is_string=True)}{tail}"
        raise CannotEncodeError(type(node).__name__)

    def date_part(self, node: exp.TimeToStr, inner: Callable[[exp.Expr], str]) -> str:
        part = DATE_PARTS.get(node.args["format"].this)
        if part is None:
            raise CannotEncodeError("date format")
        return f"{part} ( {inner(node.this)} )"

    def column(self, node: exp.Column, scopes: tuple[dict[str, str], ...]) -> str:
        try:
            return self.names.column_ids[self.resolve(node, scopes)]
        except CannotEncodeError:
            if node.this.quoted and not node.table:  # SQLite reads an unknown "name" as a string
                return self.literal(node.name, is_string=True)
            raise

    def literal(self, text: str, is_string: bool) -> str:
        for number, literal in enumerate(self.literals, 1):
            spellings = {literal.text.casefold(), *(value.text.casefold() for value in literal.values)}
            if text.casefold() in spellings or (literal.number and _same_number(literal.number, text)):
                return f"<v{number}>"
        if not is_string:
            return text
        words = " ".join(text.lower().split())
        if "'" in words or not words:
            raise CannotEncodeError("text literal")
        return f"' {words} '"


def _own_words(body: str) -> Iterator[str]:
    """The words of a query's text outside its nested queries and its text literals."""
    depth, nested_at, quoted = 0, None, False
    for word in body.split():
        quoted ^= word == "'"
        if quoted:
            continue
        depth += (word == "(") - (word == ")")
        if word == "from" and nested_at is None:
            nested_at = depth
        elif nested_at is None:
            yield word
        elif depth < nested_at:
            nested_at = None


def _conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    if condition is None:
        return []
    return [part.unnest() for part in (condition.flatten() if isinstance(condition, exp.And) else (condition,))]


def _conditions(steps: Sequence[JoinStep]) -> set[_Pair]:
    return {frozenset(pair) for step in steps for pair in step.on}


def _same_number(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return False


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
