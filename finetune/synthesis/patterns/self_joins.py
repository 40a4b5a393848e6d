"""Tables that refer to themselves: employees and their managers."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.asking import Doing, ask_how_many, ask_which, name_refs, names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, MEASURED_KINDS, literal
from finetune.synthesis.patterns.number_conditions import adjective_for
from finetune.synthesis.patterns.own_references import OwnPair, agreeing, own_pair
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.subject import column_phrases

FAMILY = "joins"


@pattern(2.0, FAMILY)
def self_join(draw: Draw) -> DrawnPair | None:
    """Each employee's name and the manager's name, side by side."""
    found = own_pair(draw)
    if found is None:
        return None
    names = draw.naming(found.table)
    phrases = wording.join_words(column_phrases(draw, found.table, names), draw.rng)
    own, others = name_refs(draw, found.table, "a"), name_refs(draw, found.table, "b")
    question = draw.say(
        "[<show> the {columns} of each {one} and the {columns} of [its|the|their] {role}|"
        "<show> each {one} [next to|with|together with|and] [the|their] {role}|Who is the {role} of each {one}|"
        "<show> [all|the] {many} with their {roles}|For each {one}, [show|list|give] the {columns} of the {one} and of "
        "the {role}|List the {many} and their {roles} side by side|Which {role} does each {one} have|"
        "What are the {columns} of the {many} and of their {roles}|{many} and their {roles}]",
        columns=phrases, one=found.one, many=found.many, role=found.role, roles=wording.plural(found.role),
    )  # fmt: skip
    return DrawnPair(question, select([*own, *others], found.source))


@pattern(2.6, FAMILY)
def self_join_of_one(draw: Draw) -> DrawnPair | None:
    """Who manages Ann Field? Who reports to Ann Field, and how many?"""
    found = own_pair(draw)
    if found is None or not draw.identity(found.table):
        return None
    names = draw.identity(found.table)
    by_name = names[0] if len(names) == 1 else draw.choice(names)
    value = draw.choice(by_name.values)
    said = draw.value(value)
    if len(names) > 1:
        kind = draw.phrase(found.table, by_name)
        said = f"the {found.one} with {kind} {said}"
    slots = {
        "role": found.role, "one": found.one, "many": found.many, "who": said, "verb": found.verb,
        "names": names_of(draw, found.table), "name": names_of(draw, found.table, False),
    }  # fmt: skip
    ref = draw.ref(found.table, by_name)
    if draw.chance(0.45):
        verb = "Who {verb} {who}|Which {one} {verb} {who}|" if found.verb else ""
        question = draw.say(
            f"[{verb}Who is the {{role}} of {{who}}|What is the {{name}} of the {{role}} of {{who}}|"
            "Who is {who}'s {role}|<show> the {role} of {who}|Which {one} is the {role} of {who}]",
            **slots,
        )
        return DrawnPair(
            question, select(name_refs(draw, found.table, "b"), found.source, f"a.{ref} = {literal(value)}")
        )
    does = Doing(
        f"b.{ref} = {literal(value)}",
        *draw.choice(
            (
                (f"have {said} as their {found.role}", f"has {said} as {found.role}"),
                (f"report to {said}", f"reports to {said}") if found.verb in ("manages", "leads", "supervises")
                else (f"have {said} as {found.role}", f"has {said} as {found.role}"),
            )
        ),
    )  # fmt: skip
    if draw.chance(0.3):
        return DrawnPair(ask_how_many(draw, found.table, does), select("COUNT(*)", found.source, does.sql))
    question = (
        draw.say("[<show> the {names} of the {many} whose {role} is {who}|Which {many} is {who} the {role} of|"
                 "Whose {role} is {who}|Of which {many} is {who} the {role}]", **slots)
        if draw.chance(0.5)
        else ask_which(draw, found.table, does)
    )  # fmt: skip
    return DrawnPair(question, select(name_refs(draw, found.table, "a"), found.source, does.sql))


@pattern(2.3, FAMILY)
def self_join_compared(draw: Draw) -> DrawnPair | None:
    """The employees who earn more than their manager, or have the same last name."""
    found = own_pair(draw)
    if found is None:
        return None
    same = draw.chance(0.5)
    kinds = CATEGORY_KINDS | {"last_name", "first_name", "year"} if same else MEASURED_KINDS | {"date"}
    column = draw.column(found.table, kinds, values=2)
    if column is None:
        return None
    does = _same(draw, found, column) if same else _beyond(draw, found, column)
    if draw.chance(0.25):
        return DrawnPair(ask_how_many(draw, found.table, does), select("COUNT(*)", found.source, does.sql))
    own, shown = name_refs(draw, found.table, "a"), draw.chance(0.2)
    question = ask_which(draw, found.table, does)
    if shown:
        own += name_refs(draw, found.table, "b")
        question += draw.say("[, and who is their {role}|? Show the {role} as well|, with the {role}]", role=found.role)
    return DrawnPair(question, select(own, found.source, does.sql))


def _same(draw: Draw, found: OwnPair, column: DescribedColumn) -> Doing:
    ref, phrase, differ = draw.ref(found.table, column), draw.phrase(found.table, column), draw.chance(0.25)
    words = draw.say(
        "[have/has another {column} than their {role}|do/does not have the same {column} as their {role}|"
        "have/has a different {column} from their {role}|have/has a {column} that differs from that of their {role}]"
        if differ
        else "[have/has the same {column} as their {role}|share/shares the {column} [of|with] their {role}|"
        "have/has {a} with the same {column}|have/has exactly the same {column} as their {role}]",
        column=phrase, role=found.role, a=wording.with_article(found.role),
    )  # fmt: skip
    return agreeing(f"a.{ref} {'<>' if differ else '='} b.{ref}", words)


def _beyond(draw: Draw, found: OwnPair, column: DescribedColumn) -> Doing:
    ref, phrase, more = draw.ref(found.table, column), draw.phrase(found.table, column), draw.chance(0.7)
    adjective = adjective_for(draw, found.table, column, phrase, more)
    side = draw.say("[higher|greater|larger]" if more else "[lower|smaller]")
    if wording.is_plural(phrase):
        return agreeing(f"a.{ref} {'>' if more else '<'} b.{ref}",
                     f"have/has {'more' if more else 'fewer'} {phrase} than their {found.role}")  # fmt: skip
    if column.kind in ("date", "year"):
        side = "later" if more else "earlier"
    if phrase in ("salary", "pay", "wage", "earnings", "income") and draw.chance(0.8):
        amount = "more" if more else "less"
        words = draw.say("[earn/earns|make/makes|are/is paid] {more} than their {role}", more=amount, role=found.role)
    elif adjective and column.kind not in ("date", "year") and draw.chance(0.6):
        words = f"are/is {adjective} than their {found.role}"
    else:
        words = draw.say(
            "[have/has a {side} {column} than their {role}|have/has a {column} {side} than that of their {role}]",
            side=side, column=phrase, role=found.role,
        )  # fmt: skip
    return agreeing(f"a.{ref} {'>' if more else '<'} b.{ref}", words)
