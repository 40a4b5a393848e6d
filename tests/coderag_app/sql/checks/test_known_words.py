"""What a database knows of a question's words."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.checks import coverage, dropped_names, not_held, question_of_the_world
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

FARM = schema_from_ddl(
    "CREATE TABLE fields (id INT, name TEXT, soil TEXT, hectares REAL);"
    "CREATE TABLE harvests (field_id INT, crop TEXT, harvested_on DATE, tonnes REAL, buyer_email TEXT)"
)
VALUES = ValueIndex(
    [
        *(StoredValue("harvests", "crop", text) for text in ("Barley", "Winter Wheat")),
        StoredValue("fields", "name", "France"),
        StoredValue("harvests", "buyer_email", "ola@mill.example"),
    ]
)


def context(question: str) -> RepairContext:
    return RepairContext.of_question(read_question(question, FARM, VALUES), FARM, VALUES)


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("What's the weather tomorrow?", "weather"),
        ("Who is the president of France?", "president"),
        ("What is the meaning of life?", "meaning, life"),
        ("Which employees are the oldest?", "employees"),
        ("How do I cook pasta?", "cook, pasta"),
    ],
)
def test_a_question_of_the_world_is_told_by_what_it_asks_for(question, unknown):
    assert question_of_the_world(context(question)) == unknown


@pytest.mark.parametrize(
    "question",
    [
        "How many fields are there?",
        "Which crop has the highest average yield in tonnes?",
        "What is the total harvest of winter wheat in 2023?",
        "Who is the buyer of barley?",
        "What is the largest field?",
        "What is the largest area?",
        "Show all rows",
        "All the orders",
        "Who sells barley?",
        "What were the most recent harvests?",
        "How many feilds grow barley?",
        "What is Kyle's email?",
        "List everything of 2023",
    ],
)
def test_a_question_of_the_data_is_none(question):
    assert question_of_the_world(context(question)) == ""


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Tonnes of Barly", "There is no 'Barly' in the database; did you mean 'Barley'?"),
        ("Harvests bought by ole@mil.example",
         "There is no 'ole@mil.example' in the database; did you mean 'ola@mill.example'?"),
        ("Harvests of 'blue corn'", "There is no 'blue corn' in the database."),
        ("Tonnes of Barley", ""),  # stored: a doubt, as the query may still be right
        ("Big harvests", ""),
        ("Ripe harvests of 2022", ""),
    ],
)  # fmt: skip
def test_a_name_that_is_stored_nowhere_is_not_dropped(question, sentence):
    asked = context(question)
    unused = coverage(parse_one("SELECT tonnes FROM harvests"), asked).unused
    assert dropped_names(unused, asked) == sentence


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        (
            "Which fields pay taxes on diamonds?",
            "SELECT name FROM fields",
            "This database holds nothing on 'taxes', 'diamonds'.",
        ),
        (
            "How many pianists does each field have?",
            "SELECT name, COUNT(*) FROM fields GROUP BY name",
            "This database holds nothing on 'pianists'.",
        ),
        ("How many fields have sandy soil?", "SELECT COUNT(*) FROM fields WHERE soil = 'sandy'", ""),
        ("Which harvests were insured?", "SELECT crop FROM harvests", ""),  # one word is a doubt
        ("Total tonnes of barley per field", "SELECT field_id, SUM(tonnes) FROM harvests GROUP BY 1", ""),
    ],
)
def test_a_query_that_leaves_out_what_the_database_does_not_know(question, sql, said):
    asked = context(question)
    assert not_held(coverage(parse_one(sql), asked).unused, asked) == said
