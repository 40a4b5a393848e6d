"""What analysts ask: flags, sums of products, missing values, dates, self joins, groups of groups."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from finetune.synthesis.analyst_columns import add_analyst_columns
from finetune.synthesis.described import DescribedColumn, DescribedDatabase
from finetune.synthesis.domains import load_domains
from finetune.synthesis.patterns import ANALYSIS, PATTERNS, Draw, Pattern, SchemaLookup
from finetune.synthesis.patterns.event_words import event_of
from finetune.synthesis.patterns.flag_words import verb_of
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.text_to_sql import generate

RULES = [p for p in PATTERNS if p.family == ANALYSIS or p.name.startswith(("self_join", "reports_", "with_or"))]


@pytest.fixture(scope="module")
def databases() -> list[DescribedDatabase]:
    domains = load_domains()
    return [draw_database(domains[number * 7 % len(domains)], number) for number in range(70)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_pattern_draws_varied_questions_whose_sql_runs(databases: list[DescribedDatabase], rule: Pattern) -> None:
    questions, filled = set(), 0
    for number, database in enumerate(databases):
        candidate = rule.draw(Draw(Random(number), SchemaLookup(database)))
        if candidate is not None:
            filled += bool(database.connection.execute(candidate.sql).fetchone())
            questions.add(candidate.question)
            assert not re.search(r"[\[\]{}<|]", candidate.question), candidate
    assert len(questions) > 3
    assert filled >= 0.5 * len(questions)


def test_what_analysts_ask_is_about_a_quarter_of_the_pairs(databases: list[DescribedDatabase]) -> None:
    names = {rule.name for rule in RULES}
    made = [generate(database, 40, 3) for database in databases]
    counts = Counter(pair.pattern in names for drawn in made for pair in drawn.pairs)
    assert 0.2 < counts[True] / counts.total() < 0.33
    assert sum(drawn.drops["does not run"] for drawn in made) == 0


def test_a_third_of_the_databases_has_a_column_of_zero_and_one(databases: list[DescribedDatabase]) -> None:
    flagged = [d for d in databases if any(c.kind == "flag" and 0 in c.values for t in d.tables for c in t.columns)]
    assert 0.25 < len(flagged) / len(databases) < 0.6


def test_a_date_that_follows_another_is_never_before_it() -> None:
    domains, checked = load_domains(), 0
    for number, domain in enumerate(domains[:40]):
        follows = [c for t in add_analyst_columns(domain, Random(number)).tables for c in t.columns if c.follows]
        checked += len(follows)
        assert all(column.kind == "date" for column in follows)
    assert checked > 5


@pytest.mark.parametrize(
    ("name", "phrase", "verb", "words"),
    [
        ("is_active", "active", "is", "active"),
        ("wants_newsletter", "wants newsletter", "wants", "newsletter"),
        ("has_parking", "parking", "has", "parking"),
        ("discontinued", "discontinued", "is", "discontinued"),
    ],
)
def test_the_verb_of_a_flag_is_read_off_its_phrase_or_name(name: str, phrase: str, verb: str, words: str) -> None:
    assert verb_of(DescribedColumn(name, "flag", (phrase,)), phrase) == (verb, words)


@pytest.mark.parametrize(
    ("phrase", "several"),
    [("shipping date", "were shipped"), ("joined on", "joined"), ("date of birth", "were born"), ("due date", None)],
)
def test_what_happened_is_read_off_a_date(phrase: str, several: str | None) -> None:
    event = event_of(DescribedColumn("x", "date", (phrase,)))
    assert (event.many if event else None) == several
