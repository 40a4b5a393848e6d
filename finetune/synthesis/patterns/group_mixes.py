"""Groups by two things at once: the best average of those with enough rows, counts of different values, only ones."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.asking import names_of
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.group_bounds import count_bound
from finetune.synthesis.patterns.lookup import CATEGORY_KINDS, quoted
from finetune.synthesis.patterns.registry import ANALYSIS, DrawnPair, pattern
from finetune.synthesis.patterns.routes import Route, route
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import Subject, subject

FAMILY = ANALYSIS


def _parents(draw: Draw) -> tuple[Route, str, list[str]] | None:
    """Parents with children, their key and their names in SQL."""
    path = route(draw, 1, upward=False, start=draw.naming, junctions=draw.chance(0.3))
    key = draw.key(path.start) if path else None
    if path is None or key is None or path.links[0].ambiguous or path.start.is_junction or not draw.naming(path.start):
        return None
    return path, f"{quoted(path.start.name)}.{key}", [draw.ref(path.start, c, True) for c in draw.naming(path.start)]


def _enough(draw: Draw, rows: Subject) -> tuple[str, str]:
    """Words for at least so many rows, and the SQL."""
    number = draw.choice((2, 2, 3, 3, 4, 5, 6, 10))
    operator, words = draw.choice(((">=", "at least"), (">=", "at least"), (">", "more than"), (">=", "no fewer than")))
    said = wording.number_word(number, draw.rng, 0.6)
    if operator == ">=" and draw.chance(0.25):
        return f"{said} or more {rows.plural}", f"COUNT(*) >= {number}"
    return f"{words} {said} {rows.plural}", f"COUNT(*) {operator} {number}"


@pattern(3.2, FAMILY)
def best_with_enough(draw: Draw) -> DrawnPair | None:
    """Which product has the best average rating among those with at least four reviews?"""
    drawn = _parents(draw)
    number = draw.numeric(drawn[0].end) if drawn else None
    if drawn is None or number is None:
        return None
    path, key, shown = drawn
    bound, having = _enough(draw, subject(draw, path.end))
    down, count = draw.chance(0.85), draw.choice((1, 1, 1, 1, 2, 3, 3, 5))
    one, many = draw.noun(path.start)
    slots = {
        "one": one, "many": many, "bound": bound, "number": draw.phrase(path.end, number),
        "rows": draw.noun(path.end)[1], "n": wording.number_word(count, draw.rng, 0.6),
        "best": draw.say("[best|highest|highest|greatest]" if down else "[worst|lowest|lowest]"),
        "mean": draw.choice(("average", "average", "mean")), "names": names_of(draw, path.start, count == 1),
    }  # fmt: skip
    if number.kind not in ("rating", "percent"):
        slots["best"] = {"best": "highest", "worst": "lowest"}.get(slots["best"], slots["best"])
    question = draw.say(
        "[Which {one} has the {best} {mean} {number} among those with {bound}|"
        "Among the {many} with {bound}, which has the {best} {mean} {number}|"
        "Of all {many} that have {bound}, which has the {best} {mean} {number}|"
        "<show> the {one} with the {best} {mean} {number}, [only|counting only|considering only] those with {bound}|"
        "Which {one} with {bound} has the {best} {mean} {number} of {rows}|"
        "What is the {one} with the {best} {mean} {number} of those with {bound}]"
        if count == 1
        else "[Which {n} {many} have the {best} {mean} {number} among those with {bound}|"
        "Among the {many} with {bound}, which {n} have the {best} {mean} {number}|"
        "<show> the {n} {many} with the {best} {mean} {number}, [only|counting only] those with {bound}|"
        "Which {n} {many} with {bound} have the {best} {mean} {number}]",
        **slots,
    )
    value = f"AVG({draw.ref(path.end, number, True)})"
    if draw.chance(0.2):
        shown = [*shown, value]
        question += draw.say("[, and what is it|, with that average|? Show the {mean} too]", **slots)
    order = value + (" DESC" if down else "")
    return DrawnPair(question, select(shown, path.source_sql, group=key, having=having, order=order, limit=count))


@pattern(1.8, FAMILY)
def averages_with_enough(draw: Draw) -> DrawnPair | None:
    """The average rating of each product with at least four reviews."""
    drawn = _parents(draw)
    number = draw.numeric(drawn[0].end) if drawn else None
    if drawn is None or number is None:
        return None
    path, key, shown = drawn
    bound, having = _enough(draw, subject(draw, path.end))
    function, word = draw.choice((("AVG", "average"), ("AVG", "average"), ("AVG", "mean"), ("MAX", "highest")))
    question = draw.say(
        "[What is the {word} {number} of each {one} [with|that has] {bound}|"
        "<show> the {names} and the {word} {number} of [all |]{many} with {bound}|"
        "For each {one} with {bound}, [show|what is] the {word} {number}|"
        "<show> the {word} {number} per {one}, [but only|only] for {many} with {bound}|"
        "List {many} with {bound} and their {word} {number}|{word} {number} of {many} with {bound}]",
        word=word, number=draw.phrase(path.end, number), one=draw.noun(path.start)[0], many=draw.noun(path.start)[1],
        bound=bound, names=names_of(draw, path.start),
    )  # fmt: skip
    value = f"{function}({draw.ref(path.end, number, True)})"
    return DrawnPair(question, select([*shown, value], path.source_sql, group=key, having=having))


@pattern(2.4, FAMILY)
def only_so_many(draw: Draw) -> DrawnPair | None:
    """Which products are stocked in only one store? Which have exactly two reviews from 2014?"""
    drawn = _parents(draw)
    if drawn is None:
        return None
    path, key, shown = drawn
    limit = condition(draw, path.end, True) if draw.chance(0.35) else None
    rows = subject(draw, path.end, *([limit] if limit else []))
    number = draw.choice((1, 1, 1, 2, 2, 3, 4, 5))
    said = wording.number_word(number, draw.rng, 0.75)
    one, many = draw.noun(path.start)
    verb = path.links[0].verb if draw.chance(0.4) else ""
    slots = {
        "many": many, "names": names_of(draw, path.start), "only": draw.say("[only|only|just|exactly|precisely]"),
        "rows": f"{said} {rows.singular if number == 1 else rows.plural}", "verb": verb or "with", "one": one,
    }  # fmt: skip
    single = "Which {many} have a single {row}|" if number == 1 else ""
    question = draw.say(
        "[" + single + "Which {many} have {only} {rows}|Which {many} have {only} {rows}|"
        "<show> [the|all] {many} {verb} {only} {rows}|<show> the {names} of [all |the |]{many} {verb} {only} {rows}|"
        "What are the {names} of the {many} {verb} {only} {rows}|{many} {verb} {only} {rows}]",
        row=rows.singular, **slots,
    )  # fmt: skip
    return DrawnPair(question, select(shown, path.source_sql, rows.where, group=key, having=f"COUNT(*) = {number}"))


def _varied(draw: Draw, path: Route) -> DescribedColumn | None:
    return draw.column(path.end, CATEGORY_KINDS | {"year"}, values=3)


@pattern(2.6, FAMILY)
def different_values_of_group(draw: Draw) -> DrawnPair | None:
    """Which customers ordered in more than two different cities? Which have most different ones, or how many each?"""
    drawn = _parents(draw)
    column = _varied(draw, drawn[0]) if drawn else None
    if drawn is None or column is None:
        return None
    path, key, shown = drawn
    phrase = draw.phrase(path.end, column)
    counted = f"COUNT(DISTINCT {draw.ref(path.end, column, True)})"
    different = draw.choice(("different", "different", "distinct"))
    one, many = draw.noun(path.start)
    slots = {
        "one": one, "many": many, "names": names_of(draw, path.start), "rows": draw.noun(path.end)[1],
        "values": f"{different} {wording.plural(phrase)}", "name": names_of(draw, path.start, False),
    }  # fmt: skip
    style = draw.rng.random()
    if style < 0.5:
        operator, bound, number = count_bound(draw, f"{different} {phrase}", f"{different} {wording.plural(phrase)}")
        question = draw.say(
            "[Which {many} have {rows} [with|of|in] {bound}|<show> [the|all] {many} [with|that have] {rows} of {bound}|"
            "Which {many} have {bound} among their {rows}|What are the {names} of {many} whose {rows} have {bound}|"
            "<show> the {names} of {many} with {rows} of {bound}|For which {many} do the {rows} have {bound}]",
            bound=bound,
            **slots,
        )
        return DrawnPair(question, select(shown, path.source_sql, group=key, having=f"{counted} {operator} {number}"))
    if style < 0.75:
        question = draw.say(
            "[Which {one} has {rows} of the most {values}|Which {one} has the most {values} among its {rows}|"
            "<show> the {one} whose {rows} have the most {values}|"
            "What is the {name} of the {one} with the most {values} "
            "of {rows}|For which {one} do the {rows} have the largest number of {values}]",
            **slots,
        )
        return DrawnPair(question, select(shown, path.source_sql, group=key, order=f"{counted} DESC", limit=1))
    question = draw.say(
        "[How many {values} do the {rows} of each {one} have|"
        "<show> the {names} of the {many} and the number of {values} "
        "of their {rows}|For each {one}, how many {values} do the {rows} have|"
        "<show> the number of {values} of {rows} [per|for each] {one}|"
        "Count the {values} of the {rows} of each {one}]",
        **slots,
    )
    return DrawnPair(question, select([*shown, counted], path.source_sql, group=key))


@pattern(1.2, FAMILY)
def share_per_parent(draw: Draw) -> DrawnPair | None:
    """What percentage of each customer's orders are cancelled?"""
    drawn = _parents(draw)
    limit = condition(draw, drawn[0].end, True) if drawn else None
    if drawn is None or limit is None:
        return None
    path, key, shown = drawn
    rows = subject(draw, path.end, limit).plural
    question = draw.say(
        "[What percentage of the {all} of each {one} are {rows}|"
        "For each {one}, what percentage of the {all} are {rows}|"
        "<show> the percentage of {rows} among the {all} of each {one}|"
        "<show> the {names} of the {many} and the percentage of their {all} that are {rows}|"
        "For each {one}, [show|give|calculate] the share of {rows} among its {all}, in percent|"
        "percentage of {rows} among all {all} per {one}]",
        all=draw.noun(path.end)[1], rows=rows, one=draw.noun(path.start)[0], many=draw.noun(path.start)[1],
        names=names_of(draw, path.start),
    )  # fmt: skip
    where = limit.sql[1:-1] if limit.sql.startswith("(") and limit.sql.count("(") == 1 else limit.sql
    share = f"100.0 * SUM(CASE WHEN {where} THEN 1 ELSE 0 END) / COUNT(*)"
    return DrawnPair(question, select([*shown, share], path.source_sql, group=key))
