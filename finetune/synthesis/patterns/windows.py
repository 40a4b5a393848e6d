"""Ranks, running totals, and the group's average or share beside every row: window functions."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedColumn, DescribedTable
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import subject

FAMILY = "windows"

_NEVER_SUMMED = frozenset(
    "age height elevation altitude depth temperature rank level latitude longitude floor number position order score "
    "wage minute bpm hourly rating year stars grade speed ratio radius percentage width weight length average".split()
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows of a table by name, with a number and perhaps a category."""

    table: DescribedTable
    names: tuple[DescribedColumn, ...]
    number: DescribedColumn
    category: DescribedColumn | None = None


def summable(column: DescribedColumn) -> bool:
    """Whether a total of the column means something: attendances do, ages do not."""
    return column.kind in ("int", "money") and column.phrases[0].split()[-1] not in _NEVER_SUMMED


def named_rows(draw: Draw, table: DescribedTable, besides: tuple[str, ...] = ()) -> tuple[DescribedColumn, ...]:
    """The columns that name the table's rows: its identity, or else its key; empty where they are taken or missing."""
    names = draw.identity(table) or tuple(c for c in table.columns if c.name == draw.lookup.keys.get(table.name))
    return () if any(c.name in besides for c in names) else names


def measured_rows(draw: Draw, grouped: bool = False, summed: bool = False) -> Measured | None:
    """A table with a number; with ``grouped`` also a category, with ``summed`` a number whose total means something."""

    def fits(column: DescribedColumn | None) -> bool:
        return column is not None and (not summed or summable(column))

    table = draw.table(lambda t: draw.numeric(t) and (not grouped or draw.category(t)))
    number = draw.numeric(table) if table else None
    if table is None or number is None or not fits(number):
        return None
    category = draw.category(table, (number.name,)) if grouped else None
    taken = (number.name, category.name) if category else (number.name,)
    names = named_rows(draw, table, taken)
    if (grouped and category is None) or not names:
        return None
    return Measured(table, names, number, category)


def slots_of(draw: Draw, found: Measured) -> dict[str, str]:
    """The words for the rows and their columns."""
    one, many = draw.noun(found.table)
    slots = {
        "row": one,
        "rows": many,
        "names": wording.join_words([draw.phrase(found.table, c) for c in found.names], draw.rng),
        "number": draw.phrase(found.table, found.number),
        "its": "their" if draw.lookup.is_person(found.table) else "its",
    }
    if found.category:
        slots["category"] = draw.phrase(found.table, found.category)
    return slots


def _order(draw: Draw, phrase: str) -> tuple[str, str]:
    """Words for the direction of a ranking, and its SQL; without words the highest comes first."""
    if draw.chance(0.4):
        return "", " DESC"
    down = draw.chance(0.7)
    degrees = wording.degrees_of(phrase)
    if degrees and draw.chance(0.5):
        most, least = draw.choice(degrees.most), draw.choice(degrees.least)
        first, last = (most, least) if down else (least, most)
        return draw.choice((f" from {first} to {last}", f", {first} first")), " DESC" if down else ""
    template = (
        "[ from highest to lowest|, highest first|, with the highest at the top|, 1 being the highest|"
        " in descending order]"
        if down
        else "[ from lowest to highest|, lowest first|, with the lowest at the top|, 1 being the lowest|"
        " in ascending order]"
    )
    return draw.say(template), " DESC" if down else ""


def _ranked(draw: Draw, found: Measured, templates: tuple[str, str], function: str = "RANK()") -> DrawnPair:
    """A ranking with the number (first template) or, where the words list the columns, without it (second)."""
    table, slots = found.table, slots_of(draw, found)
    how, direction = _order(draw, slots["number"])
    full = draw.chance(0.65)
    taken = [c.name for c in (found.number, found.category) if c]
    limit = condition(draw, table, besides=taken) if draw.chance(0.15) else None
    rows = subject(draw, table, *([limit] if limit else []))
    slots |= {"rows": rows.plural, "row": rows.singular} if limit else {}
    question = draw.say(templates[0] if full else templates[1], how=how, **slots)
    number = draw.ref(table, found.number)
    partition = f"PARTITION BY {draw.ref(table, found.category)} " if found.category else ""
    shown = [draw.ref(table, c) for c in (*found.names, *([found.category] if found.category else []))]
    shown += [number] if full else []
    return DrawnPair(
        question,
        select([*shown, f"{function} OVER ({partition}ORDER BY {number}{direction})"], quoted(table.name), rows.where),
    )


@pattern(0.5, FAMILY)
def rank_overall(draw: Draw) -> DrawnPair | None:
    """Rank the singers by age: the name, the age and the rank."""
    found = measured_rows(draw)
    if found is None:
        return None
    dense = draw.chance(0.15)
    extra = draw.choice((" without gaps", " (dense rank)", ", with no gaps after ties")) if dense else ""
    full = (
        "[Rank [the|all|all the|] {rows} by {number}{how}|<show> {rows} with their {number} and rank[ by {number}|"
        "]{how}|"
        "Rank [the|all] {rows} by their {number}{how}|<show> the {names}, {number} and rank [of|for] each {row} by "
        "{number}{how}|Give [each|every] {row} a rank by {number}{how}|Create a ranking of [the|all] {rows} by {number}"
        "{how}|[Which|What] rank does each {row} have by {number}{how}|Assign a rank to [each|every] {row} based on "
        "{number}{how}|{rows} ranked by {number}{how}, with the rank[ number|]]"
    )
    listed = (
        "[<show> the {names} of each {row} [and|with|together with] [{its}|the] rank by {number}{how}|"
        "What is the rank of each {row} by {number}{how}? Show only the {names} and the rank.|"
        "<show> the {names} and the {number} rank of [all|the|] {rows}{how}|"
        "<show> just the {names} and rank of [all|the|] {rows} by {number}{how}|"
        "For [each|every] {row}, [show|give|list] the {names} and the rank by {number}{how}|"
        "<show> the {names} of [all|the|] {rows} and where each of them ranks by {number}{how}]"
    )
    found_templates = (full.replace("{how}", extra + "{how}"), listed.replace("{how}", extra + "{how}"))
    return _ranked(draw, found, found_templates, "DENSE_RANK()" if dense else "RANK()")


@pattern(0.5, FAMILY)
def rank_within_category(draw: Draw) -> DrawnPair | None:
    """Rank the singers of each country by age: name, country, age and rank."""
    found = measured_rows(draw, grouped=True)
    if found is None:
        return None
    within = "[within|in|within|inside] [each|each|every|their] {category}"
    full = (
        f"[Rank [the|all|] {{rows}} by {{number}} {within}{{how}}|"
        f"{{within_first}}, rank the {{rows}} by {{number}}{{how}}|"
        "<show> {rows} with {category}, {number} and their rank by {number} within the {category}{how}|"
        f"Give each {{row}} a rank by {{number}} {within}{{how}}|"
        f"<show> the {{names}}, {{category}}, {{number}} and rank of each {{row}} {within} by {{number}}{{how}}|"
        "How do the {rows} rank by {number} [within|in] each {category}{how}|"
        "Create a separate ranking of {rows} by {number} for each {category}{how}]"
    ).replace("{within_first}", "[For each {category}|For every {category}|Per {category}|Within each {category}]")
    listed = (
        "[<show> the {names} and {category} of each {row} and {its} rank by {number} within the {category}{how}|"
        "For each {row}, [show|give|list] the {names}, the {category} and the rank by {number} in that {category}{how}|"
        "<show> the {names}, {category} and {number} rank per {category} of [all|the] {rows}{how}|"
        "List [all|the|] {rows} with {names}, {category} and rank within the {category} by {number}{how}|"
        "What are the {names}, the {category} and the rank by {number} inside the {category} of each {row}{how}|"
        "<show> only the {names}, {category} and the rank in the {category} by {number} for [all|the] {rows}{how}]"
    )
    return _ranked(draw, found, (full, listed))


@pattern(0.25, FAMILY)
def numbered_rows(draw: Draw) -> DrawnPair | None:
    """Number the singers by age, from oldest to youngest."""
    grouped = draw.chance(0.4)
    found = measured_rows(draw, grouped)
    if found is None:
        return None
    within = "[ within each {category}| per {category}| for each {category}| separately for every {category}]"
    where = within if grouped else ""
    full = (
        f"[Number [the|all|all the] {{rows}}{where} by {{number}}{{how}}|"
        f"Assign a row number to each {{row}}{where} [by|ordered by] {{number}}{{how}}|"
        f"Give [all|the] {{rows}} consecutive numbers{where} by {{number}}{{how}}|"
        f"<show> [all|the|] {{rows}} numbered{where} by {{number}}{{how}}|"
        f"<show> a numbered list of {{rows}}{where} by {{number}}{{how}}|"
        f"Add a sequence number to each {{row}}{where} by {{number}}{{how}}]"
    )
    category = ", {category}" if grouped else ""
    listed = (
        f"[<show> the {{names}}{category} and row number of each {{row}}{where}, ordered by {{number}}{{how}}|"
        f"<show> [just|only] the {{names}}{category} and [the|a] row number [of|for] [all|the] {{rows}}{where} by "
        f"{{number}}{{how}}|For each {{row}}, [show|give] the {{names}}{category} and [the|a] row number{where} by "
        f"{{number}}{{how}}|<show> {{names}}{category} and position of each {{row}} in the list{where} by {{number}}"
        f"{{how}}|Number the {{rows}}{where} by {{number}}{{how}}, and show only the {{names}}{category} and the "
        f"number|"
        f"List the {{names}}{category} of the {{rows}} with a running number{where} by {{number}}{{how}}]"
    )
    return _ranked(draw, found, (full, listed), "ROW_NUMBER()")


@pattern(0.4, FAMILY)
def aggregate_beside_rows(draw: Draw) -> DrawnPair | None:
    """Each singer's name and age next to the average age of the singer's country."""
    found = measured_rows(draw, grouped=True)
    if found is None or found.category is None:
        return None
    functions = ("avg", "avg", "max", "min", *(("sum", "sum") if summable(found.number) else ()))
    function, table = draw.choice(functions), found.table
    overall = draw.chance(0.25)
    word = aggregate_words(draw, function, found.number).removesuffix(" of the")
    whole = (
        "[the overall {word} {number}|the {word} {number} of all {rows}|the {word} {number} across all {rows}]"
        if overall
        else "[the {word} {number} of {its} {category}|the {word} {number} for {its} {category}|"
        "the {word} {number} in the "
        "same {category}|the {word} {number} of all {rows} with the same {category}|{its} {category}'s {word} {number}]"
    )
    question = draw.say(
        f"[<show> each {{row}}'s {{names}} and {{number}} [next to|beside|alongside|along with|together with] {whole}|"
        f"For each {{row}}, [show|list|give] the {{names}}, the {{number}} and {whole}|"
        f"<show> the {{names}} and {{number}} of each {{row}} [as well as|and|with|and also] {whole}|"
        f"Compare the {{number}} of each {{row}} with {whole}|"
        f"List [all|the|] {{rows}} with {{names}}, {{number}} and {whole}|"
        f"What are the {{names}} and {{number}} of each {{row}}, and what is {whole}|"
        f"Put {whole} next to the {{names}} and {{number}} of every {{row}}]",
        word=word,
        **slots_of(draw, found),
    )
    number, category = draw.ref(table, found.number), draw.ref(table, found.category)
    over = "" if overall else f"PARTITION BY {category}"
    names = [draw.ref(table, c) for c in found.names]
    return DrawnPair(
        question, select([*names, number, f"{function.upper()}({number}) OVER ({over})"], quoted(table.name))
    )
