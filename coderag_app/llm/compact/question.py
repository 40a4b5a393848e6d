"""A question with its literals marked, so that the model points at them instead of spelling them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coderag_app.llm.compact.amounts import ASKED
from coderag_app.llm.compact.schema_names import SchemaNames, plain_words
from coderag_app.question.periods.phrases import FoundPeriod
from coderag_app.question.said_literals import Literal, literal_spans
from coderag_app.schema.value_index import ValueIndex

MAX_LITERALS = 9
MAX_LINKS = 15
_MAX_HINTS = 3
_EACH = frozenset("each every per".split())


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
    spans = literal_spans(question, lambda text: bool(names.links.names(text)), values, periods)[:MAX_LITERALS]
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


def _storing_columns(literal: Literal, names: SchemaNames) -> list[tuple[str, str]]:
    """(table, column) of the shown columns that store a literal."""
    stored = dict.fromkeys((value.table.lower(), value.column.lower()) for value in literal.values)
    return [column for column in stored if column in names.column_ids]
