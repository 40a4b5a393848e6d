"""The row with the most of something, and the first few rows."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.conditions import condition
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import DATE_KINDS, NUMERIC_KINDS, quoted
from finetune.synthesis.patterns.registry import Candidate, pattern
from finetune.synthesis.patterns.subject import Condition, request, request_one, subject

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


def _extreme(draw: Draw, count: int, filtered: bool = False) -> Candidate | None:
    table = draw.table(draw.numeric)
    found = superlative(draw, table) if table else None
    if table is None or found is None:
        return None
    limit = condition(draw, table, besides=(found.column.name,)) if filtered else None
    if filtered and limit is None:
        return None
    shown = draw.projection(table, count, (found.column.name,))
    if len(shown) < count:
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
    return Candidate(question, sql)


@pattern(1.9, FAMILY)
def extreme_one_column(draw: Draw) -> Candidate | None:
    """The name of the oldest student."""
    return _extreme(draw, 1)


@pattern(1.3, FAMILY)
def extreme_two_columns(draw: Draw) -> Candidate | None:
    """The name and the country of the oldest student."""
    return _extreme(draw, 2)


@pattern(1.2, FAMILY)
def extreme_filtered(draw: Draw) -> Candidate | None:
    """The name of the oldest student from France."""
    return _extreme(draw, draw.choice((1, 1, 2)), True)


@pattern(1.5, FAMILY)
def extreme_name(draw: Draw) -> Candidate | None:
    """Who is the oldest student? Which student has the highest age, and what is it?"""
    table = draw.table(lambda t: draw.identity(t) and draw.numeric(t))
    found = superlative(draw, table) if table else None
    if table is None or found is None:
        return None
    row = subject(draw, table, _as_condition(found)).singular
    shown = [draw.ref(table, c) for c in draw.identity(table)]
    ref = draw.ref(table, found.column)
    one = draw.noun(table)[0]
    if found.before:
        opening = (
            "[Who is the {row}|Which {one} is the {before}]"
            if draw.lookup.is_person(table)
            else "[Which {one} is the {before}|What is the {row}|Which is the {row}]"
        )
    else:
        opening = "Which {one} [has|has|has|has] {after}"
    question = draw.say(
        opening,
        row=row,
        one=one,
        before=found.before,
        after=found.after[found.after.find("the ") :] if found.after else "",
    )
    if draw.chance(0.18):
        column = draw.phrase(table, found.column)
        question += draw.say(
            "[, and what is [its|the|their] {column}| and what is [the|its] {column}|? Also show the {column}]",
            column=column,
        )
        shown.append(ref)
    elif draw.chance(0.12):
        extra = draw.projection(table, 1, [found.column.name, *(c.name for c in draw.identity(table))])
        if extra:
            question += draw.say(
                "? [Show|Give|List|Return|Also give] [its|the] name and {column}", column=draw.phrase(table, extra[0])
            )
            shown.append(draw.ref(table, extra[0]))
    return Candidate(question, select(shown, quoted(table.name), order=found.order(ref), limit=1))


@pattern(1.6, FAMILY)
def top_rows(draw: Draw) -> Candidate | None:
    """The names of the three oldest students."""
    table = draw.table(draw.numeric)
    found = superlative(draw, table) if table else None
    shown = draw.projection(table, draw.choice((1, 1, 2)), (found.column.name,)) if table and found else []
    if table is None or found is None or not shown:
        return None
    limit = condition(draw, table, besides=(found.column.name,)) if draw.chance(0.2) else None
    number = draw.choice((2, 3, 3, 3, 4, 5, 5, 5, 7, 8, 10, 10, 20))
    rows = subject(draw, table, *([limit] if limit else []))
    phrases = [wording.plural(draw.phrase(table, c)) for c in shown]
    top = "bottom" if not found.descending else "top"
    if found.before:
        group = f"{wording.number_word(number, draw.rng)} {found.before} {rows.plural}"
    elif draw.chance(0.35) and not found.before:
        group = f"{top} {wording.number_word(number, draw.rng)} {rows.plural} by {draw.phrase(table, found.column)}"
    else:
        group = f"{wording.number_word(number, draw.rng)} {rows.plural} {found.after.replace('<have>', 'have')}"
    wanted = draw.say("the {columns} of the {group}", columns=wording.join_words(phrases, draw.rng), group=group)
    ref = draw.ref(table, found.column)
    sql = select(
        [draw.ref(table, c) for c in shown], quoted(table.name), rows.where, order=found.order(ref), limit=number
    )
    return Candidate(request(draw, wanted, True), sql)


@pattern(0.25, FAMILY)
def second_row(draw: Draw) -> Candidate | None:
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
    return Candidate(request_one(draw, shown, row, table), sql)
