"""Parts of a query in plain words: values, conditions, sort keys. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from coderag_app.sql.date_phrases import part_of_date
from coderag_app.sql.parsing import parse_one

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "is",
    exp.NEQ: "is not",
    exp.GT: "is above",
    exp.GTE: "is at least",
    exp.LT: "is below",
    exp.LTE: "is at most",
    exp.NullSafeEQ: "is",
    exp.NullSafeNEQ: "is not",
}
_AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Sum: "the total of {}",
    exp.Avg: "the average of {}",
    exp.Min: "the lowest {}",
    exp.Max: "the highest {}",
    exp.GroupConcat: "all {} in one text",
    exp.RowNumber: "a running number",
    exp.Rank: "the rank",
    exp.DenseRank: "the rank without gaps",
    exp.Lag: "{} of the row before",
    exp.Lead: "{} of the row after",
    exp.Lower: "{} in lower case",
    exp.Upper: "{} in upper case",
    exp.Length: "the length of {}",
    exp.Abs: "{} without its sign",
    exp.Round: "{} rounded",
    exp.Cast: "{}",
    exp.TryCast: "{}",
    exp.Paren: "{}",
    exp.Neg: "minus {}",
}
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divided by", exp.Mod: "modulo",
    exp.DPipe: "followed by", exp.IntDiv: "divided by",
}  # fmt: skip


def listed(texts: Sequence[str], last: str = "and") -> str:
    """Texts as an enumeration.

    Example:
        >>> listed(["name"]), listed(["name", "city", "price"])
        ('name', 'name, city and price')
    """
    texts = list(texts)
    return f"{', '.join(texts[:-1])} {last} {texts[-1]}" if len(texts) > 1 else "".join(texts)


def _part_of_total(node: exp.Expr) -> exp.Expr | None:
    """What is divided by its sum over all rows of the result, times a hundred."""
    match node:
        case exp.Div(this=exp.Mul(this=exp.Literal(this="100.0"), expression=part), expression=exp.Window() as total):
            return part if total == parse_one(f"SUM({part.sql()}) OVER ()") else None
    return None


class Phrases:
    """Words for the expressions of one SELECT.

    Args:
        dialect: sqlglot's name of the SQL.
        names: What to call each source, by lowercase alias; columns stand alone where it is empty.
        nested: Puts a query inside this one into words.
    """

    def __init__(self, dialect: str, names: dict[str, str], nested: Callable[[exp.Expr], str]) -> None:
        self.dialect = dialect
        self.names = names
        self.nested = nested

    def output(self, projection: exp.Expr) -> str:
        """A column of the result, with the name it is given where that adds something."""
        value = self.value(projection.unalias())
        plain = isinstance(projection.unalias(), exp.Column) and projection.unalias().name == projection.alias
        return f'{value} (called "{projection.alias}")' if isinstance(projection, exp.Alias) and not plain else value

    def value(self, node: exp.Expr) -> str:
        """An expression as words; what has no words of its own stays SQL."""
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Star):
            return "all columns"
        if isinstance(node, exp.Count):
            return self._count(node)
        if isinstance(node, exp.Window):
            return self._window(node)
        if isinstance(node, exp.Subquery | exp.Select):
            return f"the result of a nested query ({self.nested(node)})"
        if isinstance(node, exp.Case):
            return "a value that depends on conditions"
        if isinstance(node, exp.Distinct):
            return f"different {listed([self.value(each) for each in node.expressions])}"
        if isinstance(node, exp.Coalesce):
            others = listed([self.value(each) for each in node.expressions], "or")
            return f"{self.value(node.this)}, or {others} where it is missing"
        idiom = self._idiom(node)
        if idiom:
            return idiom
        phrase = next((words for kind, words in _AGGREGATES.items() if isinstance(node, kind)), None)
        if phrase is not None:
            return phrase.format(self.value(node.this)) if isinstance(node.this, exp.Expr) else phrase.format("")
        operator = next((words for kind, words in _OPERATORS.items() if isinstance(node, kind)), None)
        if operator is not None:
            return f"{self.value(node.this)} {operator} {self.value(node.expression)}"
        return node.sql(self.dialect)

    def _idiom(self, node: exp.Expr) -> str:
        """Words for what SQL says with several functions: parts of dates, shares of a total."""
        dated = part_of_date(node, self.dialect)
        if dated is not None:
            return f"the {dated[0]} of {self.value(dated[1])}"
        part = _part_of_total(node)
        return f"{self.value(part)} in percent of the total" if part is not None else ""

    def condition(self, node: exp.Expr) -> str:
        """A condition as words."""
        if isinstance(node, exp.And | exp.Or):
            return self._connected(node)
        if isinstance(node, exp.Paren):
            return f"({self.condition(node.this)})" if isinstance(node.this, exp.Or) else self.condition(node.this)
        if isinstance(node, exp.Not):
            return self._negated(node.this)
        comparison = next((words for kind, words in _COMPARISONS.items() if isinstance(node, kind)), None)
        if comparison is not None:
            return f"{self.value(node.this)} {comparison} {self.value(node.expression)}"
        return self._tested(node, "is")

    def ordered(self, key: exp.Expr, query: exp.Expr) -> str:
        """A sort key with its direction."""
        inner = key.this if isinstance(key, exp.Ordered) else key
        outputs = query.expressions if isinstance(query, exp.Select) else []
        if isinstance(inner, exp.Literal) and inner.name.isdigit() and 0 < int(inner.name) <= len(outputs):
            inner = outputs[int(inner.name) - 1].unalias()
        down = isinstance(key, exp.Ordered) and bool(key.args.get("desc"))
        return f"{self.value(inner)}{', highest first' if down else ', lowest first'}"

    def _column(self, column: exp.Column) -> str:
        if isinstance(column.this, exp.Star):
            return f"all columns of {self.names.get(column.table.lower(), column.table)}"
        qualifier = self.names.get(column.table.lower(), "") if column.table else ""
        return f"{qualifier}.{column.name}" if qualifier else column.name

    def _count(self, node: exp.Count) -> str:
        counted = node.this
        if isinstance(counted, exp.Distinct):
            return f"the number of {self.value(counted)}"
        if counted is None or isinstance(counted, exp.Star | exp.Literal):
            return "the number of rows"
        return f"the number of rows with {self.value(counted)}"

    def _window(self, node: exp.Window) -> str:
        parts = [self.value(node.this)]
        partition = [self.value(each) for each in node.args.get("partition_by") or ()]
        if partition:
            parts.append(f"within each {listed(partition)}")
        order = node.args.get("order")
        if order is not None:
            parts.append(f"in the order of {listed([self.ordered(key, node) for key in order.expressions], 'then')}")
        return " ".join(parts)

    def _connected(self, node: exp.And | exp.Or) -> str:
        word = "and" if isinstance(node, exp.And) else "or"
        sides = (node.this, node.expression)
        texts = [
            f"({self.condition(side)})"
            if isinstance(side, exp.And | exp.Or) and type(side) is not type(node)
            else self.condition(side)
            for side in sides
        ]
        return f" {word} ".join(texts)

    def _negated(self, node: exp.Expr) -> str:
        inner = node.this if isinstance(node, exp.Paren) else node
        if isinstance(inner, exp.Is | exp.In | exp.Between | exp.Like | exp.ILike | exp.Exists):
            return self._tested(inner, "is not")
        return f"it is not true that {self.condition(inner)}"

    def _tested(self, node: exp.Expr, verb: str) -> str:
        negative = verb == "is not"
        if isinstance(node, exp.Is):
            return self._is(node, negative)
        if isinstance(node, exp.In):
            return f"{self.value(node.this)} {verb} {self._members(node)}"
        if isinstance(node, exp.Between):
            low, high = self.value(node.args["low"]), self.value(node.args["high"])
            return f"{self.value(node.this)} {verb} between {low} and {high}"
        if isinstance(node, exp.Like | exp.ILike):
            return self._like(node, negative)
        if isinstance(node, exp.Exists):
            return (
                f"there is {'no row' if negative else 'at least one row'} in a nested query ({self.nested(node.this)})"
            )
        return f"{self.value(node)} is {'not ' if negative else ''}true"

    def _is(self, node: exp.Is, negative: bool) -> str:
        expected = node.expression
        if isinstance(expected, exp.Not):
            expected, negative = expected.this, not negative
        if isinstance(expected, exp.Null):
            return f"{self.value(node.this)} is {'present' if negative else 'missing'}"
        return f"{self.value(node.this)} is {'not ' if negative else ''}{self.value(expected)}"

    def _members(self, node: exp.In) -> str:
        query = node.args.get("query")
        if query is not None:
            return f"among the results of a nested query ({self.nested(query)})"
        members = [self.value(each) for each in node.expressions]
        return f"one of {listed(members, 'or')}" if members else "in a list"

    def _like(self, node: exp.Like | exp.ILike, negative: bool) -> str:
        pattern = node.expression
        value = self.value(node.this)
        text = pattern.name if isinstance(pattern, exp.Literal) else ""
        core = text.strip("%")
        if not core or "%" in core or "_" in core:
            return f"{value} {'does not match' if negative else 'matches'} the pattern {self.value(pattern)}"
        open_start, open_end = text.startswith("%"), text.endswith("%")
        words = {
            (True, True): ("contains", "does not contain"),
            (False, True): ("begins with", "does not begin with"),
            (True, False): ("ends with", "does not end with"),
            (False, False): ("is", "is not"),
        }[open_start, open_end]
        return f"{value} {words[negative]} {exp.Literal.string(core).sql(self.dialect)}"
