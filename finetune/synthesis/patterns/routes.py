"""Ways from one table to another along foreign keys, with the joins in path order and the words for the relation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import TableLink, quoted
from finetune.synthesis.patterns.row_conditions import condition, equals
from finetune.synthesis.patterns.subject import Condition, Subject, agree, subject

_UP = (
    "[of {target}|of {target}|for {target}|belonging to {target}|that belong to {target}|associated with {target}|"
    "linked to {target}|related to {target}|from {target}]"
)
_DOWN = (
    "[with {target}|with {target}|that <have> {target}|having {target}|associated with {target}|that <have> {target}|"
    "linked to {target}]"
)
_ACROSS = (
    "[associated with {target}|with {target}|linked to {target}|that <have> {target}|related to {target}|"
    "connected to {target}|for {target}]"
)


@dataclass(frozen=True, slots=True)
class Route:
    """One to three links in a row."""

    links: tuple[TableLink, ...]

    @property
    def start(self) -> DescribedTable:
        """Where the route begins."""
        return self.links[0].source

    @property
    def end(self) -> DescribedTable:
        """Where the route ends."""
        return self.links[-1].target

    @property
    def unique(self) -> bool:
        """Whether each row of the start meets at most one row of the end."""
        return all(link.upward for link in self.links)

    @property
    def source_sql(self) -> str:
        """The FROM clause."""
        joins = [f"JOIN {quoted(link.target.name)} ON {link.on}" for link in self.links]
        return " ".join([quoted(self.start.name), *joins])

    @property
    def across_junction(self) -> bool:
        """Whether two tables meet through a junction table."""
        return len(self.links) == 2 and self.links[0].target.is_junction and not self.links[0].upward

    def describe(self, draw: Draw, target: str) -> str:
        """The start's noun modifier that leads to the target's noun phrase: "held at stadiums in France"."""
        across = _only_junction(draw, self) and draw.chance(0.7)
        if self.across_junction and across and not any(link.ambiguous for link in self.links):
            return draw.say(_ACROSS, target=target)
        for number, link in enumerate(reversed(self.links)):
            if number:
                target = f"{agree(draw.noun(link.target)[1], True)} {agree(target, True)}"
            target = link_words(draw, link, target)
        return target


def _only_junction(draw: Draw, route: Route) -> bool:
    end = route.end.name
    return sum(link.target.name == end for step in draw.links(route.start) for link in draw.links(step.target)) == 1


def link_words(draw: Draw, link: TableLink, target: str) -> str:
    """The words from a link's source to its target."""
    if link.ambiguous and not link.verb:
        words = "with {target} as [the |their |]{role}" if link.upward else "that <are> the {role} of {target}"
        return draw.say(words, target=target, role=link.role)
    if link.verb and (link.ambiguous or draw.chance(0.6)):
        return f"{link.verb} {target}"
    return draw.say(_UP if link.upward else _DOWN, target=target)


def route(
    draw: Draw, length: int = 1, *, upward: bool | None = None, end: Callable[[DescribedTable], object] | None = None,
    start: Callable[[DescribedTable], object] | None = None, junctions: bool = False,
) -> Route | None:  # fmt: skip
    """A route of that many links without repeated tables.

    Args:
        draw: The dice.
        length: The number of links.
        upward: Whether all links go up (True), all down (False), or either way (None).
        end: What the last table must fulfil; it is a junction table only with ``junctions``.
        start: What the first table must fulfil.
        junctions: Whether the route may start or end at a junction table.
    """
    for _attempt in range(6):
        first = draw.table(start, junctions=junctions)
        if first is None:
            return None
        links: list[TableLink] = []
        here = first
        while len(links) < length:
            seen = {first.name, *(link.target.name for link in links)}
            fitting = [
                link
                for link in draw.links(here)
                if link.target.name not in seen and (upward is None or link.upward == upward) and link.target.row_count
            ]
            if not fitting:
                break
            links.append(draw.choice(fitting))
            here = links[-1].target
        if len(links) == length and (junctions or not here.is_junction) and (end is None or end(here)):
            return Route(tuple(links))
    return None


def across(draw: Draw, end: Callable[[DescribedTable], object] | None = None) -> Route | None:
    """A route through a junction table, from one side to the other."""
    routes = [
        Route((down, up))
        for table in draw.lookup.subjects
        for down in draw.links(table)
        if not down.upward and down.target.is_junction
        for up in draw.links(down.target)
        if up.upward and up.target.name != table.name and (end is None or end(up.target))
    ]
    return draw.choice(routes) if routes else None


def any_route(draw: Draw, end: Callable[[DescribedTable], object] | None = None) -> Route | None:
    """A route of one link mostly, sometimes through a junction or over three tables."""
    style = draw.rng.random()
    if style < 0.22:
        return across(draw, end) or route(draw, 1, end=end)
    if style < 0.36:
        return route(draw, 2, end=end) or route(draw, 1, end=end)
    if style < 0.39:
        return route(draw, 3, end=end) or route(draw, 1, end=end)
    return route(draw, 1, end=end)


def related(draw: Draw, path: Route, many: bool = False) -> tuple[Condition, Condition] | None:
    """A restriction on the route's end, put as one on its start: (for the start, for the end itself)."""
    name = draw.identity(path.end)
    if len(name) == 1 and name[0].values and draw.chance(0.45) and not many:
        value = draw.choice(name[0].values)
        inner = equals(draw, path.end, name[0], draw.ref(path.end, name[0], True), value)
        noun = draw.noun(path.end)[0]
        target = draw.say(
            "[the {noun} {value}|the {noun} {named} {value}|{noun} {value}|{bare}|the {noun} with {column} {value}]",
            noun=noun,
            named=draw.choice(("named", "called", "named")),
            value=draw.value(value),
            bare=draw.value(value) if not path.across_junction else f"{noun} {draw.value(value)}",
            column=draw.phrase(path.end, name[0]),
        )
        return Condition(inner.sql, path.describe(draw, target)), inner
    found = condition(draw, path.end, True)
    if found is None:
        return None
    target = some(draw, subject(draw, path.end, found))
    return Condition(found.sql, path.describe(draw, target)), found


def some(draw: Draw, rows: Subject) -> str:
    """Some rows, indefinitely: "a stadium in France", "stadiums in France", "any stadium in France"."""
    if draw.chance(0.45):
        return rows.plural
    return wording.with_article(rows.singular) if draw.chance(0.8) else f"any {rows.singular}"
