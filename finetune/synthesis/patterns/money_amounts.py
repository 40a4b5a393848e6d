"""Finds a quantity and a price whose product is an amount of money, and the words for the sum of such amounts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import TableLink, name_words, quoted

_COUNTED = re.compile(
    r"\b(?:quantity|qty|units|copies|pieces|items|tickets|bags|boxes|bottles|shares|nights|hours|stems|amount|sold|"
    r"ordered|days)\b"
)
_NO_COUNT = re.compile(r"\b(?:in stock|stock|per|capacity|running|length|since|kept|left|age)\b")
_PRICED = re.compile(r"\b(?:price|cost|fare|rate|fee|wage)\b")
_NO_PRICE = re.compile(r"\b(?:total|shipping|construction|yearly|annual|monthly|weekly|entry|late)\b")
_STORED = re.compile(r"\b(?:stock|inventory|warehouse)\b")  # what lies there was not sold
_BUYERS = re.compile(
    r"\b(?:customer|client|shopper|buyer|guest|member|visitor|patron|passenger|subscriber|user|collector|donor|tourist|"
    r"traveller|student|fan|tenant|investor|bidder|gamer|player)$"
)


@dataclass(frozen=True, slots=True)
class MoneyAmount:
    """The product of a quantity and a price of the same table, or of the table that a link leads to."""

    table: DescribedTable
    quantity: DescribedColumn
    price: DescribedColumn
    price_link: TableLink | None = None

    def source_sql(self, links: Sequence[TableLink]) -> str:
        """The FROM clause: the table, the links' targets and the table with the price."""
        extra = [self.price_link] if self.price_link and self.price_link not in links else []
        joins = [f"JOIN {quoted(link.target.name)} ON {link.on}" for link in (*extra, *links)]
        return " ".join([quoted(self.table.name), *joins])

    def product(self, draw: Draw, joined: bool) -> str:
        """Quantity times price in SQL."""
        qualified = joined or self.price_link is not None
        priced = self.price_link.target if self.price_link else self.table
        factors = [draw.ref(self.table, self.quantity, qualified), draw.ref(priced, self.price, qualified)]
        if draw.chance(0.15):
            factors.reverse()
        return " * ".join(factors)


def _said(column: DescribedColumn) -> str:
    return f"{column.phrases[0]} {name_words(column.name)}".lower()


def _quantity(table: DescribedTable) -> DescribedColumn | None:
    fitting = (c for c in table.columns if c.kind == "int" and len(c.values) > 1)
    return next((c for c in fitting if _COUNTED.search(_said(c)) and not _NO_COUNT.search(_said(c))), None)


def _price(table: DescribedTable) -> DescribedColumn | None:
    fitting = (c for c in table.columns if c.kind in ("money", "decimal") and len(c.values) > 1)
    return next((c for c in fitting if _PRICED.search(_said(c)) and not _NO_PRICE.search(_said(c))), None)


def find_amount(draw: Draw) -> MoneyAmount | None:
    """An amount of the database, one in its own table first."""
    found: list[MoneyAmount] = []
    for table in draw.lookup.database.tables:
        quantity = _quantity(table)
        if quantity is None or not table.row_count or _STORED.search(name_words(table.name)):
            continue
        price = _price(table)
        if price is not None:
            found.append(MoneyAmount(table, quantity, price))
            continue
        for link in draw.links(table):
            price = _price(link.target) if link.upward and not link.ambiguous else None
            if price is not None:
                found.append(MoneyAmount(table, quantity, price, link))
    return draw.rng.choice(found) if found else None


def ways_up(draw: Draw, amount: MoneyAmount, most: int = 3) -> list[tuple[TableLink, ...]]:
    """The ways from an amount over one to ``most`` foreign keys, each to another table, none through a doubtful one."""
    priced = {amount.price_link.target.name} if amount.price_link else set[str]()
    ways: list[tuple[TableLink, ...]] = []
    frontier: list[tuple[TableLink, ...]] = [()]
    while frontier:
        way = frontier.pop()
        here = way[-1].target if way else amount.table
        seen = {amount.table.name, *priced, *(link.target.name for link in way)}
        for link in draw.links(here):
            fresh = link.target.name not in seen or (not way and link == amount.price_link)
            if link.upward and not link.ambiguous and fresh and len(way) < most:
                frontier.append((*way, link))
                ways.append((*way, link))
    return ways


def are_buyers(table: DescribedTable) -> bool:
    """Whether the rows pay rather than sell, as far as their noun tells."""
    return any(_BUYERS.search(one) for one, _ in table.nouns[:2])


def total_words(draw: Draw, amount: MoneyAmount, bare: bool = False) -> str:
    """What the sum is called: "total revenue"; sometimes how it is computed as well."""
    said = _said(amount.price)
    if "price" in said or "fare" in said:
        words = draw.say(
            "[revenue|revenue|total revenue|turnover|total turnover|sales|total sales|sales value|total value|"
            "overall revenue|income]"
        )
    elif "cost" in said:
        words = draw.say("[total cost|total cost|total value|overall cost|total spending|total expenses]")
    else:
        words = draw.say("[total amount|total value|total sum|overall amount|total charge|revenue]")
    if bare or draw.chance(0.82):
        return words
    return words + draw.say(
        "[ ({q} times {p})| ({q} * {p})| (sum of {q} multiplied by {p})| ({q} × {p})]",
        q=amount.quantity.phrases[0], p=amount.price.phrases[0],
    )  # fmt: skip
