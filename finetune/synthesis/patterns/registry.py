"""The register of question patterns and what a pattern gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finetune.synthesis.patterns.draw import Draw

ANALYSIS = "analysis"  # the family of what analysts ask: many patterns, which a user's own database needs few of


@dataclass(frozen=True, slots=True)
class DrawnPair:
    """A question and its SQL, not yet run."""

    question: str
    sql: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule that draws candidates: None where the database lacks what it needs."""

    name: str
    family: str
    weight: float
    draw: Callable[[Draw], DrawnPair | None]


PATTERNS: list[Pattern] = []


def pattern(
    weight: float, family: str
) -> Callable[[Callable[[Draw], DrawnPair | None]], Callable[[Draw], DrawnPair | None]]:
    """Register a pattern under its function's name.

    Args:
        weight: Relative share of the generated pairs.
        family: The module's subject, such as ``joins``.
    """

    def register(draw: Callable[[Draw], DrawnPair | None]) -> Callable[[Draw], DrawnPair | None]:
        PATTERNS.append(Pattern(draw.__name__, family, weight, draw))
        return draw

    return register
