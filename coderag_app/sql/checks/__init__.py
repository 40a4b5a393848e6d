"""Checks of a parsed query: what speaks against it, for every model's SQL."""

from coderag_app.sql.checks.all_checks import CHECKS, Check, Finding, findings
from coderag_app.sql.checks.coverage import Coverage, LeftOut, coverage, left_out

__all__ = ["CHECKS", "Check", "Coverage", "Finding", "LeftOut", "coverage", "findings", "left_out"]
