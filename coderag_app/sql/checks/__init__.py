"""Checks of a parsed query: what speaks against it, for every model's SQL."""

from coderag_app.sql.checks.all_checks import CHECKS, Check, Finding, findings
from coderag_app.sql.checks.coverage import Coverage, LeftOut, coverage, left_out
from coderag_app.sql.checks.known_words import dropped_names, not_held, question_of_the_world

__all__ = [
    "CHECKS",
    "Check",
    "Coverage",
    "Finding",
    "LeftOut",
    "coverage",
    "dropped_names",
    "findings",
    "left_out",
    "not_held",
    "question_of_the_world",
]
