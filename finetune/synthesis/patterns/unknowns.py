"""Missing and known values, alone and with another restriction, and what has not happened yet."""

from __future__ import annotations

from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import Doing, ask_how_many, ask_which, name_refs, rows_or_count
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.event_words import event_of
from finetune.synthesis.patterns.lookup import DATE_KINDS, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.routes import route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject
from finetune.synthesis.wording import with_article

FAMILY = ANALYSIS


def _doing(sql: str, words: str) -> Doing:
    """The predicate from words with the verb of one row and of several: "have/has no phone"."""
    many, one = words, words
    for pair in ("have/has", "are/is", "do/does", "were/was"):
        several, single = pair.split("/")
        many, one = many.replace(pair, several), one.replace(pair, single)
    return Doing(sql, many, one)


def null_doing(draw: Draw, table: DescribedTable, column: DescribedColumn, ref: str) -> Doing:
    """That the column is empty, or seldomer that it is not."""
    happened = event_of(column) if column.kind in DATE_KINDS else None
    empty = draw.chance(0.72)
    if happened and draw.chance(0.75):
        return _event(draw, happened.done, happened.base, ref, empty)
    slots = {"column": draw.phrase(table, column)}
    slots["a"] = with_article(slots["column"])
    if empty:
        words = draw.say(
            "[have/has no {column}|have/has no known {column}|have/has an unknown {column}|do/does not have {a}|"
            "have/has no {column} recorded|are/is missing {a}|have/has no {column} on file|are/is without {a}|"
            "are/is lacking {a}|have/has no {column} yet|have/has a missing {column}|have/has no {column} entered]",
            **slots,
        )
        return _doing(f"{ref} IS NULL", words)
    words = draw.say(
        "[have/has a known {column}|have/has {a} recorded|have/has {a} on record|have/has {a} at all|"
        "have/has {a} on file|have/has {a} given]",
        **slots,
    )
    return _doing(f"{ref} IS NOT NULL", words)


def _event(draw: Draw, done: str, base: str, ref: str, empty: bool) -> Doing:
    if base and empty:
        words = draw.say(
            "[have/has not {done} yet|have/has not yet {done}|did not {base} yet|have/has not {done} so far|"
            "have/has still not {done}|have/has never {done}|still have/has to {base}]",
            done=done, base=base,
        )  # fmt: skip
    elif empty:
        words = draw.say(
            "[have/has not been {done} yet|have/has not yet been {done}|are/is not {done} yet|are/is still not {done}|"
            "were/was never {done}|have/has not been {done}|are/is yet to be {done}|are/is still to be {done}|"
            "have/has still not been {done}]",
            done=done,
        )
    else:
        words = (
            "have/has already {been} {done}" if draw.chance(0.6) else "have/has {been} {done} [by now|at some point|]"
        )
        words = draw.say(words, done=done, been="" if base else "been")
    return _doing(f"{ref} IS {'' if empty else 'NOT '}NULL", words)


def _holey(draw: Draw, table: DescribedTable) -> list[DescribedColumn]:
    return [
        c for c in table.columns if c.nullable and c.kind not in ("flag", "key") and not draw.is_reference(table, c)
    ]


def _drawn(draw: Draw) -> tuple[DescribedTable, DescribedColumn] | None:
    table = draw.table(lambda t: _holey(draw, t))
    return (table, draw.choice(_holey(draw, table))) if table else None


@pattern(4.6, FAMILY)
def unknown_rows(draw: Draw) -> DrawnPair | None:
    """Which products have an unknown cost? How many orders have not been shipped yet?"""
    found = _drawn(draw)
    if found is None:
        return None
    table, column = found
    does = null_doing(draw, table, column, draw.ref(table, column))
    if draw.chance(0.85):
        return rows_or_count(draw, table, does, 0.4)
    empty = does.sql.endswith("IS NULL")
    question = draw.say(
        "[For how many {rows} is the {column} {state}|For which {rows} is the {column} {state}|"
        "<show> the {rows} whose {column} is {state}|What are the {rows} with {column} {state}|"
        "<show> [all|the] {rows} where the {column} is {state}]",
        rows=draw.noun(table)[1], column=draw.phrase(table, column),
        state=draw.say("[unknown|missing|not known|not recorded|empty|blank|not filled in|not given]" if empty
                       else "[known|recorded|filled in|given|not missing]"),
    )  # fmt: skip
    if question.startswith("For how many"):
        return DrawnPair(question, select("COUNT(*)", quoted(table.name), does.sql))
    refs = name_refs(draw, table)
    return DrawnPair(question, select(refs, quoted(table.name), does.sql)) if refs else None


@pattern(2.3, FAMILY)
def unknown_rows_filtered(draw: Draw) -> DrawnPair | None:
    """Which booksellers have not left yet? How many customers from France have no phone number?"""
    found = _drawn(draw)
    other = condition(draw, found[0], besides=(found[1].name,)) if found else None
    if found is None or other is None:
        return None
    table, column = found
    does = null_doing(draw, table, column, draw.ref(table, column))
    rows = subject(draw, table, other)
    both = [rows.where, does.sql]
    does = Doing(" AND ".join(both), does.many, does.one)
    if draw.chance(0.45):
        return DrawnPair(ask_how_many(draw, table, does, rows.plural), select("COUNT(*)", quoted(table.name), does.sql))
    refs = name_refs(draw, table)
    question = ask_which(draw, table, does, rows.plural)
    return DrawnPair(question, select(refs, quoted(table.name), does.sql)) if refs else None


@pattern(0.9, FAMILY)
def unknown_per_category(draw: Draw) -> DrawnPair | None:
    """How many customers of each country have no phone number?"""
    table = draw.table(lambda t: _holey(draw, t) and draw.category(t))
    column = draw.choice(_holey(draw, table)) if table else None
    group = draw.category(table, (column.name,)) if table and column else None
    if table is None or column is None or group is None:
        return None
    does = null_doing(draw, table, column, draw.ref(table, column))
    question = draw.say(
        "[How many {rows} [of|in|for] each {group} {does}|For each {group}, how many {rows} {does}|"
        "<show> the <count> of {rows} that {does}, [by|per|for each] {group}|"
        "<show> each {group} with the number of {rows} that {does}|Count the {rows} that {does} [by|per] {group}|"
        "<count> of {rows} that {does} per {group}]",
        rows=draw.noun(table)[1], does=does.many, group=draw.phrase(table, group),
    )  # fmt: skip
    ref = draw.ref(table, group)
    return DrawnPair(question, select([ref, "COUNT(*)"], quoted(table.name), does.sql, group=ref))


@pattern(1.2, FAMILY)
def unknown_of_parent(draw: Draw) -> DrawnPair | None:
    """How many orders of customers from France have not been shipped yet?"""
    path = route(draw, 1, upward=True, start=lambda t: _holey(draw, t))
    if path is None or path.links[0].ambiguous:
        return None
    column = draw.choice(_holey(draw, path.start))
    other = condition(draw, path.end, True)
    if other is None:
        return None
    does = null_doing(draw, path.start, column, draw.ref(path.start, column, True))
    target = subject(draw, path.end, other).plural
    rows = f"{draw.noun(path.start)[1]} {path.describe(draw, target)}"
    does = Doing(f"{does.sql} AND {other.sql}", does.many, does.one)
    if draw.chance(0.6) or not draw.naming(path.start):
        question = ask_how_many(draw, path.start, does, rows)
        return DrawnPair(question, select("COUNT(*)", path.source_sql, does.sql))
    refs = [draw.ref(path.start, c, True) for c in draw.naming(path.start)]
    return DrawnPair(ask_which(draw, path.start, does, rows), select(refs, path.source_sql, does.sql))
