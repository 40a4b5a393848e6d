"""Rows compared with their own group: above the average of their category, the best of it."""

from __future__ import annotations

from finetune.synthesis.patterns.asking import Doing, ask_how_many, ask_which, name_refs
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.groups_of_rows import grouped_rows
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.number_conditions import adjective_for
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern

FAMILY = ANALYSIS


@pattern(3.3, FAMILY)
def beyond_own_group(draw: Draw) -> DrawnPair | None:
    """The products that cost more than the average of their category."""
    found = grouped_rows(draw, measured=True, parents=0.3, filtered=0.0)
    number = draw.numeric(found.table, (found.column.name,)) if found else None
    if found is None or number is None or number in draw.naming(found.table) or not draw.naming(found.table):
        return None
    function, average = draw.choice((("AVG", "average"), ("AVG", "average"), ("AVG", "mean")))
    more = draw.chance(0.75)
    phrase, many = draw.phrase(found.table, number), draw.noun(found.table)[1]
    adjective = adjective_for(draw, found.table, number, phrase, more)
    side = draw.say("[above|higher than|greater than|over]" if more else "[below|lower than|less than|under]")
    own = draw.say(
        "[the {average} of their {group}|the {average} {number} of their {group}|"
        "the {average} {number} in their {group}|"
        "the {average} for their {group}|the {average} {number} of [all |]{many} [of|in|with] the same {group}|"
        "their {group}'s {average}]",
        average=average, group=found.one, number=phrase, many=many,
    )  # fmt: skip
    if adjective and draw.chance(0.5):
        words = ("are", "is", f"{adjective} than {own}")
    elif phrase in ("price", "cost", "fare") and draw.chance(0.4):
        words = ("cost", "costs", f"{'more' if more else 'less'} than {own}")
    elif phrase in ("salary", "pay", "wage") and draw.chance(0.6):
        words = ("earn", "earns", f"{'more' if more else 'less'} than {own}")
    else:
        words = ("have", "has", draw.say("a {column} {side} {own}", column=phrase, side=side, own=own))
    first = found.table.name[0].lower()
    alias = draw.choice(("a", "b", "t", "own", first if first.isascii() and first.isalpha() else "x"))
    ref, group, source = draw.ref(found.table, number), found.group, quoted(found.table.name)
    inner = select(f"{function}({ref})", source, f"{group} = {alias}.{group}")
    sql = f"{alias}.{ref} {'>' if more else '<'} ({inner})"
    one = words[2] if draw.lookup.is_person(found.table) else words[2].replace("their", "its")
    does = Doing(sql, f"{words[0]} {words[2]}", f"{words[1]} {one}")
    if draw.chance(0.25):
        return DrawnPair(ask_how_many(draw, found.table, does), select("COUNT(*)", f"{source} AS {alias}", sql))
    shown = [f"{alias}.{name}" for name in name_refs(draw, found.table)]
    question = ask_which(draw, found.table, does)
    if draw.chance(0.25):
        shown.append(f"{alias}.{ref}")
        question += draw.say(
            "[, and what is their {number}|, with the {number}|? Show the {number} too]", number=phrase
        )
    return DrawnPair(question, select(shown, f"{source} AS {alias}", sql))
