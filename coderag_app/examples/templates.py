"""Reuse the SQL of a verified question that differs in its literals alone. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.examples.verified_example import VerifiedExample, same_question
from coderag_app.question.periods.day_sql import day_sql
from coderag_app.question.periods.moving import moved_date
from coderag_app.question.periods.period import YEAR, FromToday, Period
from coderag_app.question.periods.phrases import all_periods, lies_apart
from coderag_app.schema.value_index import ValueIndex, without_accents
from coderag_app.sql.literals import compared_columns
from coderag_app.sql.parsing import parse_one

_TOKEN = re.compile(r"\d+(?:[.,:/-]\d+)*|\w+(?:['’]\w+)*", re.UNICODE)
_FILLERS = frozenset("a an the please".split())
_BEFORE_A_PERIOD = re.compile(r"\b(?:in|during|of|for|on) $", re.IGNORECASE)  # "sales in May 2023", "sales last month"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_YEAR = re.compile(YEAR)
_DATE = re.compile(r"(\d{4})(-\d{2}(?:-\d{2})?)?(.*)")
_MAX_GAP_WORDS = 8


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question, for comparing and as it stands at ``start:end``."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Question:
    """A question with its words, and the periods that it names by the words ``first:last`` that name them."""

    text: str
    words: list[_Word]
    periods: dict[tuple[int, int], Period]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Some words of a question, and the period that they name."""

    text: str
    period: Period | None


@dataclass(frozen=True, slots=True)
class _Gap:
    """Words ``first:last`` of the verified question that stand for literals of its SQL."""

    first: int
    last: int
    said: _Phrase
    literals: frozenset[str]


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """A verified example whose question a new one repeats with other literals, and the SQL with those literals."""

    pair: VerifiedExample
    sql: str


def template_answer(
    question: str, pairs: Iterable[VerifiedExample], values: ValueIndex, dialect: str = "sqlite"
) -> str | None:
    """The SQL of the verified example whose question is the same apart from literals, with the new literals.

    Numbers replace numbers and periods replace periods (the second quarter of 2024 for March 2023). A text must be
    stored in the column that the old one is compared with, and is written as stored there; otherwise no template fits.

    Args:
        question: The new question.
        pairs: Verified examples.
        values: The database's texts.
        dialect: sqlglot's name of the SQL.

    Returns:
        The SQL, still to be checked like any other; None when no pair fits.
    """
    match = template_match(question, pairs, values, dialect)
    return match.sql if match is not None else None


def template_match(
    question: str, pairs: Iterable[VerifiedExample], values: ValueIndex, dialect: str = "sqlite"
) -> TemplateMatch | None:
    """Like ``template_answer``, with the pair that the SQL comes from. The same question word for word comes first."""
    pairs, asked = tuple(pairs), _read(question)
    for pair in pairs:
        if same_question(pair.question, question):
            return TemplateMatch(pair, pair.sql)
    for pair in pairs:
        sql = _filled(asked, pair, values, dialect)
        if sql is not None:
            return TemplateMatch(pair, sql)
    return None


def _filled(asked: _Question, pair: VerifiedExample, values: ValueIndex, dialect: str) -> str | None:
    verified = _read(pair.question)
    if abs(len(verified.words) - len(asked.words)) > _MAX_GAP_WORDS or not _share_a_word(verified, asked):
        return None
    try:
        query = parse_one(pair.sql, dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    found = _aligned(verified, asked, _gaps(verified, query, values))
    if not found or not _replace(query, found, values, dialect):
        return None
    return query.sql(dialect=dialect)


@lru_cache(maxsize=4_096)  # the questions of the pairs are the same for each new one
def _read(text: str) -> _Question:
    found = [_Word(without_accents(match.group()), *match.span()) for match in _TOKEN.finditer(text)]
    periods = all_periods(text)
    said_before = {match.start() for start, *_ in periods if (match := _BEFORE_A_PERIOD.search(text, endpos=start))}
    words = [word for word in found if word.folded not in _FILLERS and word.start not in said_before]
    places = [(_place(words, start, end), period) for start, end, period in periods]
    return _Question(text, words, {place: period for place, period in places if place and period})


def _place(words: list[_Word], start: int, end: int) -> tuple[int, int] | None:
    """The words ``first:last`` inside a stretch of text."""
    inside = [i for i, word in enumerate(words) if start <= word.start and word.end <= end]
    return (inside[0], inside[-1] + 1) if inside else None


def _phrase(question: _Question, first: int, last: int) -> _Phrase:
    text = question.text[question.words[first].start : question.words[last - 1].end]
    return _Phrase(text, question.periods.get((first, last)))


def _share_a_word(first: _Question, second: _Question) -> bool:
    return bool({word.folded for word in first.words} & {word.folded for word in second.words})


def _gaps(question: _Question, query: exp.Expr, values: ValueIndex) -> list[_Gap]:
    """The stretches of the verified question that its SQL spells as literals, longest first, none overlapping.

    A span inside a longer one belongs to it: the year of June 2021.
    """
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for literal in {node.name: node for node in query.find_all(exp.Literal)}.values():
        for start, end in _mentions(question.text, literal, values):
            if place := _place(question.words, start, end):
                found[place].add(literal.name)
        for place, period in question.periods.items():
            if moved_date(literal.name, period, period) is not None:
                found[place].add(literal.name)
    kept: dict[tuple[int, int], set[str]] = {}
    for place, literals in sorted(found.items(), key=lambda item: item[0][0] - item[0][1]):
        around = [other for other in kept if not lies_apart(place, [other])]
        for other in around or [place]:
            kept.setdefault(other, set()).update(literals)
    return [_Gap(*place, _phrase(question, *place), frozenset(kept[place])) for place in sorted(kept)]


def _mentions(question: str, literal: exp.Literal, values: ValueIndex) -> list[tuple[int, int]]:
    """Find where the question mentions a literal: as it is, as a date's year, or as the value that a lookup links."""
    text = literal.name.strip("%")
    date = _DATE.fullmatch(text) if literal.is_string else None
    wanted = [text, date[1]] if date is not None else [text]
    if date is not None and date[2] == "-01-01":
        wanted.append(str(int(date[1]) - 1))  # the open end of the range of a year
    spans: list[tuple[int, int]] = []
    for form in wanted:
        if form.strip():
            spans += [m.span() for m in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", question, re.IGNORECASE)]
    places = set(compared_columns(literal))
    for match in values.find(question):
        stored = {(v.table.lower(), v.column.lower(), v.text) for v in (*match.values, *match.linked)}
        if any((*place, literal.name) in stored for place in places):
            spans.append((match.start, match.end))
    return spans


def _aligned(verified: _Question, asked: _Question, gaps: list[_Gap]) -> list[tuple[_Gap, _Phrase]]:
    """Find what fills each gap in the new question; nothing if anything else differs."""
    pattern: list[str] = []
    position = 0
    for number, gap in enumerate(gaps):
        pattern += [re.escape(word.folded) for word in verified.words[position : gap.first]]
        same = next((i for i in range(number) if gaps[i].literals == gap.literals), None)
        pattern.append(f"(?P<g{number}>.+?)" if same is None else f"(?P<g{number}>(?P=g{same}))")
        position = gap.last
    pattern += [re.escape(word.folded) for word in verified.words[position:]]
    text = "\x1f".join(word.folded for word in asked.words)
    match = re.fullmatch("\x1f".join(pattern), text, re.DOTALL)
    found: list[tuple[_Gap, _Phrase]] = []
    for number, gap in enumerate(gaps if match is not None else ()):
        first = text.count("\x1f", 0, match.start(f"g{number}"))  # type: ignore[union-attr]
        last = first + match[f"g{number}"].count("\x1f") + 1  # type: ignore[index]
        found.append((gap, _phrase(asked, first, last)))
    return found


def _replace(query: exp.Expr, found: list[tuple[_Gap, _Phrase]], values: ValueIndex, dialect: str) -> bool:
    """Replace old literals by new ones throughout; False if one doesn't fit.

    A literal that fills several gaps, such as the day between two years, must become the same in all.
    """
    for literal in list(query.find_all(exp.Literal)):
        wanted = {_fitting(literal, gap.said, new, values) for gap, new in found if literal.name in gap.literals}
        if len(wanted) > 1 or None in wanted:
            return False
        for new in wanted:
            if isinstance(new, FromToday):
                literal.replace(day_sql(new, dialect))
            else:
                literal.set("this", new)
    return True


def _fitting(literal: exp.Literal, said: _Phrase, new: _Phrase, values: ValueIndex) -> str | FromToday | None:
    """Spell the new literal as the SQL needs it; None if it has another kind or is not stored."""
    old = literal.name
    if not literal.is_string:
        plain = new.text.replace(",", "")
        return plain if _NUMBER.fullmatch(plain) else None
    if said.period and new.period and (moved := moved_date(old, said.period, new.period)) is not None:
        return moved
    if _DATE.fullmatch(old) is not None and _YEAR.fullmatch(old[:4]):
        return _in_another_year(old, said.text, new.text)
    if isinstance(literal.parent, exp.Like | exp.ILike):
        return old.replace(old.strip("%"), new.text) if "%" not in new.text and "_" not in new.text else None
    known = [place for place in compared_columns(literal) if values.values_of(*place)]
    forms = (values.stored_form(*place, new.text) for place in known)
    return next((form for form in forms if form is not None), None)


def _in_another_year(old: str, said: str, new: str) -> str | None:
    """Move a date by as many years as the question's year moved."""
    if _YEAR.fullmatch(said) is None or _YEAR.fullmatch(new) is None:
        return None
    return f"{int(old[:4]) + int(new) - int(said):04d}{old[4:]}"
