"""What is no question of the data gets words, not a query."""

import pytest

from coderag_app import load_query_engine
from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.chat.requests import reply_to_other_language, reply_to_request
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.types import AnswerStatus, SQLAnswer

SCHEMA = schema_from_ddl("CREATE TABLE rooms (id INT, floor INT); CREATE TABLE guests (id INT, name TEXT)")
BEFORE = SQLAnswer("guests", "SELECT name FROM guests", AnswerStatus.ANSWERED, executed=True)


@pytest.mark.parametrize(
    "question",
    [
        "Delete all guests from Spain",
        "please delete room 12",
        "Could you erase the bookings of 2020?",
        "Update the price of the suite to 300",
        "DELETE FROM guests",
        "Insert a guest called Ann",
        "truncate guests",
        "Drop the table rooms",
        "Alter the guests table",
        "Create a table for payments",
        "Set the floor of room 3 to 4.",
        "Change Ann's name to Anna",
        "Raise all prices by 10%",
        "Mark booking 7 as paid",
        "Remove every cancelled booking",
        "Add a new guest Bob to guests",
        "Grant everything to Bob",
    ],
)
def test_a_command_to_change_data_is_told_that_nothing_was_changed(question):
    assert "I only read this database: nothing was changed" in reply_to_request(question, SCHEMA)


@pytest.mark.parametrize(
    "question",
    [
        "How many bookings were deleted?",
        "Which guests were updated last?",
        "Show the latest update per room",
        "Change in bookings from 2021 to 2022",
        "Increase in guests by country",
        "Set of rooms by floor",
        "Delete rate by month",
        "update dates of all rooms",
        "Cancelled bookings in May",
        "Drops per room",
        "ok hotels in Rome",
        "Who thanks whom?",
        "help desk tickets by month",
        "explain costs by room",
        "List the inserts of each guest",
    ],
)
def test_a_question_about_changes_is_a_question(question):
    assert reply_to_request(question, SCHEMA) == ""


def test_after_an_answer_removing_and_adding_speak_of_it():
    for question in ("remove the city", "drop the floor", "add a column for the country to it", "replace name with id"):
        assert reply_to_request(question, SCHEMA, BEFORE) == ""
    assert "nothing was changed" in reply_to_request("delete these guests", SCHEMA, BEFORE)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Thanks!", "You're welcome"),
        ("ok, thank you very much", "You're welcome"),
        ("Hello", "The tables are: rooms, guests."),
        ("Good morning!", "The tables are: rooms, guests."),
        ("What can I ask?", "how many rooms there are"),
        ("What data do you have?", "rooms, guests"),
        ("What is in this database?", "rooms, guests"),
        ("help", "rooms, guests"),
        ("great", "Noted"),
        ("bye", "Goodbye"),
        ("explain that", "no answer yet"),
    ],
)
def test_small_talk_gets_a_reply(said, words):
    assert words in reply_to_request(said, SCHEMA)


def test_explain_that_explains_the_last_query():
    assert reply_to_request("Explain that.", SCHEMA, BEFORE) == "Shows name from guests."


def test_the_engine_replies_without_a_query(tmp_path, monkeypatch):
    engine = load_query_engine(database=DEMO_DATABASE, verified_dir=tmp_path)
    monkeypatch.setattr(engine.database, "execute", lambda sql: pytest.fail("a query ran"))
    answer = engine.ask("Delete all customers from France")
    assert answer.is_reply and answer.status is AnswerStatus.ABSTAINED and answer.rows == ()
    assert "nothing was changed" in answer.error
    talk = engine.conversation()
    assert talk.ask("thanks").is_reply and len(talk.turns) == 1


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wie viele Gäste gibt es pro Stadt?", "German"),
        ("Zeige alle Zimmer mit Preis", "German"),
        ("Combien de chambres sont dans chaque hôtel ?", "French"),
        ("¿Cuántos clientes hay en cada ciudad?", "Spanish"),
        ("Quanti ospiti ci sono per ogni hotel?", "Italian"),
        ("Quantos quartos há em cada hotel?", "Portuguese"),
        ("Hoeveel gasten zijn er per stad?", "Dutch"),
    ],
)
def test_a_model_that_reads_english_alone_says_so_to_another_language(question, language):
    assert f"a model that reads {language}" in reply_to_other_language(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many guests are there per city?",
        "Guests in Las Palmas de Gran Canaria",
        "Average price by hotel in Den Haag",
        "List the rooms of 'Le Meurice' and 'La Perla del Sur'",
        "rooms",
        "Total revenue per hotel per month",
    ],
)
def test_english_is_not_taken_for_another_language(question):
    assert reply_to_other_language(question) == ""
