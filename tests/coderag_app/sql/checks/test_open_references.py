"""Whether a question refers to something that it does not say."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.checks.open_references import open_references
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

CLINIC = schema_from_ddl(
    "CREATE TABLE nurses (id INT PRIMARY KEY, name TEXT, age INT); CREATE TABLE wards (id INT, name TEXT, nurse_id INT)"
)


def open_ones(question: str) -> list[str]:
    context = RepairContext.of_question(read_question(question, CLINIC, ValueIndex()), CLINIC, ValueIndex())
    return list(open_references(parse_one("SELECT 1"), context))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is their average age?", "what 'their' refers to"),
        ("Give me their names", "what 'their' refers to"),
        ("Find the name and age of this nurse", "which 'this nurse' refers to"),
        ("How many such wards are there?", "which 'such wards' refers to"),
        ("What is the name of that ward?", "which 'that ward' refers to"),
    ],
)
def test_what_was_not_said_is_found(question, said):
    (text,) = open_ones(question)
    assert said in text


@pytest.mark.parametrize(
    "question",
    [
        "Which nurses are older than their colleagues?",
        "Nurses and the wards they work in",
        "The oldest nurse and the wards of that nurse",
        "Wards that nurses lead",
        "How many nurses joined this year?",
        "How many nurses are there, and what is their average age?",
        "",
    ],
)
def test_what_was_said_before_is_known(question):
    assert open_ones(question) == []
