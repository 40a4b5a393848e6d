"""The row with the most of something, and the first few rows."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, NUMERIC_KINDS, quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Condition, Subject, request, request_one, subject, then_show

FAMILY = "superlatives"


@dataclass(frozen=True, slots=True)
class Superlative:
    """An extreme of a column: "oldest" where there is such a word, and "with the highest age"."""

    column: DescribedColumn
    descending: bool
    before: str
    after: str

    def order(self, ref: str) -> str:
        """The ORDER BY key."""
        return f"{ref} DESC" if self.descending else ref


def superlative(draw: Draw, table: DescribedTable, besides: tuple[str, ...] = ()) -> Superlative | None:
    """An extreme of some measured column of the table."""
    column = draw.measured(table, besides)
    if column is None:
        return None
    most = column.nullable or draw.chance(0.65)
    phrase = draw.phrase(table, column)
    degrees = wording.degrees_of(phrase)
    others = [wording.degrees_of(c.phrases[0]) for c in table.columns if c.name != column.name]
    if degrees is not None and degrees not in others and draw.chance(0.5):
        return Superlative(column, most, draw.choice(degrees.most if most else degrees.least), "")
    if column.kind in DATE_KINDS or column.kind == "year":
        word = "[latest|most recent|latest]" if most else "[earliest|earliest|first]"
    elif column.kind in NUMERIC_KINDS and phrase.startswith("number of "):
        word = "[highest|largest|greatest]" if most else "[lowest|smallest]"
        if draw.chance(0.5):
            amount = "most" if most else draw.choice(("fewest", "least"))
            return Superlative(column, most, "", f"with the {amount} {phrase.removeprefix('number of ')}")
    else:
        word = "[highest|highest|largest|greatest|maximum|biggest]" if most else "[lowest|lowest|smallest|minimum]"
    words = draw.say("[with|with|that <have>|having] the " + word + " {column}", column=phrase)
    return Superlative(column, most, "", words)


def _as_condition(found: Superlative) -> Condition:
    return Condition("", found.after, found.before)


def _extreme(draw: Draw, count: int, filtered: bool = False) -> DrawnPair | None:
    table = draw.table(draw.numeric)
    found = superlative(draw, table) if table else None
    if table is None or found is None:
        return None
    limit = condition(draw, table, besides=(found.column.name,)) if filtered else None
    if filtered and limit is None:
        return None
    shown = draw.projection(table, count, (found.column.name,))
    if not shown:
        return None
    rows = subject(draw, table, _as_condition(found), *([limit] if limit else []))
    text = rows.singular
    if limit and limit.after and found.after:
        text = f"{subject(draw, table, limit).singular} {found.after.replace('<have>', 'has')}"
    elif limit and limit.after:
        text = f"{found.before} {subject(draw, table, limit).singular}"
    where = limit.sql if limit else ""
    question = request_one(draw, shown, f"the {text}", table)
    ref = draw.ref(table, found.column)
    sql = select([draw.ref(table, c) for c in shown], quoted(table.name), where, order=found.order(ref), limit=1)
    return DrawnPair(question, sql)


@pattern(1.9, FAMILY)
def extreme_one_column(draw: Draw) -> DrawnPair | None:
    """The name of the oldest student."""
    return _extreme(draw, 1)


@pattern(1.8, FAMILY)
def extreme_several_columns(draw: Draw) -> DrawnPair | None:
    """The name, the country and more of the oldest student."""
    return _extreme(draw, draw.choice((2, 2, 3, 3, 4)))


@pattern(1.2, FAMILY)
def extreme_filtered(draw: Draw) -> DrawnPair | None:
    """The name of the oldest student from France."""
    return _extreme(draw, draw.width(), True)


def _which_is(draw: Draw, found: Superlative, rows: Subject) -> str:
    """A question for the extreme one among the rows, without its mark: "Who is the oldest student from France"."""
    one = rows.singular
    if not found.before:
        return f"Which {one} has {found.after[found.after.find('the ') :]}"
    person = draw.lookup.is_person(rows.table)
    opening = "[Who is the {before} {one}|Which {one} is the {before}]" if person else (
        "[Which {one} is the {before}|What is the {before} {one}|What is the {before} {one}|"
        "Which is the {before} {one}]"
    )  # fmt: skip
    return draw.say(opening, one=one, before=found.before)


def _among(draw: Draw, table: DescribedTable, found: Superlative, share: float) -> Subject:
    """All rows, or in that share of the calls those that fulfil a condition."""
    limit = condition(draw, table, besides=(found.column.name,)) if draw.chance(share) else None
    return subject(draw, table, *([limit] if limit else []))


@pattern(1.9, FAMILY)
def extreme_name(draw: Draw) -> DrawnPair | None:
    """Who is the oldest student? Which student has the highest age, and what is it?"""
    table = draw.table(lambda t: draw.naming(t) and draw.numeric(t))
    found = superlative(draw, table) if table else None
    if table is None or found is None:
        return None
    rows = _among(draw, table, found, 0.35)
    shown = [draw.ref(table, c) for c in draw.naming(table)]
    ref = draw.ref(table, found.column)
    question = _which_is(draw, found, rows)
    if draw.chance(0.18):
        question += draw.say(
            "[, and what is [its|the|their] {column}| and what is [the|its] {column}|? Also show the {column}]",
            column=draw.phrase(table, found.column),
        )
        shown.append(ref)
    return DrawnPair(question, select(shown, quoted(table.name), rows.where, order=found.order(ref), limit=1))


@pattern(1.4, FAMILY)
def extreme_then_columns(draw: Draw) -> DrawnPair | None:
    """Which student is the oldest? List the student's name, age and country."""
    table = draw.table(draw.numeric)
    found = superlative(draw, table) if table else None
    shown = draw.projection(table, draw.choice((1, 2, 2, 3, 3, 4))) if table else []
    if table is None or found is None or not shown:
        return None
    rows = _among(draw, table, found, 0.2)
    question = f"{_which_is(draw, found, rows)}? {then_show(draw, table, shown, False)}"
    sql = select(
        [draw.ref(table, c) for c in shown],
        quoted(table.name),
        rows.where,
        order=found.order(draw.ref(table, found.column)),
        limit=1,
    )
    return DrawnPair(question, sql)


def _top(draw: Draw, table: DescribedTable, found: Superlative, number: int, rows: Subject) -> str:
    """Words such as "three oldest students", "top 5 oldest students", "top 3 students by age"."""
    said = wording.number_word(number, draw.rng)
    if found.before:
        return f"{draw.choice(('', '', 'top '))}{said} {found.before} {rows.plural}"
    if draw.chance(0.35):
        top = "bottom" if not found.descending else "top"
        return f"{top} {said} {rows.plural} by {draw.phrase(table, found.column)}"
    top = "top " if found.descending and draw.chance(0.2) else ""
    return f"{top}{said} {rows.plural} {found.after.replace('<have>', 'have')}"


@pattern(2.4, FAMILY)
def top_rows(draw: Draw) -> DrawnPair | None:
    """The names of the three oldest students."""
    table = draw.table(draw.numeric)
    found = superlative(draw, table) if table else None
    shown = draw.projection(table, draw.width(), (found.column.name,)) if table and found else []
    if table is None or found is None or not shown:
        return None
    number = draw.choice((2, 3, 3, 3, 4, 5, 5, 5, 7, 8, 10, 10, 20))
    rows = _among(draw, table, found, 0.2)
    if draw.naming(table) and draw.chance(0.35):
        shown = list(draw.naming(table))
        question = _which_few(draw, table, found, number, rows)
    else:
        phrases = [wording.plural(draw.phrase(table, c)) for c in shown]
        columns, group = wording.join_words(phrases, draw.rng), _top(draw, table, found, number, rows)
        question = request(draw, draw.say("the {columns} of the {group}", columns=columns, group=group), True)
    order = found.order(draw.ref(table, found.column))
    sql = select([draw.ref(table, c) for c in shown], quoted(table.name), rows.where, order=order, limit=number)
    return DrawnPair(question, sql)


def _which_few(draw: Draw, table: DescribedTable, found: Superlative, number: int, rows: Subject) -> str:
    """Ask for the first few rows themselves: "Which three students have the highest age"."""
    if not found.before and draw.chance(0.5):
        said = wording.number_word(number, draw.rng, 0.6)
        return f"Which {said} {rows.plural} have {found.after[found.after.find('the ') :]}"
    who = "Who" if draw.lookup.is_person(table) else "What"
    group = _top(draw, table, found, number, rows)
    return draw.say(
        "[{who} are the {group}|Which are the {group}|<show> the {group}|the {group}]", who=who, group=group
    )


@pattern(0.25, FAMILY)
def second_row(draw: Draw) -> DrawnPair | None:
    """The name of the student with the second highest age."""
    table = draw.table(draw.numeric)
    column = draw.numeric(table) if table else None
    shown = draw.projection(table, 1, (column.name,)) if table and column else []
    if table is None or column is None or not shown:
        return None
    place, offset = draw.choice((("second", 1), ("second", 1), ("third", 2)))
    down = draw.chance(0.75)
    row = draw.say(
        "the {row} with the {place} {rank} {column}",
        row=draw.noun(table)[0],
        place=place,
        rank=draw.say("[highest|largest]" if down else "[lowest|smallest]"),
        column=draw.phrase(table, column),
    )
    order = draw.ref(table, column) + (" DESC" if down else "")
    sql = f"{select([draw.ref(table, shown[0])], quoted(table.name), order=order)} LIMIT 1 OFFSET {offset}"
    return DrawnPair(request_one(draw, shown, row, table), sql)
