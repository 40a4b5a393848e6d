"""Two references to one table, joined both: flights from one airport to another."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.asking import Doing, ask_how_many, ask_which, names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, MEASURED_KINDS, TableLink, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import equals
from finetune.synthesis.patterns.subject import agree
from finetune.synthesis.wording import is_plural, with_article

FAMILY = ANALYSIS

_FROM = frozenset(("origin", "source", "start", "sending", "sender", "from"))


@dataclass(frozen=True, slots=True)
class _Both:
    """A table and its two references: ``a`` in SQL is what the first points at, ``b`` what the second does."""

    child: DescribedTable
    parent: DescribedTable
    first: TableLink
    second: TableLink

    @property
    def source(self) -> str:
        """The FROM clause."""
        child, parent = quoted(self.child.name), quoted(self.parent.name)
        on = [
            f"JOIN {parent} AS {alias} ON {child}.{quoted(link.relation.child_column)} = "
            f"{alias}.{quoted(link.relation.parent_column)}"
            for alias, link in (("a", self.first), ("b", self.second))
        ]
        return " ".join([child, *on])

    @property
    def travels(self) -> bool:
        """Whether "from ... to ..." says the two."""
        return self.first.role.split()[0] in _FROM


def _both(draw: Draw) -> _Both | None:
    pairs = [
        (one, other)
        for table in draw.lookup.database.tables
        if table.row_count
        for one in draw.links(table)
        for other in draw.links(table)
        if one.upward and other.upward and one.target == other.target
        and one.relation.child_column != other.relation.child_column
        and [c.name for c in table.columns].index(one.relation.child_column)
        < [c.name for c in table.columns].index(other.relation.child_column)
    ]  # fmt: skip
    if not pairs:
        return None
    one, other = draw.rng.choice(pairs)
    return _Both(one.source, one.target, one, other) if draw.naming(one.target) else None


def _own(draw: Draw, found: _Both) -> list[str]:
    return [f"{quoted(found.child.name)}.{draw.ref(found.child, c)}" for c in draw.naming(found.child)]


def _ends(draw: Draw, found: _Both) -> list[str]:
    return [f"{alias}.{draw.ref(found.parent, c)}" for alias in "ab" for c in draw.naming(found.parent)]


@pattern(4.5, FAMILY)
def both_ends(draw: Draw) -> DrawnPair | None:
    """Each flight with the names of its origin and its destination."""
    found = _both(draw)
    if found is None:
        return None
    own = _own(draw, found) if draw.chance(0.75) else []
    one, many = draw.noun(found.child)
    slots = {
        "one": one, "many": many, "first": found.first.role, "second": found.second.role,
        "own": names_of(draw, found.child, False), "name": names_of(draw, found.parent, False),
    }  # fmt: skip
    question = draw.say(
        "[<show> each {one} with its {first} and its {second}|<show> the {own} of each {one}, its {first} and its "
        "{second}|What are the {own}, the {first} and the {second} of each {one}|"
        "<show> the {own} of each {one} and the {name} of its {first} and its {second}|"
        "List [all|the] {many} with the {name} of [the|their] {first} and of [the|their] {second}|"
        "For each {one}, [show|list|give] the {own}, the {first} and the {second}]"
        if own
        else "[<show> the {name} of the {first} and of the {second} of each {one}|"
        "What are the {first} and the {second} of each {one}|<show> the {first} and the {second} of [all|the] {many}|"
        "Which {first} and which {second} does each {one} have]",
        **slots,
    )
    return DrawnPair(question, select([*own, *_ends(draw, found)], found.source))


@pattern(6.0, FAMILY)
def both_ends_restricted(draw: Draw) -> DrawnPair | None:
    """The flights from Graz to Lyon, or between airports of one country."""
    found = _both(draw)
    if found is None or not draw.naming(found.child):
        return None
    does = _compared(draw, found) if draw.chance(0.5) else _of_values(draw, found)
    if does is None:
        return None
    if draw.chance(0.5):
        return DrawnPair(ask_how_many(draw, found.child, does), select("COUNT(*)", found.source, does.sql))
    return DrawnPair(ask_which(draw, found.child, does), select(_own(draw, found), found.source, does.sql))


def _of_values(draw: Draw, found: _Both) -> Doing | None:
    """Both ends, or one of them, have a given value."""
    names = draw.identity(found.parent)
    column = names[0] if len(names) == 1 and draw.chance(0.5) else draw.column(found.parent, CATEGORY_KINDS, values=2)
    if column is None or len(column.values) < 2:
        return None
    values = draw.rng.sample(column.values, 2)
    conditions = [equals(draw, found.parent, column, f"{a}.{draw.ref(found.parent, column)}", v)
                  for a, v in zip("ab", values, strict=True)]  # fmt: skip
    said = [f"{with_article(draw.noun(found.parent)[0])} {agree(c.after, False)}" for c in conditions if c.after]
    if column in names:
        said = draw.values(*values)
    if len(said) < 2:
        return None
    if draw.chance(0.4):
        side = draw.choice((0, 1))
        link = (found.first, found.second)[side]
        words = f"{said[side]} as {link.role}"
        if found.travels and draw.chance(0.7):
            words = ""
            preposition = ("from", "to")[side]
            return Doing(conditions[side].sql, f"go {preposition} {said[side]}", f"goes {preposition} {said[side]}")
        return Doing(conditions[side].sql, f"have {words}", f"has {words}")
    sql = " AND ".join(c.sql for c in conditions)
    words = f"{said[0]} as {found.first.role} and {said[1]} as {found.second.role}"
    if found.travels and draw.chance(0.7):
        return Doing(sql, f"go from {said[0]} to {said[1]}", f"goes from {said[0]} to {said[1]}")
    return Doing(sql, f"have {words}", f"has {words}")


def _compared(draw: Draw, found: _Both) -> Doing | None:
    """The two ends have the same value or different ones, or one has more."""
    same = draw.chance(0.7)
    column = draw.column(found.parent, CATEGORY_KINDS if same else MEASURED_KINDS, values=2)
    if column is None:
        return None
    ref, phrase = draw.ref(found.parent, column), draw.phrase(found.parent, column)
    first, second, many = found.first.role, found.second.role, draw.noun(found.parent)[1]
    if same:
        differ = draw.chance(0.4)
        alike = "with different" if differ else "with the same"
        words = draw.say(
            "[{a} and {b} {alike} {phrase}|{a} whose {phrase} {is_as} that of the {second}]",
            a=with_article(first), b=with_article(second), alike=alike, phrase=phrase, second=second,
            is_as="differs from" if differ else "is the same as",
        )  # fmt: skip
        if found.travels and draw.chance(0.5):
            there = f"{many} {alike} {phrase}"
            return Doing(f"a.{ref} {'<>' if differ else '='} b.{ref}", f"go between {there}", f"goes between {there}")
        return Doing(f"a.{ref} {'<>' if differ else '='} b.{ref}", f"have {words}", f"has {words}")
    more = draw.chance(0.6)
    amount = f"a {'higher' if more else 'lower'} {phrase}"
    if is_plural(phrase):
        amount = f"{'more' if more else 'fewer'} {phrase}"
    words = f"{with_article(first)} with {amount} than their {second}"
    return Doing(f"a.{ref} {'>' if more else '<'} b.{ref}", f"have {words}", f"has {words.replace('their', 'its')}")


@pattern(2.5, FAMILY)
def pairs_of_ends(draw: Draw) -> DrawnPair | None:
    """How many flights are there for each pair of origin and destination?"""
    found = _both(draw)
    if found is None:
        return None
    _, many = draw.noun(found.child)
    slots = {"many": many, "first": found.first.role, "second": found.second.role}
    shown, most = _ends(draw, found), draw.chance(0.35)
    child = quoted(found.child.name)
    group = ", ".join(f"{child}.{quoted(link.relation.child_column)}" for link in (found.first, found.second))
    if most:
        question = draw.say(
            "[Which {first} and {second} have the most {many} together|"
            "Which pair of {first} and {second} has the most {many}|"
            "<show> the {first} and the {second} [with|that have] the most {many}|"
            "What is the most common pair of {first} and {second} of {many}]",
            **slots,
        )
        return DrawnPair(question, select(shown, found.source, group=group, order="COUNT(*) DESC", limit=1))
    question = draw.say(
        "[How many {many} are there for each [pair|combination] of {first} and {second}|"
        "<show> the <count> of {many} [per|by|for each] {first} and {second}|"
        "For each {first} and {second}, how many {many} are there|Count the {many} by {first} and {second}|"
        "<show> each [pair|combination] of {first} and {second} and how many {many} it has]",
        **slots,
    )
    return DrawnPair(question, select([*shown, "COUNT(*)"], found.source, group=group))
