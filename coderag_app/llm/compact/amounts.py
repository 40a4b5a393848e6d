"""Amounts that a question asks for by a word of its own: revenue is quantity times price, copies sold are a quantity.

The amount stands in the schema that the model reads as one more column, called "revenue" where the question says so:
a model of a few million parameters adds up a column that is called as in the question much better than it composes a
product. Decoding writes the product in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from coderag_app.question.periods.date_columns import is_date
from coderag_app.schema.name_words import name_words, shares_a_word, stem
from coderag_app.schema.tables import Column, Schema, Table

_EARNED = frozenset("revenue revenues turnover sales income money spend spends spent spending".split())
_WORTH = frozenset("value worth".split())  # of what is kept, or of all that was sold
_ALL = re.compile(r"\b(?:total|overall|average|mean|order) value\b")
_SOLD = frozenset("units copies pieces".split())
ASKED = _EARNED | _WORTH | _SOLD | frozenset("sold sell sells".split())  # what says it again, if there is an amount
_NO_AMOUNT = re.compile(  # "how many sales" and "sales staff"
    r"\b(?:how many|number of) sales\b|\bsales[ -]?(?:staff|person|people|rep|team|manager|order|channel|agent)"
)
_TOTALLED = re.compile(  # of a table called sales: "total sales" are no rows of it
    r"\b(?:total|overall|average|mean|highest|lowest|largest|smallest|most|monthly|yearly|annual|by) sales\b"
    r"|\bsales (?:per|by|for each|of each|value|amount|figures)\b"
)
_COUNTED = frozenset("quantity qty units copies pieces".split())
_PRICED = frozenset("price rate fare".split())
_KEPT = frozenset("stock inventory warehouse hand".split())
_HELD = frozenset("amount total subtotal sum payment".split()) | _EARNED | _WORTH

Place = tuple[str, str]  # (table, column) in lowercase


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity, or a quantity times a price of its table or of one that it refers to.

    Attributes:
        name: What the question calls it.
        factors: The quantity's column, and the price's if it is money.
        date: The column that says when it was sold, in its table or in one that it refers to.
    """

    name: str
    factors: tuple[Place, ...]
    date: Place | None = None

    @property
    def place(self) -> Place:
        """The column that stands for it in the schema that the model reads."""
        return (self.factors[0][0], self.name)


def find_amount(question: str, schema: Schema) -> Amount | None:
    """The amount that a question asks for, where the schema has just one and no column holds such sums.

    >>> items = Table("items", (Column("quantity", "INTEGER"), Column("unit_price", "REAL")))
    >>> find_amount("What was the turnover in 2023?", Schema((items,)))
    Amount(name='turnover', factors=(('items', 'quantity'), ('items', 'unit_price')), date=None)
    """
    asked = question.lower()
    words = re.findall(r"[a-z]+", asked)
    word = next((word for wanted in (_SOLD, _EARNED, _WORTH) for word in words if word in wanted), None)
    if word is None or _NO_AMOUNT.search(asked) or _is_held(word, schema):
        return None
    kept = word in _WORTH and not _KEPT.isdisjoint(words)
    if word in _WORTH and not kept and not _ALL.search(asked):
        return None
    found = list(_quantities_and_prices(schema, kept=kept))
    found = [(quantity, price) for quantity, price in found if quantity[0] == price[0]] or found
    if len(found) != 1 or not (_names_none(word, schema) or _TOTALLED.search(asked)):
        return None
    return Amount(word, found[0][:1] if word in _SOLD else found[0], _date(found[0][0][0], schema))


def with_amount(schema: Schema, amount: Amount) -> Schema:
    """The schema with the amount as the last column of its table."""
    column = Column(amount.name, "REAL")
    tables = [
        replace(table, columns=(*table.columns, column)) if table.name.lower() == amount.place[0] else table
        for table in schema.tables
    ]
    return replace(schema, tables=tuple(tables))


def _is_held(word: str, schema: Schema) -> bool:
    """Whether a column is called by the word, or holds sums of money where those are asked for."""
    columns = [column for table in schema.tables for column in table.columns]
    held = word not in _SOLD and any(_is_called(column, _HELD) for column in columns)
    names = [column.name for column in columns if not _is_called(column, _PRICED)]  # "unit price" is no unit
    return held or stem(word) in _stems(names)


def _names_none(word: str, schema: Schema) -> bool:
    """Whether no table is called by the word, so that it cannot mean its rows."""
    return stem(word) not in _stems([table.name for table in schema.tables])


def _stems(names: Iterable[str]) -> set[str]:
    return {stem(part) for name in names for part in name_words(name).split()}


def _quantities_and_prices(schema: Schema, *, kept: bool) -> Iterator[tuple[Place, Place]]:
    """Each quantity of what is kept, or else of what is sold, with its price."""
    for table in schema.tables:
        quantity = _only(table, _COUNTED)
        if quantity is None or kept == _KEPT.isdisjoint(name_words(f"{table.name} {quantity.name}").split()):
            continue
        parents = [schema.table(key.ref_table) for key in table.foreign_keys]
        own = _only(table, _PRICED)
        for other in [table] if own is not None else parents:
            price = _only(other, _PRICED) if other is not None else None
            if other is not None and price is not None:
                yield (table.name.lower(), quantity.name.lower()), (other.name.lower(), price.name.lower())


def _date(name: str, schema: Schema) -> Place | None:
    """The only date of a table, or else the only one of those that it refers to that is named as its table is."""
    own = schema.table(name)
    if own is None:
        return None
    dates = [(own, column) for column in own.columns if is_date(column)]
    if not dates:
        parents = [parent for key in own.foreign_keys if (parent := schema.table(key.ref_table)) is not None]
        dates = [(parent, column) for parent in parents for column in parent.columns if is_date(column)]
        dates = [(table, column) for table, column in dates if shares_a_word(table.name, column.name)]
    return (dates[0][0].name.lower(), dates[0][1].name.lower()) if len(dates) == 1 else None


def _only(table: Table, words: frozenset[str]) -> Column | None:
    found = [column for column in table.columns if _is_called(column, words)]
    return found[0] if len(found) == 1 else None


def _is_called(column: Column, words: frozenset[str]) -> bool:
    return column.holds_numbers and not words.isdisjoint(name_words(column.name).split())
