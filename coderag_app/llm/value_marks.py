"""Literals of a question marked ``v1``, ``v2``, ..., which a model writes in their place instead of spelling them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from coderag_app.llm.fill_literals import CannotDecodeError, fill_literals
from coderag_app.question.periods.phrases import FoundPeriod
from coderag_app.question.said_literals import Literal, literal_spans
from coderag_app.schema.name_words import identifier_words, singular
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex

MAX_MARKS = 9
_MOST_PLACES = 3
_MARK = re.compile(r"v([1-9])")


@dataclass(frozen=True)
class ValueMarks:
    """A question with marks behind its literals.

    Attributes:
        text: ``How many singers are from France (v1 in singer.Country) and over 30 (v2)?``
        literals: ``literals[0]`` is v1.
    """

    text: str
    literals: tuple[Literal, ...]

    def mark_of(self, value: exp.Literal) -> str | None:
        """The mark of the literal that a gold query compares with, or None if the question does not say it."""
        wanted = value.name.casefold()
        for number, literal in enumerate(self.literals, 1):
            if wanted in literal.spellings:
                return f"v{number}"
        return None


def mark_values(
    question: str, schema: Schema, values: ValueIndex, periods: Sequence[FoundPeriod] = ()
) -> ValueMarks:  # fmt: skip
    """Mark the literals of a question: with the columns that store them, where the database knows any."""
    names = _names_of(schema)
    found = literal_spans(question, names.__contains__, values, periods)
    spans = [span for span in found if span[2].values or question[span[0] : span[1]].casefold() not in names]
    spans = spans[:MAX_MARKS]  # a capital doesn't make a value of a column's name
    parts, position = [], 0
    for number, (start, end, literal) in enumerate(spans, 1):
        places = dict.fromkeys((value.table.lower(), value.column.lower()) for value in literal.values)
        known = [place for place in places if schema.column(*place) is not None][:_MOST_PLACES]
        asked = question[start:end] if literal.period is None else f"{question[start:end]} = {literal.text}"
        hint = f" in {', '.join(_spelled(schema, *place) for place in known)}" if known else ""
        parts += [question[position:start], asked, f" (v{number}{hint})"]
        position = end
    return ValueMarks("".join((*parts, question[position:])), tuple(literal for _, _, literal in spans))


def put_marks(tree: exp.Expr, marks: ValueMarks) -> exp.Expr:
    """Write marks for the literals of a gold query that the question says; a LIKE pattern gets one inside."""
    for node in list(tree.find_all(exp.Literal)):
        predicate = node.find_ancestor(exp.Predicate, exp.Limit, exp.Func)
        if isinstance(predicate, exp.Limit | exp.Offset) or predicate is None:
            continue
        inner = node.name.strip("%") if isinstance(predicate, exp.Like) else node.name
        mark = marks.mark_of(exp.Literal.string(inner))
        if mark is not None and isinstance(predicate, exp.Like):
            node.replace(exp.Literal.string(node.name.replace(inner, mark)))
        elif mark is not None:
            node.replace(exp.column(mark))
    return tree


def fill_marks(tree: exp.Expr, marks: ValueMarks, schema: Schema, values: ValueIndex) -> exp.Expr:
    """Replace the marks of a reply by the literals, typed and spelled as the compared columns store them.

    Raises:
        CannotDecodeError: A mark that the question does not have.
    """
    for node in list(tree.find_all(exp.Column)):
        if not node.table and (found := _MARK.fullmatch(node.name)):
            node.replace(exp.Placeholder(this=found[0]))
    for like in list(tree.find_all(exp.Like, exp.ILike)):
        pattern = like.expression
        found = _MARK.fullmatch(pattern.name.strip("%")) if isinstance(pattern, exp.Literal) else None
        if found is not None:
            pattern.replace(exp.Literal.string(pattern.name.replace(found[0], _asked(marks, int(found[1]), like))))
    return fill_literals(tree, schema, marks.literals, values)


def _asked(marks: ValueMarks, number: int, like: exp.Expr) -> str:
    if number > len(marks.literals):
        raise CannotDecodeError(f"v{number} is not in the question")
    literal = marks.literals[number - 1]
    column = like.this.find(exp.Column)
    stored = literal.stored_in(column.table, column.name) if column is not None else None
    return stored if stored is not None else literal.text


def _spelled(schema: Schema, table: str, column: str) -> str:
    found, spelled = schema.table(table), schema.column(table, column)
    return f"{found.name if found else table}.{spelled.name if spelled else column}"


@lru_cache(maxsize=64)
def _names_of(schema: Schema) -> frozenset[str]:
    """What tables and columns are called, in words, each as it stands and with its last word in the plural's place."""
    names = [table.name for table in schema.tables] + [c.name for table in schema.tables for c in table.columns]
    words = {identifier_words(name) for name in names}
    return frozenset(words | {singular(name) for name in words} | {f"{singular(name)}s" for name in words})
