"""A question that differs from a verified one in its literals alone: the same SQL with the new literals. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coderag_app.sql.literals import compared_columns
from coderag_app.value_index import ValueIndex, without_accents
from coderag_app.verified.pairs import VerifiedPair, same_question

_TOKEN = re.compile(r"\d+(?:[.,:/-]\d+)*|\w+(?:['’]\w+)*", re.UNICODE)
_FILLERS = frozenset("a an the please".split())
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d")
_DATE = re.compile(r"(\d{4})(-\d{2}(?:-\d{2})?)?(.*)")
_MAX_GAP_WORDS = 8


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question, for comparing and as it stands at ``start:end``."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """Words ``first:last`` of the verified question that stand for literals of its SQL, and their text."""

    first: int
    last: int
    text: str
    literals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """A verified pair whose question a new one repeats with other literals, and the SQL with those literals."""

    pair: VerifiedPair
    sql: str


def template_answer(
    question: str, pairs: Iterable[VerifiedPair], values: ValueIndex, dialect: str = "sqlite"
) -> str | None:
    """The SQL of the verified pair whose question is the same apart from literals, with the new literals.

    Numbers and years take the place of numbers and years. A text must be stored in the column that the old one is
    compared with, and is written as it is stored there; otherwise there is no answer this way.

    Args:
        question: The new question.
        pairs: Verified pairs.
        values: The database's texts.
        dialect: sqlglot's name of the SQL.

    Returns:
        The SQL, still to be checked like any other; None when no pair fits.
    """
    match = template_match(question, pairs, values, dialect)
    return match.sql if match is not None else None


def template_match(
    question: str, pairs: Iterable[VerifiedPair], values: ValueIndex, dialect: str = "sqlite"
) -> TemplateMatch | None:
    """Like ``template_answer``, with the pair that the SQL comes from. The same question word for word comes first."""
    pairs = tuple(pairs)
    for pair in pairs:
        if same_question(pair.question, question):
            return TemplateMatch(pair, pair.sql)
    for pair in pairs:
        sql = _filled(question, pair, values, dialect)
        if sql is not None:
            return TemplateMatch(pair, sql)
    return None


def _filled(question: str, pair: VerifiedPair, values: ValueIndex, dialect: str) -> str | None:
    verified, asked = _words(pair.question), _words(question)
    if abs(len(verified) - len(asked)) > _MAX_GAP_WORDS or not _shares_a_word(verified, asked):
        return None
    try:
        query = sqlglot.parse_one(pair.sql, read=dialect)
    except (SqlglotError, RecursionError):
        return None
    gaps = _gaps(pair.question, verified, query, values)
    found = _aligned(question, verified, asked, gaps)
    if not found or any(not _replace(query, gap, new, values) for gap, new in found):
        return None
    return query.sql(dialect=dialect)


def _words(text: str) -> list[_Word]:
    found = [_Word(without_accents(match.group()), *match.span()) for match in _TOKEN.finditer(text)]
    return [word for word in found if word.folded not in _FILLERS]


def _shares_a_word(first: list[_Word], second: list[_Word]) -> bool:
    return bool({word.folded for word in first} & {word.folded for word in second})


def _gaps(question: str, words: list[_Word], query: exp.Expr, values: ValueIndex) -> list[_Gap]:
    """The stretches of the verified question that its SQL spells as literals, longest first, none overlapping."""
    found: dict[tuple[int, int], list[str]] = {}
    for literal in {node.name: node for node in query.find_all(exp.Literal)}.values():
        for start, end in _mentions(question, literal, values):
            inside = [i for i, word in enumerate(words) if start <= word.start and word.end <= end]
            if inside:
                found.setdefault((inside[0], inside[-1] + 1), []).append(literal.name)
    kept: list[_Gap] = []
    for (first, last), literals in sorted(found.items(), key=lambda item: item[0][0] - item[0][1]):
        if all(last <= other.first or first >= other.last for other in kept):
            text = question[words[first].start : words[last - 1].end]
            kept.append(_Gap(first, last, text, tuple(dict.fromkeys(literals))))
    return sorted(kept, key=lambda gap: gap.first)


def _mentions(question: str, literal: exp.Literal, values: ValueIndex) -> list[tuple[int, int]]:
    """Where the question speaks of a literal: as it is, as a year of a date, or as the value that a lookup links."""
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


def _aligned(question: str, verified: list[_Word], asked: list[_Word], gaps: list[_Gap]) -> list[tuple[_Gap, str]]:
    """What stands in the new question for each gap; nothing where anything else differs."""
    pattern: list[str] = []
    position = 0
    for number, gap in enumerate(gaps):
        pattern += [re.escape(word.folded) for word in verified[position : gap.first]]
        same = next((i for i in range(number) if gaps[i].literals == gap.literals), None)
        pattern.append(f"(?P<g{number}>.+?)" if same is None else f"(?P<g{number}>(?P=g{same}))")
        position = gap.last
    pattern += [re.escape(word.folded) for word in verified[position:]]
    text = "\x1f".join(word.folded for word in asked)
    match = re.fullmatch("\x1f".join(pattern), text, re.DOTALL)
    found: list[tuple[_Gap, str]] = []
    for number, gap in enumerate(gaps if match is not None else ()):
        first = text.count("\x1f", 0, match.start(f"g{number}"))  # type: ignore[union-attr]
        last = first + match[f"g{number}"].count("\x1f")  # type: ignore[index]
        found.append((gap, question[asked[first].start : asked[last].end]))
    return found


def _replace(query: exp.Expr, gap: _Gap, new: str, values: ValueIndex) -> bool:
    """Put a new literal in the place of an old one, wherever it stands; False where it does not fit."""
    for literal in [node for node in query.find_all(exp.Literal) if node.name in gap.literals]:
        text = _fitting(literal, gap.text, new, values)
        if text is None:
            return False
        literal.set("this", text)
    return True


def _fitting(literal: exp.Literal, said: str, new: str, values: ValueIndex) -> str | None:
    """The new literal as the SQL must spell it, or None where it is of another kind or is not stored."""
    old = literal.name
    if not literal.is_string:
        plain = new.replace(",", "")
        return plain if _NUMBER.fullmatch(plain) else None
    if _DATE.fullmatch(old) is not None and _YEAR.fullmatch(old[:4]):
        return _moved_date(old, said, new)
    if isinstance(literal.parent, exp.Like | exp.ILike):
        return old.replace(old.strip("%"), new) if "%" not in new and "_" not in new else None
    known = [place for place in compared_columns(literal) if values.values_of(*place)]
    forms = (values.stored_form(*place, new) for place in known)
    return next((form for form in forms if form is not None), None)


def _moved_date(old: str, said: str, new: str) -> str | None:
    """A date moved by as many years as the question's year, or another date in its place."""
    if _YEAR.fullmatch(said) and _YEAR.fullmatch(new):
        return f"{int(old[:4]) + int(new) - int(said):04d}{old[4:]}"
    return new if re.fullmatch(r"\d{4}-\d{2}-\d{2}", new) and said == old else None
