"""No function word is a value: neither in a model's SQL nor among the marks of the bundled model."""

import pytest

from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.read_question import read_question
from coderag_app.schema.tables import Column, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.word_values import word_as_value

SCHEMA = Schema((Table("painting", (Column("title", "TEXT"), Column("artist", "TEXT"), Column("year", "INT"))),))
VALUES = ValueIndex([StoredValue("painting", "title", "Before"), StoredValue("painting", "artist", "Ada Moss")])


def refused(question: str, condition: str) -> bool:
    tree = parse_one(f"SELECT title FROM painting WHERE {condition}", dialect="sqlite")
    said = word_as_value(tree, read_question(question, SCHEMA, VALUES), VALUES, "sqlite")
    assert not said or "is no value" in said
    return bool(said)


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("For each of them, also show the year", "artist = 'For'"),
        ("How about the oldest?", "artist = 'How'"),
        ("Paintings of 1900, What about the others?", "title = 'What'"),
        ("Which of these are by women?", "artist IN ('these', 'Ada Moss')"),
        ("Show the artists. Also their paintings.", "title LIKE '%Also%'"),
        ("List titles", "title <> 'list'"),
        ("among those, who painted in oil?", "artist = 'among'"),
    ],
)
def test_a_word_that_only_carries_the_sentence_is_refused(question, condition):
    assert refused(question, condition)


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("Is Before a painting?", "title = 'Before'"),  # stored
        ("Paintings called 'Which'", "title = 'Which'"),  # quoted
        ("Paintings of the artist And", "artist = 'And'"),  # a capital inside the sentence
        ("Paintings by Zorn", "artist = 'Zorn'"),
        ("For France", "artist = 'France'"),
        ("Paintings called Show", "title = 'Show'"),
        ("the oldest", "title LIKE '%a%'"),  # not said at all
    ],
)
def test_stored_quoted_and_capital_words_are_values(question, condition):
    assert not refused(question, condition)


@pytest.mark.parametrize(
    ("question", "marked"),
    [
        ("Paintings of Zorn, For each show the year", ["Zorn"]),
        ("paintings by year, How about For Monet", ["Monet"]),
        ("Which Artists are older, Please", ["Artists"]),
    ],
)
def test_the_bundled_model_gets_no_mark_for_them(question, marked):
    made = mark_question(question, SchemaNames(SCHEMA), VALUES)
    assert [literal.text for literal in made.literals] == marked
