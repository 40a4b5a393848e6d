"""The repairs of a query, in the order they run: one tuple for every model's SQL.

A repair takes a parsed query and returns it, changed where the query cannot mean what it says: a year compared with a
country, one column equal to two values at once. None of them knows which model wrote the query. Each can be left out by
name (``without_repairs``, ``coderag evaluate --without NAME``), so that its worth can be measured.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.errors import ConfigurationError
from coderag_app.events import RepairAppliedEvent, dispatcher, is_heard
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.contradictions import settle_contradictions
from coderag_app.sql.repairs.date_extremes import order_by_dates
from coderag_app.sql.repairs.fan_out import aggregate_once
from coderag_app.sql.repairs.flag_conditions import filter_by_flags
from coderag_app.sql.repairs.key_roles import choose_keys
from coderag_app.sql.repairs.missing_groups import group_by_shown
from coderag_app.sql.repairs.nested_conditions import look_inside
from coderag_app.sql.repairs.own_dates import use_own_dates
from coderag_app.sql.repairs.periods import compare_periods
from coderag_app.sql.repairs.reground import reground
from coderag_app.sql.repairs.row_groups import group_by_rows
from coderag_app.sql.repairs.said_groups import group_by_units
from coderag_app.sql.repairs.said_measures import compare_measures
from coderag_app.sql.repairs.self_references import join_to_itself
from coderag_app.sql.repairs.spellings import compare_all_spellings
from coderag_app.sql.repairs.stored_forms import use_stored_forms
from coderag_app.sql.repairs.stray_tables import leave_stray_tables
from coderag_app.sql.repairs.units import convert_units
from coderag_app.sql.repairs.whole_names import show_whole_names

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Repair:
    """A named repair. ``apply`` may change the tree that it is given.

    A ``late`` one needs the whole query and the question as it was asked. A model that is asked something easier, whose
    query is patched afterwards, has it run on the patched query.
    """

    name: str
    apply: Callable[[exp.Expr, RepairContext], exp.Expr]
    late: bool = False


REPAIRS = (
    Repair("nested_conditions", look_inside),
    Repair("reground", reground),
    Repair("contradictions", settle_contradictions),
    Repair("periods", compare_periods),
    Repair("flags", filter_by_flags),
    Repair("stored_forms", use_stored_forms),
    Repair("missing_groups", group_by_shown),
    Repair("whole_names", show_whole_names),
    Repair("row_groups", group_by_rows),
    Repair("self_references", join_to_itself, late=True),
    Repair("own_dates", use_own_dates, late=True),
    Repair("date_extremes", order_by_dates, late=True),
    Repair("said_groups", group_by_units, late=True),
    Repair("stray_tables", leave_stray_tables, late=True),
    Repair("said_measures", compare_measures, late=True),
    Repair("key_roles", choose_keys, late=True),
    Repair("fan_out", aggregate_once, late=True),
    Repair("units", convert_units, late=True),
    Repair("spellings", compare_all_spellings, late=True),
)
LATE = frozenset(repair.name for repair in REPAIRS if repair.late)
EARLY = frozenset(repair.name for repair in REPAIRS) - LATE


def check_repair_names(names: Collection[str]) -> None:
    """Refuse names of no repair, which would leave nothing out.

    Raises:
        ConfigurationError: There is no repair of that name.
    """
    known = [repair.name for repair in REPAIRS]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"Got {name!r} as a repair to leave out, expected one of {', '.join(known)}.")


def repaired(tree: exp.Expr, context: RepairContext, without: Collection[str] = frozenset()) -> exp.Expr:
    """Run the repairs on a parsed query.

    Args:
        tree: The query; it stays as it is.
        context: What the repairs read.
        without: The names of repairs to leave out.

    Returns:
        The repaired query. A repair that fails is dropped, and the next one goes on with the tree it was given.
    """
    heard = is_heard()
    for repair in REPAIRS:
        if repair.name in without:
            continue
        before = tree
        try:
            tree = repair.apply(tree.copy(), context)
            if heard and tree != before:
                was, now = before.sql(context.dialect), tree.sql(context.dialect)
                dispatcher.event(RepairAppliedEvent(name=repair.name, before=was, after=now))
        except Exception:  # models write trees that nobody thought of, and none may cost the answer
            logger.debug("The repair %s failed", repair.name, exc_info=True)
    return tree


def repaired_sql(sql: str, context: RepairContext, without: Collection[str] = frozenset()) -> str:
    """Run the repairs on SQL; its text stays as it is, spaces and all, where they change nothing or cannot read it."""
    try:
        tree = parse_one(sql, dialect=context.dialect)
        found = repaired(tree, context, without)
        return sql if found == tree else found.sql(dialect=context.dialect)
    except (SqlglotError, RecursionError):
        return sql


def in_stored_forms(sql: str, schema: Schema, values: ValueIndex) -> str:
    """Convert what the columns of a query store in a form or several spellings of its own, and repair nothing else.

    Args:
        sql: A query that code wrote, such as a change to the previous one.
        schema: The tables that it reads, with their profiles.
        values: The text that the columns store.
    """
    forms = (use_stored_forms, compare_all_spellings)
    others = {repair.name for repair in REPAIRS if repair.apply not in forms}
    return repaired_sql(sql, RepairContext(schema, values), others)
