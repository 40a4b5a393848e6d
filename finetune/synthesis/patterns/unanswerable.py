"""Questions that sound right for the database and that it cannot answer: they ask for a column or table it lacks."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.conditions import condition
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import name_words
from finetune.synthesis.patterns.registry import Candidate, pattern
from finetune.synthesis.patterns.subject import request, subject

FAMILY = "unanswerable"

_MISSING_COLUMNS = (
    "blood type", "shoe size", "favourite food", "eye colour", "carbon footprint", "horoscope sign", "Wi-Fi password",
    "insurance premium", "credit score", "passport number", "fuel consumption", "marital status", "hobby", "tax code",
    "carbon emissions", "twitter handle", "lunch order", "parking space", "voter turnout", "wind speed", "humidity",
    "calorie count", "screen resolution", "battery life", "bench press record", "allergy", "pension plan", "tyre pressure",
    "mascot", "motto", "IQ", "religion", "stock ticker", "soil type", "dress code", "barcode", "license plate",
)  # fmt: skip
_MISSING_ROWS = (
    "astronauts", "volcanoes", "helicopters", "wizards", "lighthouses", "submarines", "vineyards", "satellites", "castles",
    "earthquakes", "elections", "bakeries", "podcasts", "mushrooms", "glaciers", "lottery winners", "parking tickets",
    "ski resorts", "patents", "beehives", "fire stations", "weather stations", "crossword puzzles", "tattoos", "hurricanes",
)  # fmt: skip
_OFF_TOPIC = (
    "What will the weather be tomorrow", "Write a poem about databases", "Tell me a joke", "Who won the world cup",
    "What is the meaning of life", "Translate hello into French", "How do I bake bread", "What is the capital of Peru",
    "Send an email to everyone", "Book a table for two", "Predict next year's numbers", "What time is it",
)  # fmt: skip


def _known_words(draw: Draw) -> set[str]:
    known: set[str] = set()
    for table in draw.lookup.database.tables:
        known.update(word for pair in table.nouns for noun in pair for word in noun.lower().split())
        known.update(name_words(table.name).split())
        for column in table.columns:
            known.update(word for phrase in column.phrases for word in phrase.lower().split())
            known.update(name_words(column.name).split())
    return known


def _absent(draw: Draw, phrases: tuple[str, ...]) -> str | None:
    known = _known_words(draw)
    fitting = [phrase for phrase in phrases if not known & {w for word in phrase.lower().split() for w in (word, word.removesuffix("s"))}]
    return draw.choice(fitting) if fitting else None


@pattern(2.0, FAMILY)
def absent_column(draw: Draw) -> Candidate | None:
    """The blood type of students, where no table holds blood types."""
    table = draw.table()
    column = _absent(draw, _MISSING_COLUMNS)
    if table is None or column is None:
        return None
    found = condition(draw, table) if draw.chance(0.4) else None
    rows = subject(draw, table, *([found] if found else []))
    wanted = draw.say(
        "[the {columns} of [all |the |]{rows}|the {column} of each {row}|the most common {column} of {rows}|"
        "the names of {rows} sorted by {column}|the average {column} of {rows}|the number of {rows} for each {column}]",
        column=column,
        columns=wording.plural(column),
        rows=rows.plural,
        row=rows.singular,
    )
    return Candidate(request(draw, wanted, wanted.startswith("the names")), "")


@pattern(1.0, FAMILY)
def absent_table(draw: Draw) -> Candidate | None:
    """How many volcanoes are there, where no table holds volcanoes."""
    rows = _absent(draw, _MISSING_ROWS)
    table = draw.table()
    if rows is None or table is None:
        return None
    noun, many = draw.noun(table)
    question = draw.say(
        "[How many {rows} are there|<show> the names of all {rows}|Which {noun} has the most {rows}|What are the oldest {rows}|"
        "<show> the {rows} of each {noun}|Which {many} own {rows}|Count the {rows} for each {noun}]",
        rows=rows,
        noun=noun,
        many=many,
    )
    return Candidate(question, "")


@pattern(0.3, FAMILY)
def off_topic(draw: Draw) -> Candidate | None:
    """Something that no database answers."""
    return Candidate(draw.choice(_OFF_TOPIC), "")
