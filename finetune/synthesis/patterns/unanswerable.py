"""Questions that sound right for the database and that it cannot answer: they ask for a column or table it lacks."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import request, subject
from finetune.synthesis.patterns.unanswerable_words import absent_phrases

FAMILY = "unanswerable"

_OFF_TOPIC = (
    "What will the weather be tomorrow", "Write a poem about databases", "Tell me a joke", "Who won the world cup",
    "What is the meaning of life", "Translate hello into French", "How do I bake bread", "What is the capital of Peru",
    "Send an email to everyone", "Book a table for two", "Predict next year's numbers", "What time is it",
)  # fmt: skip


@pattern(2.0, FAMILY)
def absent_column(draw: Draw) -> DrawnPair | None:
    """The blood type of students, where no table holds blood types."""
    table = draw.table()
    columns, _ = absent_phrases(draw.lookup)
    if table is None or not columns:
        return None
    column = draw.choice(columns)
    found = condition(draw, table) if draw.chance(0.4) else None
    rows = subject(draw, table, *([found] if found else []))
    wanted = draw.say(
        "[the {columns} of [all |the |]{rows}|the {column} of each {row}|the most common {column} of {rows}|"
        "the names of {rows} sorted by {column}|the {columns} of [all |the |]{rows}|"
        "the average {column} of {rows}|the number of {rows} for each {column}]",
        column=column,
        columns=wording.plural(column),
        rows=rows.plural,
        row=rows.singular,
    )
    return DrawnPair(request(draw, wanted, wanted.startswith("the names")), "")


@pattern(1.0, FAMILY)
def absent_table(draw: Draw) -> DrawnPair | None:
    """How many volcanoes are there, where no table holds volcanoes."""
    table = draw.table()
    _, absent = absent_phrases(draw.lookup)
    if not absent or table is None:
        return None
    rows = draw.choice(absent)
    noun, many = draw.noun(table)
    question = draw.say(
        "[How many {rows} are there|<show> the names of all {rows}|Which {noun} has the most {rows}|"
        "What are the oldest {rows}|"
        "<show> the {rows} of each {noun}|Which {many} own {rows}|Count the {rows} for each {noun}]",
        rows=rows,
        noun=noun,
        many=many,
    )
    return DrawnPair(question, "")


@pattern(0.3, FAMILY)
def off_topic(draw: Draw) -> DrawnPair | None:
    """Something that no database answers."""
    return DrawnPair(draw.choice(_OFF_TOPIC), "")
