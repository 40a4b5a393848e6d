"""Stored values in a question and in a reply: which column they belong to."""

import pytest

from coderag_app.llm.compact.decode import decode_sql
from coderag_app.llm.compact.format import CompactFormat
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.llm.prompts import PromptRequest
from coderag_app.question.read_question import read_question
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl

DDL = """
CREATE TABLE author (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT);
CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT, beds INTEGER, bed_type TEXT, built DATE);
CREATE TABLE stay (id INTEGER PRIMARY KEY, room_id INTEGER REFERENCES room(id), nights INTEGER);
"""
NAMES = SchemaNames(schema_from_ddl(DDL))
VALUES = ValueIndex(
    [
        StoredValue("author", "first_name", "Ada"),
        StoredValue("author", "last_name", "Lovelace"),
        StoredValue("room", "bed_type", "King"),
        StoredValue("room", "name", "Abscond or bolster"),
    ]
)


def decoded(question: str, reply: str) -> str:
    ids = {f"{table}.{column}": item_id for (table, column), item_id in NAMES.column_ids.items()}
    for name, item_id in sorted(ids.items(), key=lambda item: -len(item[0])):
        reply = reply.replace(f"{{{name}}}", item_id)
    return decode_sql(reply, NAMES, mark_question(question, NAMES, VALUES).literals, VALUES)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{room.beds} = <v1>", "room.bed_type = 'King'"),
        ("{room.beds} != <v1>", "room.bed_type <> 'King'"),
        ("{room.built} in ( <v1> )", "room.bed_type IN ('King')"),
        ("{room.name} = <v1>", "room.bed_type = 'King'"),
        ("{room.name} != <v1>", "room.name <> 'king'"),  # text may be compared with any text
        ("{room.beds} > <v1>", "room.beds > 'king'"),
    ],
)
def test_a_value_goes_to_the_column_that_stores_it(condition, expected):
    sql = decoded("rooms with a king bed", f"select {{room.name}} where {condition}")
    assert sql.partition(" WHERE ")[2] == expected


def test_two_values_in_each_others_columns_change_places():
    sql = decoded(
        'Who is "Ada Lovelace"?', "select {author.id} where {author.first_name} = <v2> and {author.last_name} = <v1>"
    )
    assert sql.endswith("WHERE author.last_name = 'Lovelace' AND author.first_name = 'Ada'")


def test_the_table_that_stores_a_value_is_joined():
    sql = decoded("nights of king rooms", "select {stay.nights} where {stay.room_id} = <v1>")
    assert sql == "SELECT stay.nights FROM stay JOIN room ON stay.room_id = room.id WHERE room.bed_type = 'King'"


def test_a_number_stays_where_it_is():
    assert decoded("rooms with 2 beds", "select {room.name} where {room.beds} = <v1>").endswith("room.beds = 2")


def test_text_in_quotes_stays_whole_beside_a_moved_value():
    reply = "select {room.name} where {room.beds} = <v1> or {room.name} like ' abscond or ' %"
    assert decoded("king rooms", reply).endswith("room.bed_type = 'King' OR room.name LIKE 'abscond or%'")


def test_a_quoted_name_that_two_columns_store_is_two_values():
    marked = mark_question('books by "Ada Lovelace"', NAMES, VALUES)
    assert [literal.text for literal in marked.literals] == ["Ada", "Lovelace"]
    unknown = mark_question('books by "Ada Byron"', NAMES, VALUES)
    assert [literal.text for literal in unknown.literals] == ["Ada Byron"]


def test_the_prompt_knows_what_the_question_says():
    request = PromptRequest(read_question("rooms with a king bed"), NAMES.schema, values=VALUES)
    mentions = CompactFormat().build(request).mentions
    assert mentions.values == (frozenset({"king"}),)
    assert frozenset({("room", "bed_type")}) <= mentions.names[1] and ("room", "") in mentions.names[0]
