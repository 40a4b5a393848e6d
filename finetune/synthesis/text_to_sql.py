"""Questions with SQL over a described database: drawn from the patterns, run, kept if they return something."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from finetune.synthesis.described import DescribedDatabase, SyntheticPair
from finetune.synthesis.patterns import PATTERNS, Draw, DrawnPair, Pattern, SchemaLookup
from finetune.synthesis.wording import finish

logger = logging.getLogger(__name__)

UNANSWERABLE = "unanswerable"
_UNANSWERABLE_SHARE = 0.026
_ATTEMPTS_PER_PAIR = 12
_SPACES = re.compile(r"\s+")


@dataclass
class Generation:
    """What a generation gave.

    Attributes:
        pairs: The kept pairs, in the order drawn.
        drops: How many candidates were dropped, by reason.
    """

    pairs: list[SyntheticPair] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)


def generate_pairs(database: DescribedDatabase, count: int, seed: int) -> list[SyntheticPair]:
    """Up to ``count`` pairs of question and SQL; the same for the same ``db_id``, contents and seed.

    Fewer come back where the database is too small for that many different ones. An unanswerable question has
    ``sql == ""``.
    """
    return generate(database, count, seed).pairs


def generate(database: DescribedDatabase, count: int, seed: int) -> Generation:
    """Like ``generate_pairs``, and says how many candidates were dropped and why."""
    rng = Random(f"{database.db_id}:{seed}")
    draw = Draw(rng, SchemaLookup(database))
    made = Generation()
    questions: set[str] = set()
    queries: set[tuple[str, str]] = set()
    answerable = [p for p in PATTERNS if p.family != UNANSWERABLE]
    unanswerable = [p for p in PATTERNS if p.family == UNANSWERABLE]
    for _attempt in range(count * _ATTEMPTS_PER_PAIR):
        if len(made.pairs) == count:
            break
        rule = _pick(unanswerable if rng.random() < _UNANSWERABLE_SHARE else answerable, rng)
        candidate = rule.draw(draw)
        if candidate is None:
            made.drops["the database lacks what the pattern needs"] += 1
            continue
        question = finish(candidate.question, rng)
        query = (_normalised(candidate.sql), rule.name)
        if question.lower() in questions or (candidate.sql and query in queries):
            made.drops["repeated"] += 1
            continue
        if candidate.sql and (reason := _rejection(database.connection, candidate)):
            made.drops[reason] += 1
            continue
        questions.add(question.lower())
        queries.add(query)
        name = UNANSWERABLE if rule.family == UNANSWERABLE else rule.name
        made.pairs.append(SyntheticPair(database.db_id, question, candidate.sql, name))
    logger.debug("%s: kept %d, dropped %s", database.db_id, len(made.pairs), dict(made.drops))
    return made


def _pick(patterns: list[Pattern], rng: Random) -> Pattern:
    return rng.choices(patterns, [p.weight for p in patterns])[0]


def _normalised(sql: str) -> str:
    return _SPACES.sub(" ", sql).strip().lower()


def _rejection(connection: sqlite3.Connection, candidate: DrawnPair) -> str:
    """Why the result is not worth a question, or ""."""
    try:
        rows = connection.execute(candidate.sql).fetchmany(2)
    except sqlite3.Error as error:
        logger.warning("A pattern wrote SQL that does not run: %s (%s)", candidate.sql, error)
        return "does not run"
    return uninteresting(rows)


def uninteresting(rows: Sequence[Sequence[Any]]) -> str:
    """Why a result (its first rows) is not worth a question, or ""."""
    if not rows:
        return "no rows"
    if len(rows) == 1 and all(value is None for value in rows[0]):
        return "only NULL"
    if len(rows) == 1 and tuple(rows[0]) == (0,):
        return "only 0"
    return ""
