"""Numbers that a follow-up speaks of: which output or column is meant, and limits on it."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.chat.follow_ups.intents import Compare
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit, has_aggregate
from coderag_app.schema.name_words import content_words

_OPERATORS: dict[str, type[exp.Expr]] = {">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE, "=": exp.EQ}
_WORDS = {">": "above", ">=": "at least", "<": "below", "<=": "at most", "=": "exactly"}


def apply_compare(edit: QueryEdit, intent: Compare) -> str:
    """Keep the rows, or groups, whose number is above or below a limit."""
    number = exp.Literal.number(intent.number)
    kind = _OPERATORS[intent.operator]
    words = f"{_WORDS[intent.operator]} {intent.number}"
    output = measure_output(edit, intent.column)
    if output is not None and has_aggregate(output):
        if edit.root.args.get("group") is None:
            raise CannotEditError("The query returns one row.")
        made = kind(this=output.unalias().copy(), expression=number)
        edit.root.having(made, append=True, copy=False)
        return f"only where {output.alias or output.sql(edit.dialect)} is {words}"
    phrase = intent.column or (output.alias_or_name if output is not None else "")
    place = edit.scope.resolve(phrase, reach=False) if phrase else None
    if place is None or not place.column.holds_numbers:
        raise CannotEditError(f"There is no number called {phrase!r} in the query's tables.")
    edit.add_condition(place, lambda column: kind(this=column, expression=number))
    return f"only where {place.table.name}.{place.column.name} is {words}"


def measure_output(edit: QueryEdit, phrase: str) -> exp.Expr | None:
    """The output that a phrase names, or for an empty one the only output that holds a number."""
    outputs = edit.root.expressions
    if phrase:
        words = set(content_words(phrase))
        for output in outputs:
            name = output.alias_or_name or output.sql()
            if words and words <= set(content_words(name)) | _aggregate_words(output):
                return output
        return None
    aggregates = edit.aggregates
    if aggregates:
        return aggregates[-1]
    numbers = [
        output
        for output in outputs
        if isinstance(output.unalias(), exp.Column)
        and (place := edit.scope.resolve(output.unalias().name, reach=False)) is not None
        and place.column.holds_numbers
        and not place.column.primary_key
    ]
    return numbers[0] if len(numbers) == 1 else None


def _aggregate_words(output: exp.Expr) -> set[str]:
    words = {exp.Count: "count number total", exp.Sum: "total sum", exp.Avg: "average mean", exp.Max: "maximum highest",
             exp.Min: "minimum lowest"}  # fmt: skip
    return {word for kind, text in words.items() if output.find(kind) is not None for word in text.split()}
