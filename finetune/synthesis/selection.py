"""Which part of a domain one database holds: a connected choice of tables, and some of their columns."""

from __future__ import annotations

import random
from dataclasses import replace

from finetune.synthesis.domains import NAME_KINDS, ColumnSpec, DomainSpec, TableSpec
from finetune.synthesis.identifiers import weighted

_TABLE_COUNTS = {1: 5, 2: 18, 3: 25, 4: 26, 5: 15, 6: 7, 7: 4}
_FEWEST_CONTENT_COLUMNS = 3


def is_junction(table: TableSpec) -> bool:
    """Whether the table links others rather than naming things: no name, and at least two references, mostly."""
    refs, others = len(table.refs), _content(table)
    if refs < 2 or any(column.kind in NAME_KINDS for column in others):
        return False
    return len(others) < refs or (table.key is None and len(others) <= refs)


def draw_part(spec: DomainSpec, rng: random.Random) -> DomainSpec:
    """The domain with some tables and columns left out; references to tables that left are gone too."""
    kept = _connected_tables(spec, rng)
    keep_rate = rng.choice((0.7, 0.85, 1.0, 1.0))
    referred = {c.argument for t in spec.tables if t.name in kept for c in t.refs if c.argument in kept}
    tables = [_part_of(t, kept, t.name in referred, keep_rate, rng) for t in spec.tables if t.name in kept]
    if rng.random() < 0.3:
        rng.shuffle(tables)
    return DomainSpec(spec.name, tuple(tables))


def _connected_tables(spec: DomainSpec, rng: random.Random) -> set[str]:
    wanted = weighted(_TABLE_COUNTS, rng)
    neighbours: dict[str, set[str]] = {table.name: set() for table in spec.tables}
    for table in spec.tables:
        for column in table.refs:
            if column.argument != table.name:
                neighbours[table.name].add(column.argument)
                neighbours[column.argument].add(table.name)
    starts = [t.name for t in spec.tables if not is_junction(t) and len(_content(t)) >= 2] or [spec.tables[0].name]
    kept = {rng.choice(starts)}
    while len(kept) < wanted:
        frontier = sorted(set().union(*(neighbours[name] for name in kept)) - kept)
        if not frontier:
            break
        kept.add(rng.choice(frontier))
    for table in spec.tables:  # a link to one side only links nothing
        if table.name in kept and is_junction(table):
            kept.update(column.argument for column in table.refs)
    return kept


def _part_of(
    table: TableSpec, kept_tables: set[str], referred: bool, keep_rate: float, rng: random.Random
) -> TableSpec:
    key = table.key
    if key is not None and key.kind == "key" and not referred and is_junction(table) and rng.random() < 0.6:
        key = None
    content = [column for column in _content(table) if column != table.key]
    chosen = {c.name for c in content if rng.random() < (0.97 if c.kind in NAME_KINDS else keep_rate)}
    spare = [column.name for column in content if column.name not in chosen]
    missing = _FEWEST_CONTENT_COLUMNS - len(chosen)
    if missing > 0 and not is_junction(table):
        chosen.update(rng.sample(spare, min(missing, len(spare))))

    def stays(column: ColumnSpec) -> bool:
        if column.kind == "ref":
            return column.argument in kept_tables and (column.argument != table.name or rng.random() < 0.65)
        return column == key or column.name in chosen

    columns = [column for column in table.columns if stays(column)]
    if rng.random() < 0.15:
        first = [column for column in columns if column == key]
        rest = [column for column in columns if column != key]
        columns = first + rng.sample(rest, len(rest))
    return replace(table, columns=tuple(columns))


def _content(table: TableSpec) -> list[ColumnSpec]:
    """The columns that are neither the integer key nor a reference."""
    return [column for column in table.columns if column.kind not in ("key", "ref")]
