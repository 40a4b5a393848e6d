"""Misspelt words are read as the one known word that they are nearest to, and no other word is."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.question.typos import misspelt_words, spelled_right
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

ZOO = schema_from_ddl(
    "CREATE TABLE enclosures (id INT, name TEXT, climate TEXT);"
    "CREATE TABLE animals (id INT, species TEXT, weight REAL, keeper TEXT, enclosure_id INT, quantity INT)"
)
VALUES = ValueIndex(
    [
        *(StoredValue("animals", "species", text) for text in ("Chimpanzee", "Red Panda", "Alpaca")),
        *(StoredValue("enclosures", "climate", text) for text in ("tropical", "subtropical", "arctic")),
        *(StoredValue("animals", "keeper", text) for text in ("Marlin", "Merlin")),
    ]
)


def read(text):
    question = read_question(text, ZOO, VALUES)
    return spelled_right(question, misspelt_words(question, ZOO, VALUES))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("avarage wieght of anmials", "average weight of animals"),
        ("How many chimpanze are there?", "How many chimpanzee are there?"),
        ("How many chimpanzes are there?", "How many chimpanzees are there?"),
        ("enclosrues with a tropcial climate", "enclosures with a tropical climate"),
        ("maximun weight per spiecies", "maximum weight per species"),
        ("totl weight", "total weight"),
        ("animals orderd by descendng weight", "animals ordered by descending weight"),
    ],
)
def test_a_slip_is_read_as_the_known_word(asked, meant):
    assert read(asked) == meant


@pytest.mark.parametrize(
    "asked",
    [
        "How many animals have a keeper in the tropics?",  # English
        "weight of the murlin",  # two keepers are as near
        "How many animals does Alpacca weigh?",  # a name of its own is asked back, not changed
        "animals of 'chimpanze'",  # quoted
        "qty per species",  # an abbreviation
        "animals of keeper alpacca@zoo.example",
        "weighed animals and weighings",  # other forms of a name
        "show the gnus",
    ],
)
def test_other_words_stay(asked):
    assert read(asked) == asked
