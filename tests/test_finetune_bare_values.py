"""Restrictions said by their values alone: what the question says is what the query compares."""

from __future__ import annotations

import re
from random import Random

import pytest

from coderag_app.name_words import NUMBER_WORDS
from finetune.synthesis.described import DescribedDatabase
from finetune.synthesis.domains import load_domains
from finetune.synthesis.patterns import PATTERNS, Candidate, Draw, Lookup
from finetune.synthesis.schemas import draw_database

_QUARTER = re.compile(r"Q([1-4]) (?:of )?(\d{4})|the (first|second|third|fourth) quarter of (\d{4})")
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<=[ (])(-?\d+(?:\.\d+)?)(?=[,) ]|$)")
_ORDINALS = ("first", "second", "third", "fourth")


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    domains = load_domains()
    databases = [draw_database(domains[number * 11 % len(domains)], number) for number in range(40)]
    rules = [rule for rule in PATTERNS if rule.name.startswith("bare_")]
    drawn = [
        rule.draw(Draw(Random(f"{rule.name} {number}"), Lookup(database)))
        for rule in rules
        for number, database in enumerate(databases)
    ]
    return [candidate for candidate in drawn if candidate is not None]


def _said(value: str, question: str) -> bool:
    """Whether the question says the value: as it is, as a month or year of a day, or as a number word."""
    lowered = question.lower()
    if re.fullmatch(r"\d{4}-\d{2}", value):
        return value[:4] in question  # "in May 2021"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value[:4] in question and _QUARTER.search(question) is not None
    words = [word for number, word in enumerate(NUMBER_WORDS) if str(number) == value]
    return value.lower().replace("''", "'") in lowered or any(word in lowered for word in words) or value in ("0", "1")


def test_every_value_of_the_query_is_said(candidates: list[Candidate]) -> None:
    assert len(candidates) > 200
    for candidate in candidates:
        where = candidate.sql.partition(" WHERE ")[2].partition(" GROUP BY ")[0].partition(" ORDER BY ")[0]
        without_formats = re.sub(r"strftime\('[^']*'", "strftime(", where)
        for text, number in _LITERAL.findall(without_formats):
            flags = ("Y", "N", "T", "F", "yes", "no", "true", "false")
            assert text in flags or _said(text or number, candidate.question), candidate


def test_several_values_become_one_list(candidates: list[Candidate]) -> None:
    lists = [c for c in candidates if " IN (" in c.sql]
    assert len(lists) > 20
    assert all(re.search(r"\b(and|or)\b", c.question) for c in lists)


def test_a_quarter_is_its_three_months(candidates: list[Candidate]) -> None:
    found = [(c, match) for c in candidates if (match := _QUARTER.search(c.question))]
    assert found
    for candidate, match in found:
        quarter = int(match[1]) if match[1] else _ORDINALS.index(match[3]) + 1
        year = match[2] or match[4]
        first, last = f"{3 * quarter - 2:02d}", f"{3 * quarter:02d}"
        assert re.search(rf"BETWEEN '{year}-{first}-01' AND '{year}-{last}-3[01]'", candidate.sql), candidate


def test_questions_of_several_restrictions_return_rows(candidates: list[Candidate]) -> None:
    """At least half of the drawn queries find something; the others are dropped before training."""
    domains = load_domains()
    filled = total = 0
    for number in range(30):
        database: DescribedDatabase = draw_database(domains[number * 13 % len(domains)], number)
        for rule in PATTERNS:
            candidate = rule.draw(Draw(Random(number), Lookup(database))) if rule.name.startswith("bare_") else None
            if candidate is not None:
                row = database.connection.execute(candidate.sql).fetchone()
                filled, total = filled + (row is not None and row[-1] not in (0, None)), total + 1
    assert filled > total / 2
