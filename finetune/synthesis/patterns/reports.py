"""How many rows another row of their table stands over: the employees of each manager, and who has none."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.asking import Doing, ask_how_many, ask_which, name_refs, names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.group_bounds import count_bound
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.own_references import agreeing, own_pair
from finetune.synthesis.patterns.registry import DrawnPair, pattern

FAMILY = "joins"


@pattern(2.0, FAMILY)
def reports_per_row(draw: Draw) -> DrawnPair | None:
    """How many employees report to each manager? Who has the most, or at least three?"""
    found = own_pair(draw)
    if found is None:
        return None
    shown, group = name_refs(draw, found.table, "b"), f"b.{found.parent_column}"
    slots = {
        "role": found.role, "roles": wording.plural(found.role), "many": found.many, "one": found.one,
        "name": names_of(draw, found.table, False), "names": names_of(draw, found.table),
    }  # fmt: skip
    style = draw.rng.random()
    if style < 0.45:
        reports = "How many {many} report to each {role}|" if found.verb in ("manages", "leads", "supervises") else ""
        question = draw.say(
            f"[{reports}How many {{many}} does each {{role}} have|"
            f"<show> each {{role}} and the <count> of their {{many}}|"
            "For each {role}, how many {many} are there|"
            "<show> the {names} of the {roles} and how many {many} they have|"
            "How many {many} have the same {role}, [by|for each] {role}|"
            "<show> the {roles} with their <count> of {many}]",
            **slots,
        )
        return DrawnPair(question, select([*shown, "COUNT(*)"], found.source, group=group))
    if style < 0.75:
        least = draw.chance(0.15)
        question = draw.say(
            "[Which {role} has the {most} {many}|Who is the {role} of the {most} {many}|"
            "<show> the {role} with the {most} "
            "{many}|Which {one} is the {role} of the {most} {many}|"
            "What is the {name} of the {role} with the {most} {many}]",
            most="fewest" if least else "most",
            **slots,
        )
        order = "COUNT(*)" + ("" if least else " DESC")
        return DrawnPair(question, select(shown, found.source, group=group, order=order, limit=1))
    operator, bound, number = count_bound(draw, found.one, found.many)
    question = draw.say(
        "[Which {roles} have {bound}|<show> the {names} of the {roles} [with|of] {bound}|Who is the {role} of {bound}|"
        "Which {many} are the {role} of {bound}|<show> [all|the] {roles} with {bound}|{roles} with {bound}]",
        bound=bound,
        **slots,
    )
    return DrawnPair(question, select(shown, found.source, group=group, having=f"COUNT(*) {operator} {number}"))


@pattern(1.3, FAMILY)
def with_or_without_role(draw: Draw) -> DrawnPair | None:
    """Which employees have no manager? Which employees are managers?"""
    found = own_pair(draw)
    if found is None:
        return None
    name, style = quoted(found.table.name), draw.rng.random()
    if style < 0.6:
        words = draw.say("[have/has no {role}|do/does not have {a}|have/has nobody as their {role}|are/is without "
                         "{a}]", role=found.role, a=wording.with_article(found.role))  # fmt: skip
        does = agreeing(f"{found.column} IS NULL", words)
        source, refs = name, name_refs(draw, found.table)
    else:
        verb = f"{found.verb.removesuffix('s')} somebody/{found.verb} somebody" if found.verb else ""
        verb = verb.replace("coache ", "coach ").replace("teache ", "teach ")
        role = f"are the {found.role} of [somebody|other {found.many}|anyone]"
        many = draw.say(role)
        does = Doing("", many, many.replace("are ", "is ", 1))
        if verb and draw.chance(0.5):
            does = Doing("", *verb.split("/"))
        refs = [f"DISTINCT {ref}" if not n else ref for n, ref in enumerate(name_refs(draw, found.table, "b"))]
        source = found.source
    if style < 0.6 and draw.chance(0.35):
        return DrawnPair(ask_how_many(draw, found.table, does), select("COUNT(*)", source, does.sql))
    return DrawnPair(ask_which(draw, found.table, does), select(refs, source, does.sql))
