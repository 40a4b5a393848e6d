"""Labels by threshold: "call products above 100 expensive, and the rest cheap"."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import literal, quoted
from finetune.synthesis.patterns.number_conditions import threshold
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.windows import named_rows

FAMILY = "cases"

_LABELS = (("high", "low"), ("high", "low"), ("big", "small"), ("large", "small"),
           ("premium", "standard"), ("major", "minor"), ("strong", "weak"), ("A", "B"))  # fmt: skip
_SPECIAL_LABELS = {
    "older": (("old", "young"), ("senior", "junior"), ("older", "younger")),
    "more expensive": (("expensive", "cheap"), ("expensive", "affordable"), ("premium", "budget"), ("pricey", "cheap")),
    "longer": (("long", "short"),),
    "taller": (("tall", "short"),),
    "larger": (("large", "small"), ("big", "small")),
    "heavier": (("heavy", "light"),),
    "rated higher": (("good", "bad"), ("good", "poor"), ("popular", "unpopular")),
    "faster": (("fast", "slow"),),
}
_SIDES = ((">", "[over|above|more than|greater than]"), (">=", "[at least|no less than]"))
_BELOW = (("<", "[under|below|less than]"), ("<=", "[at most|no more than]"))


def _labels(draw: Draw, phrase: str) -> tuple[str, str]:
    degrees = wording.degrees_of(phrase)
    special = _SPECIAL_LABELS.get(degrees.more[0], ()) if degrees and degrees.more else ()
    return draw.choice(special if special and draw.chance(0.75) else _LABELS)


def _written(draw: Draw, labels: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels as the question writes them, quoted or not, and as the query returns them."""
    if draw.chance(0.5) or labels[0].isupper():
        if draw.chance(0.4):
            labels = tuple(label.capitalize() for label in labels)
        mark = draw.choice("'\"")
        return tuple(f"{mark}{label}{mark}" for label in labels), labels
    return labels, labels


def _bounds(draw: Draw, column: DescribedColumn) -> tuple[float | int, float | int] | None:
    low, high = sorted((threshold(draw, column), threshold(draw, column)))
    return (low, high) if low < high else None


@pattern(0.4, FAMILY)
def labelled_rows(draw: Draw) -> DrawnPair | None:
    """Label the singers as old above 40, otherwise as young."""
    table = draw.table(draw.numeric)
    number = draw.numeric(table) if table else None
    names = named_rows(draw, table, (number.name,)) if table and number else ()
    if table is None or number is None or not names:
        return None
    phrase, bound = draw.phrase(table, number), threshold(draw, number)
    first, second = _labels(draw, phrase)
    (one, two), (first, second) = _written(draw, (first, second))
    (operator, words) = draw.choice(_SIDES)
    if draw.chance(0.25):
        operator, words = draw.choice(_BELOW)
        one, two, first, second = two, one, second, first
    row, rows = draw.noun(table)
    question = draw.say(
        f"[Label each {{row}} as {{one}} if {{its}} {{number}} is {words} {{bound}}, otherwise as {{two}}|"
        f"[Label|Mark|Tag] [the |]{{rows}} with {{number}} {words} {{bound}} as {{one}} and all others as {{two}}|"
        f"[Classify|Categorize] [the|all|] {{rows}} as {{one}} ({{number}} {words} {{bound}}) or {{two}}|"
        f"<show> the {{names}} of each {{row}} and {{one}} if the {{number}} is {words} {{bound}}, else {{two}}|"
        f"For each {{row}}, [show|list|give] the {{names}} and whether the {{row}} is {{one}} ({{number}} {words} "
        f"{{bound}}) or "
        f"{{two}}|<show> [all|the] {{rows}} with a label: {{one}} if the {{number}} is {words} {{bound}}, {{two}} if "
        f"not|Call {{rows}} with {{number}} {words} {{bound}} {{one}} and [all others|the rest|the others] "
        f"{{two}}|<show> the {{names}} of [all|the] {{rows}}, marking those with {{number}} {words} {{bound}} "
        f"as {{one}} and the others as {{two}}]",
        names=wording.join_words([draw.phrase(table, c) for c in names], draw.rng),
        its="their" if draw.lookup.is_person(table) else "its",
        row=row,
        rows=rows,
        number=phrase,
        bound=literal(bound),
        one=one,
        two=two,
    )
    test = f"{draw.ref(table, number)} {operator} {literal(bound)}"
    case = f"CASE WHEN {test} THEN {literal(first)} ELSE {literal(second)} END"
    return DrawnPair(question, select([*(draw.ref(table, c) for c in names), case], quoted(table.name)))


@pattern(0.25, FAMILY)
def labelled_in_three(draw: Draw) -> DrawnPair | None:
    """Label the singers as low below 20, high above 50 and medium in between; or count each label."""
    table = draw.table(draw.numeric)
    number = draw.numeric(table) if table else None
    names = named_rows(draw, table, (number.name,)) if table and number else ()
    bounds = _bounds(draw, number) if number else None
    if table is None or number is None or bounds is None or not names:
        return None
    phrase = draw.phrase(table, number)
    upper, lower = draw.choice((("high", "low"), ("high", "low"), ("large", "small"), ("top", "bottom")))
    middle = draw.choice(("medium", "medium", "average", "middle", "normal"))
    (low, mid, high), labels = _written(draw, (lower, middle, upper))
    counted = draw.chance(0.35)
    ranges = (
        "[{low} [below|under] {a}, {high} [above|over] {b} and {mid} otherwise|"
        "{low} for less than {a}, {high} for more than {b}, and {mid} [in between|for the rest]|"
        "{low} (under {a}), {mid} and {high} (over {b})]"
    )
    question = draw.say(
        f"[Count [the|all] {{rows}} by {{number}} group: {ranges}|Group [the|"
        f"all] {{rows}} by {{number}} into {ranges}, "
        f"and [count each group|count them]|How many {{rows}} are there in each {{number}} class: {ranges}|"
        f"<show> the <count> of {{rows}} [per|for each] {{number}} level, which is {ranges}|"
        f"How many {{rows}} fall into each {{number}} band, where the bands are {ranges}|"
        f"<show> how many {{rows}} have which {{number}} level: {ranges}]"
        if counted
        else f"[Label [the|all|] {{rows}} by {{number}} as {ranges}|[Classify|Categorize] [the|all|"
        f"] {{rows}} by {{number}} "
        f"as {ranges}|<show> the {{names}} of each {{row}} and a label for the {{number}}: {ranges}|"
        f"For each {{row}}, [show|give] the {{names}} and whether the {{number}} is {ranges}|"
        f"<show> [all|the] {{rows}} with the level of their {{number}}: {ranges}|"
        f"Sort the {{rows}} into classes by {{number}}: {ranges}]",
        names=wording.join_words([draw.phrase(table, c) for c in names], draw.rng),
        row=draw.noun(table)[0],
        rows=draw.noun(table)[1],
        number=phrase,
        a=literal(bounds[0]),
        b=literal(bounds[1]),
        low=low,
        mid=mid,
        high=high,
    )
    ref, (small, medium, great) = draw.ref(table, number), map(literal, labels)
    case = (
        f"CASE WHEN {ref} < {literal(bounds[0])} THEN {small} WHEN {ref} > {literal(bounds[1])} THEN {great} "
        f"ELSE {medium} END"
    )
    if counted:
        return DrawnPair(question, select([case, "count(*)"], quoted(table.name), group=case))
    return DrawnPair(question, select([*(draw.ref(table, c) for c in names), case], quoted(table.name)))
