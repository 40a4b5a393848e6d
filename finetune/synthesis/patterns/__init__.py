"""Question patterns: each draws a question with its SQL from a described database."""

from finetune.synthesis.patterns import (
    active_spans,
    advanced,
    aggregates,
    cases,
    compared_groups,
    counted_joins,
    counts_of_rows,
    dates_and_nulls,
    durations,
    event_days,
    events_in_years,
    filters,
    flags,
    group_averages,
    group_bounds,
    group_mixes,
    group_tops,
    grouped_joins,
    grouping,
    joined_columns,
    labels,
    nesting,
    orders,
    own_group,
    paired_joins,
    projections,
    reports,
    revenue_totals,
    revenues,
    row_pairs,
    self_joins,
    sets,
    superlatives,
    two_roles,
    unanswerable,
    unknowns,
    window_totals,
    windows,
)
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import SchemaLookup
from finetune.synthesis.patterns.registry import ANALYSIS, PATTERNS, DrawnPair, Pattern

FAMILIES = (
    projections, filters, counts_of_rows, aggregates, grouping, group_bounds, orders, superlatives, joined_columns,
    paired_joins, counted_joins, grouped_joins, self_joins, reports, nesting, sets, dates_and_nulls, advanced,
    windows, window_totals, cases, compared_groups, labels, flags, revenues, revenue_totals, unknowns, event_days,
    events_in_years, durations, active_spans, row_pairs, two_roles, group_averages, group_tops, own_group,
    group_mixes, unanswerable,
)  # fmt: skip

__all__ = ["ANALYSIS", "FAMILIES", "PATTERNS", "DrawnPair", "Draw", "SchemaLookup", "Pattern"]
