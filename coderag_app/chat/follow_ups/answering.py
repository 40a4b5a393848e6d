"""From a follow-up and the query before it to the query that answers it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from coderag_app.chat.follow_ups import condition_edits, date_edits, measure_edits, outputs, shapes, share_edits
from coderag_app.chat.follow_ups.intents import (
    Aggregate,
    AsPercentage,
    Compare,
    Count,
    Dates,
    Did,
    Distinct,
    Filter,
    Group,
    Intent,
    Limit,
    Missing,
    OtherColumns,
    OtherYear,
    Reverse,
    RowsBehind,
    Sort,
    Unfilter,
)
from coderag_app.chat.follow_ups.missing import MissingReport, Run, explain_missing
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit
from coderag_app.chat.follow_ups.short_sentences import read_follow_up
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.repairs import EARLY, LATE, RepairContext, in_stored_forms, repaired_sql
from coderag_app.types import SQLAnswer

_MARK = re.compile(
    r"\s*(?:and|but|now|only|just|also|what about|how about|same|then|except|without|not)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class EditedSQL:
    """The previous query, changed as a follow-up asks, and the change in words."""

    sql: str
    how: str


def edited_sql(question: str, previous_sql: str, schema: Schema, values: ValueIndex) -> EditedSQL | None:
    """Answer a follow-up by changing the previous query's syntax tree.

    Args:
        question: The follow-up.
        previous_sql: The SQL that answered the question before; the guard has accepted it.
        schema: The database's schema.
        values: Its stored texts.

    Returns:
        SQL that is still to be checked and run; None when the words fit no reading, or name nothing that is there.
    """
    marked = _MARK.match(question) is not None
    for reading in read_follow_up(question):
        try:
            edit = QueryEdit(previous_sql, schema)
            done = [_apply(edit, intent, values, marked) for intent in reading]
        except CannotEditError:
            continue
        return EditedSQL(in_stored_forms(edit.sql, schema, values), f"The previous query, {', '.join(done)}.")
    return None


def counted_once(edited: EditedSQL, previous_sql: str, context: RepairContext) -> EditedSQL:
    """Keep a change from repeating rows that are summed or counted; what the previous query repeats is meant so.

    Args:
        edited: The changed query.
        previous_sql: The query before.
        context: The schema, and the question that the changed query answers.
    """
    others = EARLY | LATE - {"fan_out"}
    if repaired_sql(previous_sql, context, others) != previous_sql:
        return edited
    return replace(edited, sql=repaired_sql(edited.sql, context, others))


def missing_report(
    question: str, previous: SQLAnswer, schema: Schema, values: ValueIndex, run: Run
) -> MissingReport | None:
    """Say why a value is not among the previous rows; None where that is not the question, or cannot be found out."""
    wanted = (reading[0] for reading in read_follow_up(question))
    intent = next((first for first in wanted if isinstance(first, Missing)), None)
    if intent is None:
        return None
    try:
        return explain_missing(intent.text, previous, schema, values, run)
    except CannotEditError:
        return None


def _apply(edit: QueryEdit, intent: Intent, values: ValueIndex, marked: bool) -> str:  # noqa: C901 - one branch for each intent
    match intent:
        case Filter():
            return condition_edits.apply_filter(edit, intent, values, marked)
        case Dates():
            return date_edits.apply_dates(edit, intent)
        case Did():
            return date_edits.apply_did(edit, intent)
        case Compare():
            return measure_edits.apply_compare(edit, intent)
        case Unfilter():
            return condition_edits.apply_unfilter(edit, intent)
        case Group():
            return shapes.apply_group(edit, intent)
        case Sort():
            return shapes.apply_sort(edit, intent)
        case Reverse():
            return shapes.apply_reverse(edit)
        case Limit():
            return shapes.apply_limit(edit, intent)
        case Count():
            return shapes.apply_count(edit)
        case Aggregate():
            return shapes.apply_aggregate(edit, intent)
        case OtherColumns():
            return outputs.apply_columns(edit, intent)
        case Distinct():
            return outputs.apply_distinct(edit)
        case AsPercentage():
            return share_edits.apply_share(edit)
        case OtherYear():
            return share_edits.apply_other_year(edit, intent)
        case RowsBehind():
            return share_edits.apply_rows(edit, intent)
        case Missing():
            raise CannotEditError("A missing value is looked for, not edited.")
