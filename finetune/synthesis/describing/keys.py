"""How the tables of a user's database refer to each other: by declared keys, and by what names and values imply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coderag_app.schema.tables import Schema, Table
from finetune.synthesis.described import Relation
from finetune.synthesis.describing.words import singular, words_of

_KEY_WORDS = ("id", "code", "no", "number", "key", "ssn")
_FEWEST_SHARED = 0.8  # share of a key column's sampled values that must be found in the other table
Samples = Mapping[tuple[str, str], Sequence[Any]]
"""Sampled values that are not NULL, by (table, column) as spelled in the schema."""


def relations_of(schema: Schema, samples: Samples, complete: frozenset[str]) -> tuple[Relation, ...]:
    """Every single-column reference between tables, declared ones first; one for each column.

    Args:
        schema: The schema.
        samples: What the columns hold.
        complete: Names of the tables that were sampled to the end; where a parent was not, values decide nothing.
    """
    found: dict[tuple[str, str], Relation] = {}
    for relation in (*_declared(schema), *_implied(schema, samples, complete)):
        found.setdefault((relation.child_table, relation.child_column), relation)
    return tuple(found.values())


def _declared(schema: Schema) -> Iterator[Relation]:
    for table in schema.tables:
        for key in table.foreign_keys:
            parent = schema.table(key.ref_table)
            child = table.column(key.columns[0])
            if parent is None or child is None or len(key.columns) > 1:
                continue
            name = key.ref_columns[0] if key.ref_columns else _single_key(parent)
            column = parent.column(name) if name else None
            if column is not None:
                yield Relation(table.name, child.name, parent.name, column.name)


def _implied(schema: Schema, samples: Samples, complete: frozenset[str]) -> Iterator[Relation]:
    by_key = _tables_by_key(schema)
    for table in schema.tables:
        for column in table.columns:
            if column.name == _single_key(table):
                continue
            for parent, key in by_key.get(_joined(column.name), ()):
                if parent.name != table.name and _fits(
                    (table.name, column.name), (parent.name, key), samples, complete
                ):
                    yield Relation(table.name, column.name, parent.name, key)
                    break


def _tables_by_key(schema: Schema) -> dict[str, list[tuple[Table, str]]]:
    """For each spelling of a reference ("customerid") the tables it may mean, with their key columns."""
    found: dict[str, list[tuple[Table, str]]] = {}
    for table in schema.tables:
        key = _single_key(table)
        if key is None:
            continue
        noun = "".join(words_of(table.name))
        spellings = {_joined(key)} if _joined(key) not in ("id", "key", "code", "name") else set()
        for suffix in _KEY_WORDS:
            spellings |= {f"{noun}{suffix}", f"{singular(noun)}{suffix}"}
        for spelling in spellings:
            found.setdefault(spelling, []).append((table, key))
    return found


def _single_key(table: Table) -> str | None:
    """The primary key if it is one column; without a declared one a first column that is named like a key."""
    declared = [column.name for column in table.columns if column.primary_key]
    if declared:
        return declared[0] if len(declared) == 1 else None
    first = table.columns[0].name if table.columns else ""
    words = words_of(first) if first else ()
    own = {"".join(words_of(table.name)), singular("".join(words_of(table.name)))}
    named_like_key = bool(words) and words[-1] in _KEY_WORDS and ("".join(words[:-1]) in own or len(words) == 1)
    return first if named_like_key else None


def _fits(child: tuple[str, str], parent: tuple[str, str], samples: Samples, complete: frozenset[str]) -> bool:
    """Whether the child's values are found among the parent's; both of one type. Empty columns fit by name alone."""
    values, keys = set(samples.get(child, ())), set(samples.get(parent, ()))
    if not values or not keys:
        return True
    if isinstance(next(iter(values)), str) != isinstance(next(iter(keys)), str):
        return False
    return parent[0] not in complete or len(values & keys) >= _FEWEST_SHARED * len(values)


def _joined(name: str) -> str:
    return "".join(words_of(name))
