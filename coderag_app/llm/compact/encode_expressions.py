"""Expressions of a query in the compact language: columns, operators, predicates and literals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from coderag_app.llm.compact.anti_joins import table_left_out
from coderag_app.llm.compact.days import days_between, is_today
from coderag_app.llm.compact.decode_expressions import rich_expression
from coderag_app.llm.compact.derived_tables import PER_GROUP
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.said_literals import Literal
from coderag_app.schema.joins import again, is_again, real_name

Scopes = tuple[dict[str, str], ...]  # innermost first, the tables of each enclosing SELECT by alias
DATE_PARTS = {"%Y": "year", "%m": "month", "%d": "day", "%Y-%m": "yearmonth"}
_BINARY: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.And: "and", exp.Or: "or",
}  # fmt: skip
_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max",
    exp.Lower: "lower", exp.Upper: "upper", exp.Length: "length", exp.Abs: "abs",
}  # fmt: skip


class CannotEncodeError(ValueError):
    """The query uses something the compact language has no words for."""


class ExpressionEncoder:
    """Writes expressions.

    Args:
        names: The words of the schema's identifiers.
        literals: The question's literals.
        query: Writes a nested query.
    """

    def __init__(
        self, names: SchemaNames, literals: Sequence[Literal], query: Callable[[exp.Expr, Scopes], str]
    ) -> None:
        self.names = names
        self.literals = literals
        self.query = query

    def resolve(self, column: exp.Column, scopes: Scopes) -> tuple[str, str]:
        """The (table, column) that a reference means, by the scoping rules of SQL."""
        name, qualifier = column.name.lower(), column.table.lower()
        for depth, sources in enumerate(scopes):
            tables = [sources[qualifier]] if qualifier in sources else [] if qualifier else list(sources.values())
            found = next((table for table in tables if (real_name(table), name) in self.names.column_ids), None)
            if found is not None:
                if any(found in inner.values() for inner in scopes[:depth]):
                    if depth != 1 or is_again(found):
                        raise CannotEncodeError("outer table shadowed by an inner one")
                    return again(found), name  # the enclosing query's row, seen from its nested query
                return found, name
        raise CannotEncodeError(f"unknown column {column.sql()}")

    def comma(self, items: Sequence[exp.Expr], scopes: Scopes) -> str:
        """Several expressions with commas between them."""
        return " , ".join(self.expression(item, scopes) for item in items)

    def expression(self, node: exp.Expr, scopes: Scopes) -> str:  # noqa: C901 - one case a kind of node
        """One expression.

        Raises:
            CannotEncodeError: A node that the language has no words for.
        """

        def inner(child: exp.Expr) -> str:
            return self.expression(child, scopes)

        if (rich := rich_expression(node, inner)) is not None:
            return rich
        if (days := days_between(node)) is not None:
            return f"days ( {self._day(days[0], inner)} , {self._day(days[1], inner)} )"
        if type(node) in _BINARY:
            left, right = self.operands(node, inner)
            if isinstance(node, exp.Mul) and (amount := self._amount(left, right)):
                return amount
            return f"{left} {_BINARY[type(node)]} {right}"
        if type(node) in _FUNCTIONS:
            return f"{_FUNCTIONS[type(node)]} ( {inner(node.this)} )"
        match node:
            case exp.Column(this=exp.Star()) | exp.Star():
                return "*"
            case exp.Column():
                return self._column(node, scopes)
            case exp.Literal():
                return self._literal(node.this, node.is_string)
            case exp.Neg(this=exp.Literal()):
                return self._literal(f"-{node.this.this}", is_string=False)
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
            case exp.Anonymous(this=name, expressions=[aggregate, *keys]) if name == PER_GROUP:
                return f"{inner(aggregate)} by {self.comma(keys, scopes)}"
            case exp.Not(this=denied) if (table := self._left_out(denied, scopes)) is not None:
                return f"without {self.names.table_ids[table]}"
            case exp.Not(this=exp.Paren(this=exp.Is() | exp.In() | exp.Like() | exp.Between()) as paren):
                return self._predicate(paren.this, inner, scopes, negated=True)
            case exp.Not(this=exp.Is() | exp.In() | exp.Like() | exp.Between() as predicate):
                return self._predicate(predicate, inner, scopes, negated=True)
            case exp.Not():
                return f"not ( {inner(node.this.unnest())} )"
            case exp.Is() | exp.In() | exp.Like() | exp.Between():
                return self._predicate(node, inner, scopes, negated=False)
            case exp.TimeToStr():
                return self._date_part(node, inner)
            case exp.TsOrDsToTimestamp():
                return inner(node.this)
        raise CannotEncodeError(type(node).__name__)

    def _day(self, day: exp.Expr, inner: Callable[[exp.Expr], str]) -> str:
        return "today" if is_today(day) else inner(day)

    def _left_out(self, condition: exp.Expr, scopes: Scopes) -> str | None:
        def place(node: exp.Expr, around: Scopes) -> tuple[str, str] | None:
            try:
                return self.resolve(node, around) if isinstance(node, exp.Column) else None
            except CannotEncodeError:
                return None

        return table_left_out(condition, scopes[0], self.names.joins, place)

    def operands(self, node: exp.Expr, inner: Callable[[exp.Expr], str]) -> tuple[str, str]:
        """Both sides of a binary operator; a zero-padded month or day becomes the plain number it stands for."""
        left, right = node.this, node.expression
        if isinstance(left, exp.TimeToStr) and isinstance(right, exp.Literal) and right.this.isdigit():
            return inner(left), self._literal(str(int(right.this)), is_string=False)
        return inner(left), inner(right)

    def _predicate(
        self,
        node: exp.Expr,
        inner: Callable[[exp.Expr], str],
        scopes: Scopes,
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
                return f"{inner(node.this)} {word}like {head}{self._literal(core, is_string=True)}{tail}"
        raise CannotEncodeError(type(node).__name__)

    def _date_part(self, node: exp.TimeToStr, inner: Callable[[exp.Expr], str]) -> str:
        part = DATE_PARTS.get(node.args["format"].this)
        if part is None:
            raise CannotEncodeError("date format")
        return f"{part} ( {inner(node.this)} )"

    def _column(self, node: exp.Column, scopes: Scopes) -> str:
        try:
            return self.column_text(self.resolve(node, scopes))
        except CannotEncodeError:
            if node.this.quoted and not node.table:  # SQLite reads an unknown "name" as a string
                return self._literal(node.name, is_string=True)
            raise

    def column_text(self, place: tuple[str, str]) -> str:
        """A column's id, behind ``other`` where its table is read for the second time."""
        table, column = place
        text = self.names.column_ids[real_name(table), column]
        return f"other {text}" if is_again(table) else text

    def _amount(self, left: str, right: str) -> str:
        """The id of the question's amount, if the product is that."""
        amount = self.names.amount
        if amount is None or {left, right} != {self.names.column_ids[place] for place in amount.factors}:
            return ""
        return self.names.column_ids[amount.place]

    def _literal(self, text: str, is_string: bool) -> str:
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


def _same_number(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return False
