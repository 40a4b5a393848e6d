"""The first few rows of each group: the two most expensive products of every category."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.asking import name_refs, names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import MEASURED_KINDS, TableLink, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern

FAMILY = ANALYSIS

_PLACES = ("place", "place", "place", "position", "rank_in_group", "nr")


def _outer(draw: Draw, inner: str, place: str, shown: list[str], count: int) -> str:
    test = f"{place} = 1" if count == 1 else f"{place} <= {count}"
    columns = ", ".join(shown)
    if draw.chance(0.3):
        return f"WITH ranked AS ({inner}) SELECT {columns} FROM ranked WHERE {test}"
    return f"SELECT {columns} FROM ({inner}) AS ranked WHERE {test}"


def _place(draw: Draw, *tables: DescribedTable) -> str:
    """A name for the rank that no column has."""
    taken = {column.name.lower() for table in tables for column in table.columns}
    return draw.choice([place for place in _PLACES if place not in taken] or ["place_in_group"])


def _count(draw: Draw) -> int:
    return draw.choice((1, 1, 1, 2, 2, 3, 3, 5))


def _extreme(draw: Draw, column: DescribedColumn, phrase: str, down: bool) -> tuple[str, str]:
    """Words before the noun ("most expensive"), or after it ("with the highest price")."""
    degrees = wording.degrees_of(phrase)
    before = (degrees.most if down else degrees.least) if degrees else ()
    if column.kind in ("date", "datetime", "year") and before and "birth" not in phrase:
        down_words = ("latest", "most recent") if down else ("earliest",)
        return draw.choice(down_words), ""
    if before and draw.chance(0.7):
        return draw.choice(before), ""
    side = draw.say("[highest|highest|largest|greatest]" if down else "[lowest|smallest]")
    return "", f"with the {side} {phrase}"


@pattern(3.6, FAMILY)
def top_of_each_category(draw: Draw) -> DrawnPair | None:
    """The two most expensive products of each category, with the category and the price."""
    table = draw.table(lambda t: draw.category(t) and draw.naming(t) and _measured(draw, t))
    number = _measured(draw, table) if table else None
    group = draw.category(table, (number.name, *(c.name for c in draw.naming(table)))) if table and number else None
    if table is None or number is None or group is None or number in draw.naming(table):
        return None
    count, down = _count(draw), draw.chance(0.8)
    phrase, (one, many) = draw.phrase(table, number), draw.noun(table)
    before, after = _extreme(draw, number, phrase, down)
    slots = {
        "row": f"{before} {one} {after}" if count == 1 else f"{before} {many} {after}",
        "n": "" if count == 1 else wording.number_word(count, draw.rng, 0.7), "group": draw.phrase(table, group),
        "one": one, "many": many, "number": phrase, "is": "is" if count == 1 else "are",
        "names": names_of(draw, table, count == 1), "top": "best" if down else "last",
    }  # fmt: skip
    who = "Who" if draw.lookup.is_person(table) else "What"
    question = draw.say(
        "[" + who + " {is} the {n} {row} [of|in|within] each {group}|<show> the {n} {row} [of|in|"
        "for] [each|every] {group}|"
        "For each {group}, [show|find|list|give] the {n} {row}|Which {is} the {n} {row} of [each|every] {group}|"
        "<show> the {n} {row} per {group}|the {n} {row} [of|in] each {group}]",
        **slots,
    )  # fmt: skip
    style = draw.rng.random()
    names, category, value = name_refs(draw, table), draw.ref(table, group), draw.ref(table, number)
    shown = [*names, category, value] if style < 0.6 else [category, *names] if style < 0.8 else [*names, category]
    if 0.2 < style < 0.6:
        question += draw.say(
            "[, with the {number}|, and the {number}|? Show the {group} and the {number} as well]", **slots
        )
    place = _place(draw, table)
    order = f"{value} DESC" if down else value
    window = f"RANK() OVER (PARTITION BY {category} ORDER BY {order}) AS {place}"
    inner = select([*dict.fromkeys([*shown, value] if draw.chance(0.3) else shown), window], quoted(table.name))
    return DrawnPair(question, _outer(draw, inner, place, shown, count))


def _measured(draw: Draw, table: DescribedTable) -> DescribedColumn | None:
    kinds = MEASURED_KINDS if draw.chance(0.85) else MEASURED_KINDS | {"date"}
    return draw.column(table, kinds, tuple(c.name for c in draw.naming(table)), 3)


@pattern(1.9, FAMILY)
def top_of_each_parent(draw: Draw) -> DrawnPair | None:
    """The best-paid employee of each department, with the department's name: a join inside."""
    table = draw.table(lambda t: draw.naming(t) and _measured(draw, t) and _parents(draw, t))
    number = _measured(draw, table) if table else None
    links = _parents(draw, table) if table else []
    if table is None or number is None or not links:
        return None
    link = draw.rng.choice(links)
    parent = link.target
    count, down = _count(draw), draw.chance(0.85)
    phrase, (one, many) = draw.phrase(table, number), draw.noun(table)
    before, after = _extreme(draw, number, phrase, down)
    slots = {
        "row": f"{before} {one if count == 1 else many} {after}", "parent": draw.noun(parent)[0], "number": phrase,
        "n": "" if count == 1 else wording.number_word(count, draw.rng, 0.7), "is": "is" if count == 1 else "are",
    }  # fmt: skip
    who = "Who" if draw.lookup.is_person(table) else "What"
    question = draw.say(
        "[" + who + " {is} the {n} {row} [of|in|for] each {parent}|<show> the {n} {row} [of|in|"
        "for] [each|every] {parent}|"
        "For each {parent}, [show|find|list|give] the {n} {row}|Which {is} the {n} {row} of [each|every] {parent}|"
        "<show> the {n} {row} per {parent}|List each {parent} with its {n} {row}]",
        **slots,
    )  # fmt: skip
    columns = [*((table, c) for c in draw.naming(table)), *((parent, c) for c in draw.naming(parent))]
    if draw.chance(0.4):
        columns.append((table, number))
        question += draw.say("[, with the {number}|, and the {number}|? Show the {number} too]", **slots)
    if draw.chance(0.3):
        columns.sort(key=lambda found: found[0] is table)
    inside, outside = [], []
    for number_of, (owner, column) in enumerate(columns):
        twin = sum(column.name.lower() == c.name.lower() for _, c in columns) > 1
        alias = f"{'own' if owner is table else 'group'}_{number_of}" if twin else ""
        ref = draw.ref(owner, column, True)
        inside.append(f"{ref} AS {alias}" if alias else ref)
        outside.append(alias or draw.ref(owner, column))
    place, key = _place(draw, table, parent), draw.ref(table, number, True)
    child = f"{quoted(table.name)}.{quoted(link.relation.child_column)}"
    window = f"RANK() OVER (PARTITION BY {child} ORDER BY {key}{' DESC' if down else ''}) AS {place}"
    inner = select([*inside, window], f"{quoted(table.name)} JOIN {quoted(parent.name)} ON {link.on}")
    return DrawnPair(question, _outer(draw, inner, place, outside, count))


def _parents(draw: Draw, table: DescribedTable) -> list[TableLink]:
    return [link for link in draw.links(table) if link.upward and not link.ambiguous and draw.identity(link.target)]


@pattern(2.4, FAMILY)
def commonest_of_each_category(draw: Draw) -> DrawnPair | None:
    """The most common genre of each country; the value with the highest total within each group."""
    table = draw.table(lambda t: draw.category(t))
    group = draw.category(table) if table else None
    other = draw.category(table, (group.name,)) if table and group else None
    if table is None or group is None or other is None:
        return None
    number = draw.numeric(table, (group.name, other.name)) if draw.chance(0.35) else None
    value = "COUNT(*)" if number is None else f"{draw.choice(('SUM', 'AVG'))}({draw.ref(table, number)})"
    count = draw.choice((1, 1, 1, 2, 3))
    phrase = draw.phrase(table, other)
    aggregate = {"SUM": "total", "AVG": "average"}.get(value[:3], "")
    slots = {
        "group": draw.phrase(table, group), "rows": draw.noun(table)[1],
        "others": phrase if count == 1 else f"{wording.number_word(count, draw.rng, 0.7)} {wording.plural(phrase)}",
        "n": "" if count == 1 else wording.number_word(count, draw.rng, 0.7),
        "other": phrase if count == 1 else wording.plural(phrase), "is": "is" if count == 1 else "are",
        "have": "has" if count == 1 else "have",
        "measure": f"the highest {aggregate} {draw.phrase(table, number)}" if number else "the most {rows}",
    }  # fmt: skip
    slots["measure"] = slots["measure"].format(rows=slots["rows"])
    question = draw.say(
        "[What {is} the {n} most [common|frequent] {other} of {rows} [in|of|for] each {group}|"
        "For each {group}, [show|find|give] the {n} most [common|frequent] {other} of {rows}|"
        "<show> the {n} most [common|frequent] {other} per {group}|Which {others} {have} {measure} in each {group}|"
        "For each {group}, which {others} {have} {measure}]"
        if number is None
        else "[Which {others} {have} {measure} [in|within] each {group}|"
        "For each {group}, which {others} {have} {measure}|"
        "<show> the {others} with {measure} [of|for|in] each {group}|"
        "For each {group}, show the {others} with {measure}|"
        "What {is} the {others} with {measure} per {group}]",
        **slots,
    )
    one, two = draw.ref(table, group), draw.ref(table, other)
    place = _place(draw, table)
    window = f"RANK() OVER (PARTITION BY {one} ORDER BY {value} DESC) AS {place}"
    inner = select([one, two, window], quoted(table.name), group=f"{one}, {two}")
    return DrawnPair(question, _outer(draw, inner, place, [one, two], count))
