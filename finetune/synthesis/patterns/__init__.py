"""Question patterns: each draws a question with its SQL from a described database."""

from finetune.synthesis.patterns import (
    advanced,
    aggregates,
    counted_joins,
    dates_and_nulls,
    filters,
    grouping,
    joins,
    nesting,
    projections,
    sets,
    superlatives,
    unanswerable,
)
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import Lookup
from finetune.synthesis.patterns.registry import PATTERNS, Candidate, Pattern

FAMILIES = (
    projections, filters, aggregates, grouping, superlatives, joins, counted_joins, nesting, sets, dates_and_nulls,
    advanced, unanswerable,
)  # fmt: skip

__all__ = ["FAMILIES", "PATTERNS", "Candidate", "Draw", "Lookup", "Pattern"]
