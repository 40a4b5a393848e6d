"""Near misses of a query: the same text but for one column, aggregate, direction, literal, filter or table.

The edits replace tokens in the text as it was written, so that a near miss carries no sign of having been edited (a
parser writing it anew would: its own capitals and spaces). Whether a near miss means something else is not decided
here; the caller runs both.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from coderag_app.schema.tables import Schema
from finetune.encoder.near_miss_edits import EDITS
from finetune.encoder.query_tokens import TokenEdit, Values, read_query


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A query that differs from another in one thing; ``kind`` says in which."""

    kind: str
    sql: str


def near_misses(sql: str, schema: Schema, values: Values, rng: Random) -> list[NearMiss]:
    """At most one near miss of each kind, in random order; empty for text that is not one SQLite query.

    Args:
        sql: The query.
        schema: The schema it is written for.
        values: Values to exchange literals with.
        rng: Chooses what is edited.
    """
    query = read_query(sql, schema, values)
    if query is None:
        return []
    found: dict[str, NearMiss] = {}
    for kind, draw in EDITS:
        edits = draw(query, rng)
        edited = _apply(sql, edits) if edits else sql
        if edited != sql:
            found[kind] = NearMiss(kind, edited)
    ordered = list(found.values())
    rng.shuffle(ordered)
    return ordered


def _apply(sql: str, edits: list[TokenEdit]) -> str:
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        sql = sql[: edit.start] + edit.text + sql[edit.end :]
    return sql
