"""Question-SQL pairs for a user's own database: drawn from the patterns, run read-only, kept if they return something.

No model writes them and nothing leaves the machine. A few hundred rows of each table are read to learn what its columns
hold; the pairs are marked as synthetic, and everything that a person verified comes before them.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.database import Database
from coderag_app.errors import DatabaseError
from coderag_app.examples.synthetic import DEFAULT_LIMIT, SOURCE_PREFIX
from coderag_app.schema.tables import Schema, needs_quotes
from coderag_app.sql.lenient_reading import read_sql
from coderag_app.sql.parsing import parse_one
from coderag_app.types import Origin, SQLExample
from finetune.synthesis.described import DescribedSchema
from finetune.synthesis.describing.describe_tables import describe_database
from finetune.synthesis.patterns import ANALYSIS, PATTERNS, DrawnPair, Pattern, SchemaLookup
from finetune.synthesis.patterns.plain_columns import PLAIN_PATTERNS
from finetune.synthesis.patterns.plain_keys import KEY_PATTERNS
from finetune.synthesis.patterns.plain_parents import PARENT_PATTERNS
from finetune.synthesis.patterns.plain_relatives import RELATIVE_PATTERNS
from finetune.synthesis.spreading import PeoplesDraw, SpreadingDraw, SpreadingPatterns
from finetune.synthesis.text_to_sql import UNANSWERABLE, uninteresting
from finetune.synthesis.wording import finish

_ATTEMPTS_PER_EXAMPLE = 12
_VARIANTS = 2  # pairs that differ in their literals alone
_LARGEST_SHARE = 0.035  # of the limit, for one pattern
_LITERAL_SHARE = 0.35  # of the limit; without literals a database has only so many questions, and all are wanted
_ANALYSIS_WEIGHT = 0.12  # few: plain questions about every table and column help a user's own database more
_IDLE_ATTEMPTS = 1500  # so many in a row without a new pair: the database has no more
_MOST_SECONDS = 120.0
_LARGEST_CONTEXT = 4_000  # characters; the schema of a larger database is cut to what a pair uses
_ONE_SHOWN = r"(?:[\w.\"]+|\w+\((?:DISTINCT )?[\w.*\"]+\))"
_SHOWN = re.compile(rf"(SELECT (?:DISTINCT )?)({_ONE_SHOWN}(?:, {_ONE_SHOWN})*)( FROM .*)", re.DOTALL)
_LITERALS = re.compile(r"'(?:[^']|'')*'|(?<![\w\"])\d+(?:\.\d+)?(?![\w\"])")


@dataclass(frozen=True, slots=True)
class OwnSchemaProgress:
    """How far a synthesis is: pairs kept of at most ``limit``, candidates tried, those dropped by reason."""

    kept: int
    limit: int
    tried: int
    drops: Counter[str]
    elapsed_s: float


def synthesize_examples(
    database: Database,
    schema: Schema,
    limit: int = DEFAULT_LIMIT,
    seed: int = 0,
    on_progress: Callable[[OwnSchemaProgress], None] | None = None,
    unread: Sequence[str] = (),
    *,
    as_people_ask: bool = True,
) -> Iterator[SQLExample]:
    """Different question-SQL pairs for a database, each run on it.

    Args:
        database: Where the pairs are run; nothing is written.
        schema: Its schema, as ``read_schema`` gives it.
        limit: How many pairs at most; a small database gives fewer.
        seed: Equal seeds give equal pairs on equal databases.
        on_progress: Called every hundred candidates and at the end.
        unread: Columns that must not be read, as ``table.column``; ``*`` stands for any name. No pair is about them.
        as_people_ask: Ask as people ask of their own tables, and of parents and relatives too. What the SQL model
            learns from does not (``finetune.sql_model.real_data``).

    Yields:
        Examples of origin synthetic, whose ``source`` names the pattern.
    """
    described = describe_database(database, schema, unread)
    if any(table.row_count for table in described.tables):
        yield from _Synthesis(database, described, limit, seed, on_progress, as_people_ask).examples()
    elif on_progress is not None:
        on_progress(OwnSchemaProgress(0, limit, 0, Counter({"the database has no rows": 1}), 0.0))


@dataclass
class _Synthesis:
    database: Database
    described: DescribedSchema
    limit: int
    seed: int
    on_progress: Callable[[OwnSchemaProgress], None] | None
    as_people_ask: bool
    drops: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    tried: int = 0
    _with_literals: int = 0
    _queries: set[str] = field(default_factory=set)
    _questions: set[str] = field(default_factory=set)
    _variants: Counter[str] = field(default_factory=Counter)

    def examples(self) -> Iterator[SQLExample]:
        """The pairs, until there are enough or no more are found."""
        started = time.monotonic()
        rng = Random(f"{self.described.db_id}:{self.seed}")
        draw = (PeoplesDraw if self.as_people_ask else SpreadingDraw)(rng, SchemaLookup(self.described))
        own = (*RELATIVE_PATTERNS, *PARENT_PATTERNS) if self.as_people_ask else ()
        answerable = [
            replace(rule, weight=rule.weight * _ANALYSIS_WEIGHT) if rule.family == ANALYSIS else rule
            for rule in (*PATTERNS, *PLAIN_PATTERNS, *KEY_PATTERNS, *own)
            if rule.family != UNANSWERABLE
        ]
        patterns = SpreadingPatterns(answerable, max(int(_LARGEST_SHARE * self.limit), 10))
        last_kept = 0
        while self.kept < self.limit and self.tried < self.limit * _ATTEMPTS_PER_EXAMPLE + _IDLE_ATTEMPTS:
            self.tried += 1
            rule = patterns.pick(rng)
            example = self._attempt(rule, draw)
            patterns.note(rule, example is not None)
            if example is not None:
                self.kept, last_kept = self.kept + 1, self.tried
                yield example
            elapsed_s = time.monotonic() - started
            if self.on_progress is not None and self.tried % 100 == 0:
                self._tell(elapsed_s)
            if self.tried - last_kept > _IDLE_ATTEMPTS or elapsed_s > _MOST_SECONDS:
                break
        self._tell(time.monotonic() - started)

    def _tell(self, elapsed_s: float) -> None:
        if self.on_progress is not None:
            self.on_progress(OwnSchemaProgress(self.kept, self.limit, self.tried, self.drops, elapsed_s))

    def _attempt(self, rule: Pattern, draw: SpreadingDraw) -> SQLExample | None:
        draw.pattern = rule.name
        candidate = rule.draw(draw)
        if candidate is None:
            self.drops["the database lacks what the pattern needs"] += 1
            return None
        question = finish(candidate.question, draw.rng)
        sql = _in_dialect(candidate.sql, self.described.schema.dialect)
        reason = self._repetition(question, sql) or self._rejection(sql)
        if reason:
            self.drops[reason] += 1
            return None
        return self._example(DrawnPair(question, sql), rule.name)

    def _repetition(self, question: str, sql: str) -> str:
        """Why the pair is no new one, or "" (then it is remembered)."""
        same = _in_one_order(sql)
        form = _without_literals(same)
        if same in self._queries or question.lower() in self._questions:
            return "repeated"
        if form != same:
            if self._variants[form] >= _VARIANTS:
                return "differs in its literals alone"
            if self._with_literals >= _LITERAL_SHARE * self.limit:
                return "enough pairs with literals"
            self._with_literals += 1
        self._queries.add(same)
        self._questions.add(question.lower())
        self._variants[form] += 1
        return ""

    def _rejection(self, sql: str) -> str:
        if not sql:
            return "has no form in the database's dialect"
        try:
            return uninteresting(self.database.execute(sql).rows[:2])
        except DatabaseError:
            return "does not run"

    def _example(self, pair: DrawnPair, pattern: str) -> SQLExample:
        context = self._context(pair.sql)
        source = f"{SOURCE_PREFIX}{pattern}"
        return SQLExample(pair.question, pair.sql, context, self.described.db_id, Origin.SYNTHETIC, source)

    def _context(self, sql: str) -> str:
        """The schema; of a large one the tables that the query uses and those they refer to."""
        schema = self.described.schema
        if len(self._whole_schema) <= _LARGEST_CONTEXT:
            return self._whole_schema
        used = [table for name in read_sql(sql).tables if (table := schema.table(name)) is not None]
        near = {table.name for table in used} | {key.ref_table for table in used for key in table.foreign_keys}
        return schema.keep(near).to_ddl(samples=False) if used else self._whole_schema

    @cached_property
    def _whole_schema(self) -> str:
        return self.described.schema.to_ddl(samples=False)


def _in_one_order(sql: str) -> str:
    """The query with the columns that it shows in alphabetical order: how they stand makes no other question."""
    match = _SHOWN.match(sql)
    if match is None:
        return sql
    start, columns, rest = match.groups()
    return f"{start}{', '.join(sorted(columns.split(', ')))}{rest.replace(' ASC', '')}"


def _without_literals(sql: str) -> str:
    text, limit, count = sql.rpartition(" LIMIT ")
    return _LITERALS.sub("?", text) + limit + count if count.isdigit() else _LITERALS.sub("?", sql)


def _in_dialect(sql: str, dialect: str) -> str:
    """The pattern's SQL, which is SQLite's, in the database's dialect; "" where it cannot be said."""
    if dialect == "sqlite":
        return sql
    try:
        tree = parse_one(sql, dialect="sqlite")
        for identifier in tree.find_all(exp.Identifier):
            identifier.set("quoted", needs_quotes(identifier.name, dialect))
        return tree.sql(dialect=dialect)
    except SqlglotError:
        return ""
