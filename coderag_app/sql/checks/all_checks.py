"""The checks of a query: one visible tuple, each ``(tree, context) -> findings``, for every model's SQL. Pure.

A check reads a parsed query beside the schema, the stored values and the question, and says what speaks against it. A
finding lowers the confidence and is shown with the answer; the vote prefers candidates with fewer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from coderag_app.sql.checks.asked_things import asked_things
from coderag_app.sql.checks.coverage import unused_words
from coderag_app.sql.checks.doubtful_joins import doubtful_joins
from coderag_app.sql.checks.expressions import lonely_columns, senseless_expressions
from coderag_app.sql.checks.missing_operations import missing_operations
from coderag_app.sql.checks.open_references import open_references
from coderag_app.sql.checks.shown import shows_another_kind, shows_what_was_said
from coderag_app.sql.checks.stored_values import values_not_stored
from coderag_app.sql.checks.unasked import unasked_operations
from coderag_app.sql.repairs.context import RepairContext

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """A named check.

    Attributes:
        name: What findings and measurements call it.
        find: Says what speaks against a query, a short sentence each; it changes nothing.
        refuses: Whether a query with a finding is no answer, so that it is refused before the vote.
    """

    name: str
    find: Callable[[exp.Expr, RepairContext], Iterable[str]]
    refuses: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against a query: the name of the check, a sentence for people, and whether it is refused for it."""

    check: str
    text: str
    refuses: bool = False


def _misspelt_words(_: exp.Expr, context: RepairContext) -> Iterator[str]:
    """Each word that was read as another one: a reading is a guess."""
    for slip in context.question.misspelt:
        yield f"Read '{slip.written}' as '{slip.read}'"


CHECKS = (
    Check("coverage", unused_words),
    Check("stored_values", values_not_stored),
    Check("expressions", senseless_expressions, refuses=True),
    Check("lonely_columns", lonely_columns, refuses=True),
    Check("joins", doubtful_joins),
    Check("echo", shows_what_was_said, refuses=True),
    Check("shown", shows_another_kind),
    Check("unasked", unasked_operations),
    Check("missing", missing_operations),
    Check("things", asked_things),
    Check("references", open_references),
    Check("misspelt", _misspelt_words),
)


def findings(tree: exp.Expr, context: RepairContext) -> tuple[Finding, ...]:
    """Run the checks on a parsed query, in their order; one that fails finds nothing."""
    return tuple(_findings(tree, context))


def _findings(tree: exp.Expr, context: RepairContext) -> Iterator[Finding]:
    for check in CHECKS:
        try:
            found = list(check.find(tree, context))
        except Exception:  # models write trees that nobody thought of, and none may cost the answer
            logger.debug("The check %s failed", check.name, exc_info=True)
            continue
        yield from (Finding(check.name, text, check.refuses) for text in dict.fromkeys(found))
