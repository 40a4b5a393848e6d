"""Adds to a drawn part of a domain what analysts ask about and the domains seldom hold.

Yes-or-no columns, first and last names, managers, two references to one table, quantities with prices, and pairs of
dates of which one follows the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from coderag_app.files import yaml_beside
from finetune.synthesis.domains import NAME_KINDS, ColumnSpec, DomainSpec, TableSpec
from finetune.synthesis.selection import is_junction

_DATA: dict[str, Any] = yaml_beside(__file__, "analyst_columns.yaml")
_PEOPLE_FLAGS: tuple[str, ...] = tuple(_DATA["people_flags"])
_THING_FLAGS: tuple[str, ...] = tuple(_DATA["thing_flags"])
_RECORD_FLAGS: tuple[str, ...] = tuple(_DATA["record_flags"])
_PEOPLE_DATES: tuple[tuple[str, str], ...] = tuple((first, second) for first, second in _DATA["people_dates"])
_RECORD_DATES: tuple[tuple[str, str], ...] = tuple((first, second) for first, second in _DATA["record_dates"])
_DATE_NOUNS: dict[str, str] = _DATA["date_nouns"]
_PEOPLE_ROLES: tuple[str, ...] = tuple(_DATA["people_roles"])
_THING_ROLES: tuple[str, ...] = tuple(_DATA["thing_roles"])
_PEOPLE_PAIRS: tuple[tuple[str, str], ...] = tuple((first, second) for first, second in _DATA["people_pairs"])
_THING_PAIRS: tuple[tuple[str, str], ...] = tuple((first, second) for first, second in _DATA["thing_pairs"])
_QUANTITIES: tuple[str, ...] = tuple(_DATA["quantities"])
_PRICES: tuple[str, ...] = tuple(_DATA["prices"])

Change = Callable[[TableSpec, random.Random], TableSpec | None]


def add_analyst_columns(part: DomainSpec, rng: random.Random) -> DomainSpec:
    """The part with some of the additions, each in one table that can take it."""
    tables = list(part.tables)
    for share, change in _CHANGES:
        if rng.random() >= share:
            continue
        for place in rng.sample(range(len(tables)), len(tables)):
            if (changed := change(tables[place], rng)) is not None:
                tables[place] = changed
                break
    return DomainSpec(part.name, tuple(tables))


def _about_people(table: TableSpec) -> bool:
    names = [column for column in table.columns if column.kind in NAME_KINDS]
    return bool(names) and names[0].kind != "name" and names[0].name.endswith("name")


def _with(table: TableSpec, added: Sequence[ColumnSpec], rng: random.Random) -> TableSpec | None:
    """The table with the columns side by side; None where a name or a phrase is taken."""
    taken = {c.name for c in table.columns} | {phrase for c in table.columns for phrase in c.phrases}
    if any(c.name in taken or taken & set(c.phrases) for c in added):
        return None
    place = len(table.columns) if rng.random() < 0.6 else rng.randint(1, len(table.columns))
    return replace(table, columns=(*table.columns[:place], *added, *table.columns[place:]))


def _flag(table: TableSpec, rng: random.Random) -> TableSpec | None:
    """With a yes-or-no column or two."""
    if is_junction(table) or table.key is None:
        return None
    dated = any(c.kind in ("date", "datetime") for c in table.columns)
    flags = _PEOPLE_FLAGS if _about_people(table) else _RECORD_FLAGS if dated and table.refs else _THING_FLAGS
    return _with(table, [_flag_spec(words, rng) for words in rng.sample(flags, rng.choice((1, 1, 2)))], rng)


def _flag_spec(words: str, rng: random.Random) -> ColumnSpec:
    name = words.replace(" ", "_").replace("-", "_").lower()
    verb, _, rest = words.lower().partition(" ")
    if verb != "is":
        return ColumnSpec(name, "flag", "", (words,))
    bare = name.removeprefix("is_")
    return ColumnSpec(rng.choice((name, name, bare, f"{bare}_flag")), "flag", "", (rest,))


def _split_name(table: TableSpec, rng: random.Random) -> TableSpec | None:
    """With a first and a last name instead of a person's whole name."""
    whole = next((c for c in table.columns if c.kind == "person"), None)
    kinds = {c.kind for c in table.columns}
    if whole is None or not whole.name.endswith("name") or kinds & {"first_name", "last_name"}:
        return None
    parts = [
        ColumnSpec("first_name", "first_name", "", ("first name", "given name")),
        ColumnSpec("last_name", "last_name", "", ("last name", "surname", "family name")),
    ]
    columns = [part for c in table.columns for part in (parts if c is whole else [c])]
    return replace(table, columns=tuple(columns))


def _own_reference(table: TableSpec, rng: random.Random) -> TableSpec | None:
    """With a reference to another row of the same table: a manager, a parent."""
    named = any(c.kind in NAME_KINDS for c in table.columns)
    if not named or table.key is None or any(c.argument == table.name for c in table.refs):
        return None
    role = rng.choice(_PEOPLE_ROLES if _about_people(table) else _THING_ROLES).format(noun=table.nouns[0])
    return _with(table, [_reference(role, table.name)], rng)


def _second_reference(table: TableSpec, rng: random.Random) -> TableSpec | None:
    """With two references to one table, in different roles, instead of one."""
    once = [c for c in table.refs if sum(c.argument == o.argument for o in table.refs) == 1]
    once = [c for c in once if c.argument != table.name]
    if not once or is_junction(table):
        return None
    ref = rng.choice(once)
    head = ref.phrases[0].removesuffix(" id")
    people = any(word in head for word in ("person", "author", "employee", "player", "customer", "member", "er "))
    roles = rng.choice(_PEOPLE_PAIRS if people else _THING_PAIRS)
    bare = people or roles[0] in ("origin", "source")
    pair = [_reference(role if bare else f"{role} {head}", ref.argument) for role in roles]
    columns = tuple(c for c in table.columns if c is not ref)
    return _with(replace(table, columns=columns), pair, rng) if columns else None


def _reference(role: str, table: str) -> ColumnSpec:
    return ColumnSpec(f"{role.replace(' ', '_').replace('-', '_')}_id", "ref", table, (role,))


def _amounts(table: TableSpec, rng: random.Random) -> TableSpec | None:
    """With a quantity and a price."""
    if not table.refs or any(c.kind == "money" for c in table.columns):
        return None
    quantity, price = rng.choice(_QUANTITIES), rng.choice(_PRICES)
    most = rng.choice((5, 12, 60))
    return _with(
        table,
        [
            ColumnSpec(quantity, "int", f"1..{most}", (quantity,) if quantity == "amount" else (quantity, "quantity")),
            ColumnSpec(price.replace(" ", "_"), "money", f"1..{rng.choice((40, 300, 2000))}", (price, "price")),
        ],
        rng,
    )


def _dates(table: TableSpec, rng: random.Random) -> TableSpec | None:
    """With a date on which something began and one, sometimes open, on which it ended."""
    if is_junction(table) or not (table.refs or _about_people(table)):
        return None
    if sum(c.kind in ("date", "datetime") for c in table.columns) > 1:
        return None
    start, end = rng.choice(_PEOPLE_DATES if _about_people(table) else _RECORD_DATES)
    bounds = f"{rng.choice((2005, 2015, 2018, 2020))}..2024"
    ending = rng.choice(("on", "on", "date"))
    first, last = f"{start}_{ending}", f"{end}_{ending}"
    return _with(
        table,
        [
            ColumnSpec(first, "date", bounds, (_DATE_NOUNS[start], f"date {start}")),
            ColumnSpec(last, "date", bounds, (_DATE_NOUNS[end], f"date {end}"), follows=first),
        ],
        rng,
    )


_CHANGES: tuple[tuple[float, Change], ...] = (
    (0.45, _split_name), (0.4, _dates), (0.45, _flag), (0.3, _own_reference), (0.12, _second_reference),
    (0.4, _amounts),
)  # fmt: skip
