"""The parts of a total: what a question counts or adds up for each group, and where a query does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlglot import exp

from coderag_app.llm.compact.amounts import ASKED, find_amount
from coderag_app.llm.compact.rewordings.schema_words import columns_of, is_table, stems
from coderag_app.llm.fill_literals import CannotDecodeError
from coderag_app.schema.name_words import name_words
from coderag_app.schema.tables import Schema, identifier
from coderag_app.sql.parsing import parse_one

PARTS = r"(?P<parts>(?:(?:number|amount) of |total )?\w+(?: \w+)??)"
PERIODS = "day|week|month|quarter|year"
UNITS = rf"day of (?:the )?week|weekday|{PERIODS}"
_OF_ROWS = frozenset("id number date at on".split())  # of what one row is: order_id, ordered_on


def measure_of(parts: str, schema: Schema) -> str:
    """What the parts are, if the schema says: rows of a table, or sums of an amount or of a column of numbers.

    Args:
        parts: What a question calls them: ``orders``, ``number of orders``, ``revenue``, ``total weight``.
        schema: The schema.

    Returns:
        ``number of orders`` or ``total revenue``; the empty string for what the schema does not know.
    """
    said = parts.lower().removeprefix("number of ").removeprefix("amount of ").removeprefix("total ")
    counted = parts.lower().startswith("number of ")
    columns = [(stems(name_words(column.name)), column) for column in columns_of(schema)]
    if not counted and said in ASKED and find_amount(f"total {said}", schema) is not None:
        return f"total {said}"
    if is_table(said, schema):
        return f"number of {said}"
    if any(stems(said) == words[:-1] and words[-1] in _OF_ROWS for words, _ in columns):
        return f"number of {said}"
    summed = not counted and any(stems(said) == words and column.holds_numbers for words, column in columns)
    return f"total {said}" if summed else ""


def match_parts(question: str, forms: Iterable[re.Pattern[str]], schema: Schema) -> tuple[re.Match[str] | None, str]:
    """The first of the forms that all of a question has and whose ``PARTS`` the schema knows, and their measure."""
    said = question.strip().rstrip("?.! ")
    for form in forms:
        match = form.fullmatch(said)
        measure = measure_of(match["parts"], schema) if match is not None else ""
        if match is not None and measure:
            return match, measure
    return None, ""


def only_part(sql: str, dialect: str) -> tuple[exp.Select, exp.Expr]:
    """A parsed query over groups, and the only count or sum of each that it shows.

    Raises:
        CannotDecodeError: It shows none or several, or has no groups.
    """
    tree = parse_one(sql, dialect=dialect)
    if isinstance(tree, exp.Select) and tree.args.get("group"):
        parts = [item for item in tree.expressions if isinstance(item.unalias(), exp.Count | exp.Sum)]
        if len(parts) == 1:
            return tree, parts[0]
    raise CannotDecodeError(f"the parts of a total are asked for, and this has none: {sql[:200]}")


def key_names(keys: Sequence[exp.Expr], dialect: str) -> list[exp.Identifier]:
    """A name for each of the keys that are shown: its own, numbered where another is called so."""
    own = [key.name if isinstance(key, exp.Column) else "key" for key in keys]
    names = [name if own.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(own, 1)]
    return [identifier(name, dialect) for name in names]
