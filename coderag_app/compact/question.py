"""A question with its literals marked, so that the model points at them instead of spelling them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from coderag_app.compact.names import SchemaNames, plain_words
from coderag_app.value_index import StoredValue, ValueIndex

MAX_LITERALS = 9
_MAX_HINTS = 3
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’")
_NUMBER = re.compile(r"(?<![\w.])\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?|(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*)*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal of the question: its text as asked, and the stored values that equal it."""

    text: str
    values: tuple[StoredValue, ...] = ()

    @property
    def number(self) -> str | None:
        """The literal as an SQL number, or None."""
        plain = self.text.replace(",", "")
        return plain if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None

    def stored_in(self, table: str, column: str) -> str | None:
        """The value's stored spelling in that column, or None."""
        wanted = (table.lower(), column.lower())
        return next((v.text for v in self.values if (v.table.lower(), v.column.lower()) == wanted), None)


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """The question as the model reads it; ``literals[i]`` is ``<v{i+1}>``."""

    text: str
    literals: tuple[Literal, ...]


def mark_question(question: str, names: SchemaNames, values: ValueIndex) -> MarkedQuestion:
    """Mark quoted strings, stored values, numbers, dates and unknown proper names of a question.

    Returns:
        ``<q> singers from <v1> france ? <v1> singer . country``: the words, then for each literal the columns
        that store it.
    """
    spans = _literal_spans(question, values)[:MAX_LITERALS]
    parts, position = [], 0
    for number, (start, end, literal) in enumerate(spans, 1):
        parts += [plain_words(question[position:start]), f"<v{number}>", plain_words(literal.text)]
        position = end
    parts.append(plain_words(question[position:]))
    hints = [
        f"<v{number}> {columns}"
        for number, (_, _, literal) in enumerate(spans, 1)
        if (columns := _hint_columns(literal, names))
    ]
    text = " ".join(part for part in ("<q>", *parts, *hints) if part)
    return MarkedQuestion(text, tuple(literal for _, _, literal in spans))


def _literal_spans(question: str, values: ValueIndex) -> list[tuple[int, int, Literal]]:
    spans: list[tuple[int, int, Literal]] = []

    def add(start: int, end: int, literal: Literal) -> None:
        if literal.text.strip() and all(end <= other[0] or start >= other[1] for other in spans):
            spans.append((start, end, literal))

    for quoted in _QUOTED.finditer(question):
        text = next(group for group in quoted.groups() if group is not None)
        whole = [m for m in values.find(text) if (m.start, m.end) == (0, len(text))]
        add(*quoted.span(), Literal(text, whole[0].values if whole else ()))
    for match in values.find(question):
        add(match.start, match.end, Literal(question[match.start : match.end], match.values))
    for number in _NUMBER.finditer(question):
        add(*number.span(), Literal(number.group().rstrip(",")))
    for name in _NAME.finditer(question):
        text = name.group().rstrip(".,'’-")
        add(name.start(), name.start() + len(text), Literal(text))
    return sorted(spans, key=lambda span: span[0])


def _hint_columns(literal: Literal, names: SchemaNames) -> str:
    columns = dict.fromkeys(
        names.column_text(value.table, value.column)
        for value in literal.values
        if (value.table.lower(), value.column.lower()) in names.columns
    )
    return " , ".join(list(columns)[:_MAX_HINTS])
