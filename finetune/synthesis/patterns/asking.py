"""Ways to ask which rows do something, or how many: "Which staff are retired?", "Who wants the newsletter?"."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis import wording
from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import quoted
from finetune.synthesis.patterns.registry import DrawnPair
from finetune.synthesis.patterns.subject import Condition, column_phrases


@dataclass(frozen=True, slots=True)
class Doing:
    """A restriction said by a verb: "want the newsletter", and of one row "wants the newsletter"."""

    sql: str
    many: str
    one: str


def doing(found: Condition) -> Doing | None:
    """The restriction as a verb phrase, where its words have one."""
    after = found.after
    for opening in ("that ", "who ", "which "):
        if after.startswith((f"{opening}<are> ", f"{opening}<have> ", f"{opening}<do> ", f"{opening}<were> ")):
            return _agreed(found.sql, after.removeprefix(opening))
    for opening in ("with ", "having "):
        if after.startswith(opening):
            return _agreed(found.sql, f"<have> {after.removeprefix(opening)}")
    return None


def _agreed(sql: str, words: str) -> Doing:
    many, one = words, words
    for token, several, single in (
        ("<are>", "are", "is"), ("<have>", "have", "has"), ("<do>", "do", "does"), ("<were>", "were", "was"),
        ("<their>", "their", "its"), ("<cost>", "cost", "costs"),
    ):  # fmt: skip
        many, one = many.replace(token, several), one.replace(token, single)
    return Doing(sql, many, one)


def names_of(draw: Draw, table: DescribedTable, many: bool = True) -> str:
    """What the rows are called: "names", "first and last names", "title"."""
    phrases = column_phrases(draw, table, draw.naming(table)) or ["name"]
    return wording.join_words([wording.plural(p) for p in phrases] if many else phrases, draw.rng)


def name_refs(draw: Draw, table: DescribedTable, alias: str = "") -> list[str]:
    """The columns that name the rows, in SQL, after an alias where there is one; both names of a person."""
    return [f"{alias}.{draw.ref(table, c)}" if alias else draw.ref(table, c) for c in draw.naming(table)]


def that(draw: Draw, table: DescribedTable) -> str:
    """The relative pronoun for the rows."""
    return draw.choice(("who", "who", "that")) if draw.lookup.is_person(table) else "that"


def ask_which(draw: Draw, table: DescribedTable, does: Doing, rows: str = "") -> str:
    """Ask for the rows that do something; ``rows`` says them, if not their noun alone."""
    if not rows and draw.lookup.is_person(table) and draw.chance(0.25):
        return draw.say("Who {does}", does=does.one)
    return draw.say(
        "[Which {rows} {does}|Which {rows} {does}|Which of the {rows} {does}|What {rows} {does}|"
        "<show> [the|all|all the|] {rows} {that} {does}|<show> the {names} of [all|the|all the|] {rows} {that} {does}|"
        "[Which are the|Give me a list of all|I need the] {rows} {that} {does}|"
        "What are the {names} of [the|all|] {rows} {that} {does}|{rows} {that} {does}]",
        rows=rows or draw.noun(table)[1],
        does=does.many,
        that=that(draw, table),
        names=names_of(draw, table),
    )


def ask_how_many(draw: Draw, table: DescribedTable, does: Doing, rows: str = "") -> str:
    """Ask for the number of rows that do something."""
    return draw.say(
        "[How many {rows} {does}|How many {rows} {does}|How many {rows} {does}|How many of [the|our] {rows} {does}|"
        "What is the <count> of {rows} {that} {does}|Count [the|all|] {rows} {that} {does}|"
        "<show> the <count> of {rows} {that} {does}|How many {rows} are there {that} {does}|"
        "<count> of {rows} {that} {does}]",
        rows=rows or draw.noun(table)[1],
        does=does.many,
        that=that(draw, table),
    )


def rows_or_count(draw: Draw, table: DescribedTable, does: Doing, count_share: float = 0.3) -> DrawnPair | None:
    """A candidate for the names of the rows, or for how many they are."""
    if draw.chance(count_share):
        return DrawnPair(ask_how_many(draw, table, does), select("COUNT(*)", quoted(table.name), does.sql))
    if not draw.naming(table):
        return None
    return DrawnPair(ask_which(draw, table, does), select(name_refs(draw, table), quoted(table.name), does.sql))
