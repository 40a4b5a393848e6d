"""Another question in place of one, and what turns its answer back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Finish = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Rewording:
    """A question that is asked of the model in place of another.

    Attributes:
        question: What the model is asked.
        finish: Turns the SQL that answers it, given with its dialect, into SQL that answers the other one, or raises a
            CannotDecodeError where the SQL does not fit.
    """

    question: str
    finish: Finish
