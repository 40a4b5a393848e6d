"""A question is read once, into one frozen value."""

import dataclasses

import pytest

from coderag_app.question.read_question import Question, read_question
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

FLEET = schema_from_ddl(
    "CREATE TABLE trams (id INT, PlateNumber TEXT, seats INT); CREATE TABLE tram_stops (id INT, name TEXT)"
)
VALUES = ValueIndex([StoredValue("tram_stops", "name", "Old Harbour"), StoredValue("trams", "PlateNumber", "KX-7")])


def read(text: str) -> Question:
    return read_question(text, FLEET, VALUES)


def test_white_space_is_folded_and_every_position_counts_in_the_folded_text():
    asked = read("  Which\ttrams\n stop at  old  harbour? ")
    assert asked.text == str(asked) == "Which trams stop at old harbour?"
    assert [word.text for word in asked.words] == ["Which", "trams", "stop", "at", "old", "harbour"]
    assert all(asked.text[word.start : word.end] == word.text for word in asked.words)
    (value,) = asked.values
    assert asked.text[value.start : value.end] == "old harbour" and value.values[0].text == "Old Harbour"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("How many trams?", [("trams", "")]),
        ("plate number of each tram", [("trams", ""), ("trams", "PlateNumber")]),
        ("Tram stops by name", [("trams", ""), ("tram_stops", ""), ("tram_stops", "name")]),
        ("How many drivers?", []),
    ],
)
def test_names_are_found_whatever_their_spelling(text, names):
    assert [(item.table, item.column) for item in read(text).names] == names


def test_quoted_texts_numbers_and_periods_are_read():
    asked = read("Trams of “Ann's Tours” and 'B 12' with over 1,500 seats since May 2021, not the driver's -3.5")
    assert [quoted.text for quoted in asked.quoted] == ["Ann's Tours", "B 12"]
    assert [number.text for number in asked.numbers] == ["12", "1500", "2021", "-3.5"]
    assert [(said.period.start, said.period.end) for said in asked.periods] == [("2021-05-01", "2021-06-01")]
    assert [word.folded for word in asked.words][-4:-1] == ["the", "driver", "3"]


def test_words_of_one_stem_are_one():
    assert [word.stem for word in read("country countries delivered Delivery").words] == [
        *["countri"] * 2, "deliv", "deliveri"
    ]  # fmt: skip


def test_a_question_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        read("How many?").text = "How few?"
