"""A question with its literals marked, so that the model points at them instead of spelling them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from coderag_app.llm.compact.amounts import ASKED
from coderag_app.llm.compact.schema_names import SchemaNames, plain_words
from coderag_app.question.function_words import function_words
from coderag_app.question.periods.period import Period
from coderag_app.question.periods.phrases import FoundPeriod, lies_apart
from coderag_app.schema.value_index import StoredValue, ValueIndex, ValueMatch

MAX_LITERALS = 9
MAX_LINKS = 15
_MAX_HINTS = 3
_NEVER_VALUES = frozenset("id ids name names no in or me us it is do all what date".split())  # ID is Idaho as well
_EACH = frozenset("each every per".split())
_NO_PREPOSITIONS = frozenset(("the", "year"))
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’")
_NUMBER = re.compile(r"(?<![\w.])\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?|(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*)*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal of the question.

    Attributes:
        text: As asked; of a month or a day, the year or ISO date that the model reads for it.
        values: The stored values that equal it.
        period: The month, quarter, half or day, if it is one.
        preposition: The word before it in lowercase, "the year" left out.
    """

    text: str
    values: tuple[StoredValue, ...] = ()
    period: Period | None = None
    preposition: str = ""

    @property
    def number(self) -> str | None:
        """The literal as an SQL number, or None."""
        plain = self.text.replace(",", "")
        return plain if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None

    @property
    def is_year(self) -> bool:
        """Whether the literal looks like a year and no text column stores it."""
        return not self.values and bool(re.fullmatch(r"1[5-9]\d\d|20\d\d", self.text))

    @property
    def spellings(self) -> frozenset[str]:
        """How SQL may say it, in lowercase."""
        if self.period is not None:
            return self.period.spellings
        texts = (self.text, self.number or "", *(value.text for value in self.values))
        return frozenset(text.casefold() for text in texts if text)

    def stored_in(self, table: str, column: str) -> str | None:
        """The value's stored spelling in that column, or None."""
        wanted = (table.lower(), column.lower())
        return next((v.text for v in self.values if (v.table.lower(), v.column.lower()) == wanted), None)


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """The question as the model reads it.

    Attributes:
        asked: Without marks.
        text: With its marks.
        literals: ``literals[i]`` is ``<v{i+1}>``.
        named: The ids behind each word that is a name or a stored value, without those that it only may mean.
        each: Those of what stands behind the first "each", "every", "per" or "in different".
    """

    asked: str
    text: str
    literals: tuple[Literal, ...]
    named: tuple[tuple[str, ...], ...] = ()
    each: tuple[str, ...] = ()


def mark_question(
    question: str, names: SchemaNames, values: ValueIndex, periods: Sequence[FoundPeriod] = ()
) -> MarkedQuestion:
    """Mark the literals of a question and link its words to the schema.

    Literals are quoted strings, stored values, the months and days in ``periods``, numbers, dates and unknown proper
    names.

    Returns:
        ``<q> names <n1> <c1> of singers <n2> <t0> from <v1> france <n3> <c4> who earn <n4> ~ <c7> most``: behind a
        literal the columns that store it, behind other words the ids of what they name, or behind ``~`` of what they
        may mean. The groups of ids are numbered, since a small model takes the second of three columns twice when only
        the words between them tell their order.
    """
    spans = _literal_spans(question, names, values, periods)[:MAX_LITERALS]
    words: list[str] = []  # of the question outside its literals; "" stands for a literal
    position = 0
    for start, end, _ in spans:
        words += [*plain_words(question[position:start]).split(), ""]
        position = end
    words += plain_words(question[position:]).split()
    stored = [_storing_columns(literal, names) for _, _, literal in spans]
    tables = {names.table_ids[table] for columns in stored for table, _ in columns}
    blanks = [place for place, word in enumerate(words) if not word]
    years = [place for place, (_, _, literal) in zip(blanks, spans, strict=True) if literal.is_year]
    behind = {link.end: link for link in names.links.link(_to_link(words, names), tables, years)}
    parts, number, groups = ["<q>"], 0, 0
    named: list[tuple[str, ...]] = []
    for place, word in enumerate(words, 1):
        if word:
            parts.append(word)
            linked: list[str] = []
        else:
            linked = [names.column_ids[column] for column in stored[number][:_MAX_HINTS]]
            parts += [f"<v{number + 1}>", plain_words(spans[number][2].text)]
            number += 1
        if place in behind:
            linked += [*([] if behind[place].exact else ["~"]), *behind[place].ids]
        if linked and "~" not in linked:
            named.append(tuple(linked))
        if linked:
            groups += 1
            parts += [f"<n{min(groups, MAX_LINKS)}>", *linked]
    literals = tuple(literal for _, _, literal in spans)
    of_each = (link.ids for link in behind.values() if link.exact and _stands_behind_each(words, link.start))
    text = " ".join(part for part in parts if part)
    return MarkedQuestion(question, text, literals, tuple(named), next(of_each, ()))


def _stands_behind_each(words: Sequence[str], place: int) -> bool:
    before = words[max(place - 2, 0) : place]
    return before[-1:] != [] and (before[-1] in _EACH or (before[-1] == "different" and before[0] in ("in", "for")))


def _to_link(words: Sequence[str], names: SchemaNames) -> list[str]:
    """The words, without those that speak of the question's amount in further words: "units" that were "sold"."""
    if names.amount is None:
        return list(words)
    return ["" if word in ASKED and word != names.amount.name else word for word in words]


def _literal_spans(
    question: str, names: SchemaNames, values: ValueIndex, periods: Sequence[FoundPeriod]
) -> list[tuple[int, int, Literal]]:
    spans: list[tuple[int, int, Literal]] = []

    def add(start: int, end: int, literal: Literal) -> None:
        if literal.text.strip() and lies_apart((start, end), (other[:2] for other in spans)):
            spans.append((start, end, replace(literal, preposition=_last_word(question[:start]))))

    for quoted in _QUOTED.finditer(question):
        text = next(group for group in quoted.groups() if group is not None)
        found = values.find(text)
        whole = [match for match in found if (match.start, match.end) == (0, len(text))]
        if not whole and _in_several_columns(text, found):
            ends = [quoted.start(), *(quoted.start() + 1 + match.end for match in found[:-1]), quoted.end()]
            for match, start, end in zip(found, ends, ends[1:], strict=False):
                add(start, end, Literal(text[match.start : match.end], match.values))
            continue
        add(*quoted.span(), Literal(text, whole[0].values if whole else ()))
    for match in values.find(question, plurals=True):
        text = question[match.start : match.end]
        if not (text.islower() and (names.links.names(text) or text in _NEVER_VALUES)):  # "driver" is the table first
            add(match.start, match.end, Literal(text, match.values))
    for start, end, period in periods:
        add(start, end, Literal(period.read_as, period=period))
    for number in _NUMBER.finditer(question):
        add(*number.span(), Literal(number.group().rstrip(",")))
    for name in _NAME.finditer(question):
        start, text = _without_function_words(name.start(), name.group().rstrip(".,'’-"))
        add(start, start + len(text), Literal(text))
    return sorted(spans, key=lambda span: span[0])


def _without_function_words(start: int, name: str) -> tuple[int, str]:
    """A name without the words in front that only begin a sentence: "..., How about Bonn"."""
    while name and name.split(" ")[0].casefold() in function_words():
        head, blank, name = name.partition(" ")
        start += len(head) + len(blank)
    return start, name


def _last_word(text: str) -> str:
    return next((word for word in reversed(text.lower().split()) if word not in _NO_PREPOSITIONS), "")


def _in_several_columns(text: str, found: Sequence[ValueMatch]) -> bool:
    """Whether the stored values in a quoted text are all of it and stand side by side in one table: "Ada Lovelace"."""
    said = sum(len(text[match.start : match.end].split()) for match in found)
    tables = [{value.table for value in match.values} for match in found]
    return len(found) > 1 and said == len(text.split()) and bool(set.intersection(*tables))


def _storing_columns(literal: Literal, names: SchemaNames) -> list[tuple[str, str]]:
    """(table, column) of the shown columns that store a literal."""
    stored = dict.fromkeys((value.table.lower(), value.column.lower()) for value in literal.values)
    return [column for column in stored if column in names.column_ids]
