"""Pairs of programs before and after a change, shown equivalent: what code2code and hybrid tasks are made of."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.rules.editing import try_several
from finetune.synthesis.rules.making import (
    NOT_APPLICABLE,
    Sources,
    check_equivalent,
    edited,
    python_source,
    variant,
)
from finetune.synthesis.rules.sql_editing import normal_sql, try_any_sql
from finetune.synthesis.sql_runner import require_same_rows


@dataclass(frozen=True, slots=True)
class Change:
    """A program before and after an edit.

    Attributes:
        order: What to do to get from ``before`` to ``after``, as an order without full stop.
        goal: What both do, e.g. ``count the vowels of a text``.
    """

    before: str
    after: str
    language: str
    source: str
    edit: str
    order: str
    goal: str


def python_change(sources: Sources, groups: tuple[str, ...], rng: Random) -> Change:
    """One edit of the groups on a variant of a seed.

    Raises:
        DroppedError: No edit applies, or both sides are not shown to be equivalent.
    """
    seed = sources.pick_seed(rng)
    before = variant(seed, rng, most=1)
    made = edited(before, groups, rng)
    check_equivalent(sources, seed, before, made.source)
    return Change(before, made.source, "python", python_source(seed), made.edit.name, made.note, seed.summary)


def python_repair(sources: Sources, groups: tuple[str, ...], rng: Random, most: int = 1) -> Change:
    """Up to ``most`` edits of the groups undone: ``before`` is the worse program, ``after`` the better.

    Raises:
        DroppedError: No edit applies, or both sides are not shown to be equivalent.
    """
    seed = sources.pick_seed(rng)
    after = variant(seed, rng, most=1)
    done = try_several(after, groups, rng.randint(1, most), rng)
    if not done:
        raise DroppedError(NOT_APPLICABLE)
    before = done[-1].source
    check_equivalent(sources, seed, before, after)
    names, orders = "+".join(one.edit.name for one in done), "; ".join(one.edit.undo for one in done)
    return Change(before, after, "python", python_source(seed), names, orders, seed.summary)


def sql_change(sources: Sources, groups: tuple[str, ...], rng: Random) -> Change:
    """One edit of the groups on the SQL of a synthetic pair.

    Raises:
        DroppedError: No edit applies, or the rows differ on some copy of the database.
    """
    database, pair = sources.databases.pick(rng)
    before = normal_sql(pair.sql)
    made = try_any_sql(pair.sql, groups, rng)
    if made is None:
        raise DroppedError(NOT_APPLICABLE)
    require_same_rows(database, before, made.sql)
    key = f"sql:{pair.db_id}:{pair.sql}"
    return Change(before, made.sql, "sql", key, made.edit.name, made.edit.note, pair.question)


def sql_repair(sources: Sources, groups: tuple[str, ...], rng: Random) -> Change:
    """One edit of the groups undone.

    Raises:
        DroppedError: As ``sql_change``.
    """
    database, pair = sources.databases.pick(rng)
    after = normal_sql(pair.sql)
    made = try_any_sql(pair.sql, groups, rng)
    if made is None:
        raise DroppedError(NOT_APPLICABLE)
    require_same_rows(database, after, made.sql)
    key = f"sql:{pair.db_id}:{pair.sql}"
    return Change(made.sql, after, "sql", key, made.edit.name, made.edit.undo, pair.question)
