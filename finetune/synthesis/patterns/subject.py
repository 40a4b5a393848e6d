"""Noun phrases for rows and columns, and how to ask for them: "the names and ages of students from France"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw


@dataclass(frozen=True, slots=True)
class Condition:
    """A restriction: its SQL, and its words after or before the noun; ``<are>`` and ``<have>`` agree with the noun."""

    sql: str
    after: str
    before: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Rows that a question is about."""

    table: DescribedTable
    singular: str
    plural: str
    where: str = ""
    limited: bool = False
    name_like: tuple[DescribedColumn, ...] = ()


_AGREEMENT = {
    True: (
        ("<are>", "are"),
        ("<have>", "have"),
        ("<do>", "do"),
        ("<their>", "their"),
        ("<were>", "were"),
        ("<cost>", "cost"),
    ),
    False: (
        ("<are>", "is"),
        ("<have>", "has"),
        ("<do>", "does"),
        ("<their>", "its"),
        ("<were>", "was"),
        ("<cost>", "costs"),
    ),
}


def agree(text: str, many: bool) -> str:
    """Put verbs in the singular or the plural."""
    for token, word in _AGREEMENT[many]:
        text = text.replace(token, word)
    return text


def subject(draw: Draw, table: DescribedTable, *conditions: Condition, joiner: str = "and") -> Subject:
    """The rows of a table that fulfil all conditions (or, with ``joiner`` "or", any)."""
    noun = draw.noun(table)
    before = " ".join(condition.before for condition in conditions if condition.before)
    after = f" {joiner} ".join(condition.after for condition in conditions if condition.after)
    many, one = (f"{before} {noun[form]} {after}".strip() for form in (1, 0))
    where = f" {joiner.upper()} ".join(condition.sql for condition in conditions if condition.sql)
    return Subject(table, agree(one, False), agree(many, True), where, bool(conditions), draw.naming(table))


def column_phrases(draw: Draw, table: DescribedTable, columns: Sequence[DescribedColumn]) -> list[str]:
    """One phrase for each column, all different."""
    phrases = [draw.phrase(table, column) for column in columns]
    if len(set(phrases)) < len(phrases):
        phrases = [draw.lookup.phrases[table.name, column.name][0] for column in columns]
    return phrases


def columns_of(
    draw: Draw, columns: Sequence[DescribedColumn], rows: Subject, distinct: bool = False
) -> tuple[str, bool]:
    """Columns of several rows, in order ("the names and ages of all students"), and whether that is a plural."""
    phrases = column_phrases(draw, rows.table, columns)
    several = [wording.plural(phrase) for phrase in phrases]
    singular, joined = wording.join_words(phrases, draw.rng), wording.join_words(several, draw.rng)
    if distinct:
        return draw.say(
            "[all |the |]<distinct> {columns} [of|of|for|among] [all |the |]{rows}", columns=joined, rows=rows.plural
        ), True
    if len(phrases) == 1 and " of " not in phrases[0] and not rows.limited and draw.chance(0.12):
        return draw.say("[the|all|all the] {row} {column}", row=rows.singular, column=several[0]), True
    if draw.chance(0.3):
        each = draw.choice(("each", "each", "each", "every", "all the", "the"))
        noun = rows.singular if each in ("each", "every") else rows.plural
        text = draw.say("the {columns} [of|of|for] {each} {row}", columns=singular, each=each, row=noun)
        return text, len(columns) > 1
    before = "the" if draw.chance(0.85) else ""
    text = draw.say(
        "{the} {columns} [of|of|of|for] [all|the|all the||] {rows}", the=before, columns=joined, rows=rows.plural
    )
    return text, True


def request(draw: Draw, wanted: str, many: bool = True) -> str:
    """Ask for a noun phrase: a question, an order, or just the phrase."""
    style = draw.rng.random()
    if style < 0.43:
        return f"What {'are' if many else 'is'} {wanted}"
    if style < 0.85:
        return draw.say("<show> {wanted}", wanted=wanted)
    if style < 0.91:
        return draw.say("<ask> {wanted}", wanted=wanted)
    return wanted.removeprefix("the ")


def request_columns(draw: Draw, columns: Sequence[DescribedColumn], rows: Subject, distinct: bool = False) -> str:
    """Ask for columns of several rows, in one of many ways; the columns keep their order."""
    identity = tuple(columns) == rows.name_like
    if identity and not distinct and draw.chance(0.5):
        return which_rows(draw, rows)
    if rows.limited and not distinct and draw.chance(0.16 if len(columns) > 1 else 0.06):
        return f"{_which(draw, rows)}? {then_show(draw, rows.table, columns, True)}"
    if len(columns) > 1 and not distinct and draw.chance(0.12):
        phrases = wording.join_words(column_phrases(draw, rows.table, columns), draw.rng)
        return draw.say(
            "For [each|every] {row}, [show|list|give|what is|return|find|what are] [the|its|the] {columns}",
            row=rows.singular,
            columns=phrases,
        ).replace(" its ", " the ")
    return request(draw, *columns_of(draw, columns, rows, distinct))


def which_rows(draw: Draw, rows: Subject) -> str:
    """Ask for the rows themselves, meaning their names."""
    if not rows.limited or draw.chance(0.3):
        return draw.say("<show> [all|the|all the|] {rows}", rows=rows.plural)
    return _which(draw, rows)


def _which(draw: Draw, rows: Subject) -> str:
    """A question for the rows, without its question mark: "Which students are from France"."""
    if draw.lookup.is_person(rows.table) and draw.chance(0.35):
        return draw.say("Who are the {rows}", rows=rows.plural)
    for opening in ("that are ", "who are ", "that have ", "which are ", "which have ", "who have "):
        noun, found, rest = rows.plural.partition(opening)
        if found and draw.chance(0.8) and names_rows(draw, rows, noun):
            return f"Which {noun}{opening.split(' ', 1)[1]}{rest}"
    return draw.say("[Which {rows} are there|What are the {rows}|Which are the {rows}]", rows=rows.plural)


def then_show(draw: Draw, table: DescribedTable, columns: Sequence[DescribedColumn], many: bool) -> str:
    """A second sentence that names the columns of the row or rows just asked for: "List their names and ages"."""
    phrases = column_phrases(draw, table, columns)
    if many and draw.chance(0.7):
        phrases = [wording.plural(phrase) for phrase in phrases]
    own = "their" if many or draw.lookup.is_person(table) else "its"
    whose = draw.choice((own, own, "the", "the", f"the {draw.noun(table)[0]}'s" if not many else own))
    return draw.say(
        "[<show>|<show>|List|List|Give me|Find|Return] {whose} {columns}",
        whose=whose, columns=wording.join_words(phrases, draw.rng),
    )  # fmt: skip


def names_rows(draw: Draw, rows: Subject, words: str) -> bool:
    """Whether the words end in a noun of the rows themselves, not of rows that they are related to."""
    return any(words.endswith(many) for _, many in draw.lookup.nouns[rows.table.name])


def request_one(draw: Draw, columns: Sequence[DescribedColumn], row: str, table: DescribedTable) -> str:
    """Ask for columns of a single row, given as a noun phrase with its article."""
    phrases = column_phrases(draw, table, columns)
    joined = wording.join_words(phrases, draw.rng)
    many = len(columns) > 1 and draw.chance(0.6)
    return request(draw, draw.say("the {columns} [of|of|of|for] {row}", columns=joined, row=row), many)
