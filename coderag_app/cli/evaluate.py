"""`coderag evaluate`: how often the answers are right."""

from __future__ import annotations


def evaluate() -> None:
    """Placeholder."""
