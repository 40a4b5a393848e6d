"""What is no question of the data gets words, not a query."""

import sqlite3

import pytest

from coderag_app import load_query_engine
from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.chat.change_requests import query_for_rows, question_for_rows
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
    ("command", "asked"),
    [
        ("Could you please remove the closed stores?", "Show the closed stores"),
        ("Set the floor of room 3 to 4.", "Show the floor of room 3"),
        ("Mark every late booking as paid", "Show all late booking"),
        ("Halve the rents", "Show the rents"),
        ("Insert a guest called Ann", ""),
        ("Grant everything to Bob", ""),
    ],
)
def test_a_command_is_a_question_for_the_rows_that_it_means(command, asked):
    assert question_for_rows(command) == asked


@pytest.mark.parametrize(
    ("statement", "query"),
    [
        ("delete from rooms where floor > 2;", "SELECT * FROM rooms WHERE floor > 2"),
        ("UPDATE guests SET name = 'x' WHERE id = 4", "SELECT * FROM guests WHERE id = 4"),
        ("update rooms set floor = 1", "SELECT * FROM rooms"),
        ("DELETE FROM rooms WHERE floor > 2; DROP TABLE rooms", ""),
        ("DELETE FROM rooms WHERE (", ""),
        ("delete the rooms", ""),
    ],
)
def test_a_statement_is_a_query_for_the_rows_that_it_would_change(statement, query):
    assert query_for_rows(statement, "sqlite") == query


@pytest.fixture(scope="module")
def cinema(tmp_path_factory):
    path = tmp_path_factory.mktemp("cinema") / "cinema.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT, genre TEXT, runtime INTEGER, restored INTEGER);"
            "INSERT INTO films VALUES (1, 'Tide', 'drama', 90, 0), (2, 'Moth', 'comedy', 80, 1),"
            "(3, 'Fern', 'drama', 110, 1), (4, 'Slate', 'comedy', 95, 0);"
        )
    engine = load_query_engine(database=path, llm="bundled", profiles_dir=path.parent / "profiles")
    yield engine
    engine.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ids"),
    [
        ("delete all films whose genre is drama", {1, 3}),
        ("Update the runtime of Moth to 85", {2}),
        ("DELETE FROM films WHERE runtime < 92", {1, 2}),
    ],
)
def test_a_command_is_refused_with_the_query_for_its_rows(cinema, command, ids):
    answer = cinema.ask(command)
    assert (answer.status, answer.rows, answer.offers_sql, answer.is_reply) == ("abstained", (), True, False)
    assert "I only read this database: nothing was changed. This query shows the rows" in answer.error
    assert {row[0] for row in cinema.run_sql(answer.sql).rows} == ids


@pytest.mark.slow
@pytest.mark.parametrize("command", ["delete everything", "delete the violet films", "drop table films"])
def test_a_command_whose_rows_are_not_clear_is_refused_without_a_query(cinema, command):
    answer = cinema.ask(command)
    assert (answer.status, answer.sql, answer.is_reply) == ("abstained", "", True)
    assert "nothing was changed" in answer.error


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
    answer = engine.ask("Insert a customer called Ann")
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
