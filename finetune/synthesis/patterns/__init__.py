"""Question patterns: each draws a question with its SQL from a described database."""

from finetune.synthesis.patterns import (
    advanced,
    aggregates,
    cases,
    compared_groups,
    counted_joins,
    counts,
    dates_and_nulls,
    filters,
    group_bounds,
    grouped_joins,
    grouping,
    joins,
    labels,
    nesting,
    orders,
    paired_joins,
    projections,
    self_joins,
    sets,
    superlatives,
    unanswerable,
    window_totals,
    windows,
)
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import Lookup
from finetune.synthesis.patterns.registry import PATTERNS, Candidate, Pattern

FAMILIES = (
    projections, filters, counts, aggregates, grouping, group_bounds, orders, superlatives, joins, paired_joins,
    counted_joins, grouped_joins, self_joins, nesting, sets, dates_and_nulls, advanced, windows, window_totals,
    cases, compared_groups, labels, unanswerable,
)  # fmt: skip

__all__ = ["FAMILIES", "PATTERNS", "Candidate", "Draw", "Lookup", "Pattern"]
