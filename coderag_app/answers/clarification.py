"""What a question leaves open: words that fit several columns equally well, and how to ask for one of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from coderag_app.errors import SQLRejectedError
from coderag_app.question.read_question import Question, read_question
from coderag_app.schema.name_words import content_words, name_words, singular
from coderag_app.schema.tables import Schema, Table
from coderag_app.schema.value_index import ValueIndex, ValueMatch
from coderag_app.sql.guard import check_sql
from coderag_app.types import SQLAnswer

MOST_READINGS = 4
_NAMES = frozenset({"name", "title", "label"})
_TOO_COMMON = frozenset("id key code number total order count type date time".split())
_NEAR_BEFORE, _NEAR_AFTER = 2, 1  # words between a table and a value that belongs to it: "stores in Lyon"

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that the words may mean.

    Attributes:
        label: In words, such as "city of customers".
        question: The question with this said in it.
    """

    table: str
    column: str
    label: str
    question: str


@dataclass(frozen=True, slots=True)
class Clarification:
    """Words of a question that several columns fit equally well.

    Attributes:
        words: The words, as they were asked.
        taken: What the answer took them for, in words; empty where there is no answer.
        readings: The others; without an answer all of them.
    """

    words: str
    taken: str
    readings: tuple[Reading, ...]

    @property
    def text(self) -> str:
        """What to ask the person, before the readings."""
        taken = f'"{self.words}" was taken as the {self.taken}.' if self.taken else f'"{self.words}" is not clear.'
        return f"{taken} Did you mean the {' or the '.join(reading.label for reading in self.readings)}?"


def clarify(answer: SQLAnswer, schema: Schema | None, values: ValueIndex) -> Clarification | None:
    """The first words of an answered question that could as well mean another column than the SQL reads.

    A stored value is unclear when several columns store it and the question names neither one of them nor, near the
    value, its table. A column's name is unclear when several tables have it and the question is about none of them.
    A foreign key and the column it refers to count as one, and so does what is named after it: "store_name".

    Returns:
        None where nothing is unclear, where the SQL reads none or several of the columns, and for SQL that no model
        wrote: a person's own, a verified query, a follow-up that changes the last query.
    """
    if schema is None or not any(attempt.reply for attempt in answer.attempts):
        return None
    used = _columns_of(answer.sql, schema) if answer.ok else None
    for words, readings in _Readings(read_question(answer.question, schema, values), schema).unclear():
        if used is None:
            return Clarification(words, "", readings[:MOST_READINGS])
        taken = [reading for reading in readings if (reading.table.lower(), reading.column.lower()) in used]
        if len(taken) == 1:
            others = tuple(reading for reading in readings if reading is not taken[0])
            return Clarification(words, taken[0].label, others[:MOST_READINGS])
    return None


def _columns_of(sql: str, schema: Schema) -> frozenset[Place]:
    try:
        checked = check_sql(sql, schema, schema.dialect)
    except SQLRejectedError:
        return frozenset()
    return frozenset((place.split(".", 1)[0], place.split(".", 1)[1]) for place in checked.columns)


class _Readings:
    """What the names and values of a question may mean, with the places in it that name tables."""

    def __init__(self, question: Question, schema: Schema) -> None:
        self.text = text = question.text
        self.schema = schema
        self.spans = [(word.start, word.end) for word in question.words]
        self.words = [singular(word.folded) for word in question.words]
        self.matches = [match for match in question.values if not self._is_no_value(text[match.start : match.end])]
        self.tables = {table.name: self._found(content_words(table.name)) for table in schema.tables}

    def unclear(self) -> Iterator[tuple[str, tuple[Reading, ...]]]:
        """Unclear words with what they may mean: values first, then names."""
        for match in self.matches:
            places = self._best(match, self._merged([(value.table, value.column) for value in match.values]))
            if len(places) > 1:
                yield self.text[match.start : match.end], self._readings(places, match.start, _value_words)
        for phrase, places in self._names().items():
            found = [] if self._is_about_one_with(phrase) else self._found(phrase)
            if len(places) > 1 and found:
                start, end = self.spans[found[0]][0], self.spans[found[0] + len(phrase) - 1][1]
                yield self.text[start:end], self._readings(places, start, _name_words)

    def _is_about_one_with(self, phrase: tuple[str, ...]) -> bool:
        """Whether the question is about a table with such a column, as customers have a name in "first_name"."""
        storing = {value.table for match in self.matches for value in match.values}
        about = (table for table in self.schema.tables if self.tables[table.name] or table.name in storing)
        return any(set(phrase) <= set(words) for table in about for words in _columns(table))

    def _is_no_value(self, text: str) -> bool:
        """Whether a value is a bare number, or in lower case a table's or column's name, and so most likely that."""
        named = (words for table in self.schema.tables for words in (content_words(table.name), *_columns(table)))
        return text.isdigit() or (text.islower() and content_words(text) in set(named))

    def _found(self, words: Sequence[str]) -> list[int]:
        """Where in the question these words stand together."""
        size = len(words)
        return [at for at in range(len(self.words) - size + 1) if size and self.words[at : at + size] == list(words)]

    def _merged(self, places: Sequence[Place]) -> list[Place]:
        """The places, of those that hold the same thing the first."""
        kept: dict[tuple[tuple[str, ...], ...], Place] = {}
        for place in places:
            kept.setdefault(self._thing(place), place)
        return list(kept.values())

    def _thing(self, place: Place) -> tuple[tuple[str, ...], ...]:
        """What a column holds: its foreign key says it, or its name, as "store_name" is the name of stores anywhere."""
        table = self.schema.table(place[0])
        for key in table.foreign_keys if table is not None else ():
            if [name.lower() for name in key.columns] == [place[1].lower()]:
                return content_words(key.ref_table), content_words(key.ref_columns[0] if key.ref_columns else place[1])
        words = content_words(place[1])
        for name in (content_words(table.name) for table in self.schema.tables):
            if name and words[: len(name)] == name and len(words) > len(name):
                return name, words[len(name) :]
        return content_words(place[0]), words

    def _best(self, match: ValueMatch, places: Sequence[Place]) -> list[Place]:
        """Of the columns that store a value those that the question points at most."""
        first = next((at for at, (start, _) in enumerate(self.spans) if start >= match.start), len(self.spans))
        last = first + sum(match.start <= start < match.end for start, _ in self.spans)
        around = {*self.words[:first], *self.words[last:]}

        def pointed_at(place: Place) -> tuple[bool, bool, bool]:
            own = [word for word in content_words(place[1]) if word not in content_words(place[0])]
            named = self.tables.get(place[0], [])
            size = len(content_words(place[0]))
            near = any(
                0 <= first - (at + size) <= _NEAR_BEFORE if at < first else at - last < _NEAR_AFTER for at in named
            )
            return bool(own) and set(own) <= around and not set(own) <= _NAMES, near, bool(named)

        best = max(map(pointed_at, places), default=None)
        return [place for place in places if pointed_at(place) == best]

    def _names(self) -> dict[tuple[str, ...], list[Place]]:
        """The names of columns that several tables have, with the columns; none that is also a table's name."""
        found: dict[tuple[str, ...], list[Place]] = {}
        for table in self.schema.tables:
            for column in table.columns:
                words = content_words(column.name)
                if words and not set(words) <= _TOO_COMMON:
                    found.setdefault(words, []).append((table.name, column.name))
        tables = {content_words(table.name) for table in self.schema.tables}
        return {words: self._merged(places) for words, places in found.items() if words not in tables}

    def _readings(self, places: Sequence[Place], start: int, said: Callable[[Place, bool], str]) -> tuple[Reading, ...]:
        one_table = len({table for table, _ in places}) == 1
        return tuple(
            Reading(
                place[0], place[1], _label(place),
                f"{self.text[:start]}{said(place, one_table)} {self.text[start:]}".strip(),
            )
            for place in places
        )  # fmt: skip


def _columns(table: Table) -> Iterator[tuple[str, ...]]:
    return (content_words(column.name) for column in table.columns)


def _label(place: Place) -> str:
    """The column and its table in words; what the column's name repeats of the table's is said once."""
    column = name_words(place[1]).split()
    own = [word for word in column if singular(word) not in content_words(place[0])]
    return f"{' '.join(own or column) or place[1]} of {name_words(place[0]) or place[0]}"


def _value_words(place: Place, one_table: bool) -> str:
    """What to say before a value: the table, and the column unless that is a name."""
    table, column = content_words(place[0]), content_words(place[1])
    own = tuple(word for word in column if word not in table and word not in _NAMES)
    return " ".join(own or column) if one_table else " ".join((*table, *own))


def _name_words(place: Place, one_table: bool) -> str:
    """What to say before a column's name: its table."""
    return " ".join(content_words(place[0]))
